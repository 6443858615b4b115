# Two commands do everything: `make demo` and `make test`. `make help` lists the rest.

.PHONY: help demo test parity bench scaling gpu-programs gpu-check dns-180 experiment notebooks man memcheck deny release fmt lint doc \
	cpu-setup setup libtorch python torch-python

# A recent CMake from PyPI comes first where the machine's is too old for HDF5's static build.
export PATH := $(CURDIR)/.tools/bin:$(PATH)
# Documentation tests are linked in a folder of their own, from where the programs' relative path does not lead to libtorch.
test: export LD_LIBRARY_PATH := $(CURDIR)/.libtorch/lib:$(LD_LIBRARY_PATH)
# Tests start other programs while they write HDF5 files; a child that inherits such a file would keep its lock.
test: export HDF5_USE_FILE_LOCKING := FALSE
# One profile and one feature set for tests, lints and documentation, so that burn is built once.
CARGO_SET := --release --workspace --features libtorch --locked
# Every folder of apps that has a program; the tests find them in the same way.
PROGRAMS := $(patsubst apps/%/src/main.rs,%,$(wildcard apps/*/src/main.rs))

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: cpu-setup ## build with the pure-Rust CPU backend; continue a turbulent flow, predict perturbed cells, find equations, draw all (folder demo/)
	cargo build --release --locked $(PROGRAMS:%=-p %)
	bash apps/turbulence/demo/run.sh target/release/turbulence demo
	bash apps/perturb/demo/run.sh target/release/perturb demo/cells
	bash apps/prose/demo/run.sh target/release/prose demo/equations

test: setup ## everything that CI checks
	cargo fmt --all --check
	cargo clippy $(CARGO_SET) --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc $(CARGO_SET) --no-deps
	RHEOME_PYTHON=$(CURDIR)/.tools/python/bin/python cargo test $(CARGO_SET)

parity: setup ## compare with the published implementations on both CPU backends (folder: RHEOME_GOLDEN)
	cargo test $(CARGO_SET) --test 'parity_*'

BENCH_TABLE := $(CURDIR)/target/bench.jsonl
bench: setup torch-python ## measure against PyTorch and scanpy on this machine, one table at the end
	mkdir -p target && rm -f $(BENCH_TABLE)
	RHEOME_TORCH_PYTHON=$$(bash operators/flow/benches/setup/torch-venv.sh) RHEOME_PYTHON=$(CURDIR)/.tools/python/bin/python \
		RHEOME_BENCH_COMPILE=1 RHEOME_BENCH_TABLE=$(BENCH_TABLE) cargo bench --workspace --features libtorch --locked \
		--bench step --bench velocity --bench prepare --bench decode
	cargo build $(CARGO_SET) --bin turbulence
	RHEOME_BENCH_TABLE=$(BENCH_TABLE) target/release/turbulence bench --model IFactFormer-m=apps/turbulence/demo/model \
		--les WALE=configs/turbulence/minimal-channel-wale.toml \
		--les "dynamic Smagorinsky=configs/turbulence/minimal-channel-dynamic-smagorinsky.toml"
	RHEOME_BENCH_TABLE=$(BENCH_TABLE) cargo bench --workspace --features libtorch --locked --bench table

scaling: setup ## draw how the time of a step grows with grid points, cells, genes and threads (tests/benches/results)
	cargo bench --workspace --features libtorch --locked --bench scaling

gpu-programs: setup ## gather what a machine with a GPU checks, to be carried there (folder target/gpu-check)
	bash tests/setup/gpu-programs.sh

TORCH ?=
gpu-check: gpu-programs ## check and measure on this machine's GPU, one JSON object (TORCH=the torch folder of a PyTorch 2.11 with CUDA 13)
	python3 target/gpu-check/gpu_check.py --programs target/gpu-check --torch "$(TORCH)"

dns-180: cpu-setup ## the channel at Re_tau = 180 against published statistics (folder runs/channel-180; 50 minutes on two cores)
	cargo build --release --locked -p turbulence
	bash apps/turbulence/experiment/dns-180.sh target/release/turbulence runs/channel-180

SIZE ?= small
experiment: setup ## operators against large-eddy simulations (folder runs/experiment-SIZE; SIZE=small, minimal-channel or paper)
	cargo build $(CARGO_SET) --bin turbulence
	bash apps/turbulence/experiment/run.sh target/release/turbulence runs/experiment-$(SIZE) $(SIZE)

notebooks: setup ## execute the notebooks anew and keep what they show
	cargo build $(CARGO_SET) --bins
	RHEOME_BIN=$(CURDIR)/target/release .tools/python/bin/python tests/tests/python/execute_notebook.py --keep notebooks/*.ipynb

man: cpu-setup ## manual pages of the programs (folder target/man; read them with `man -l target/man/turbulence-rollout.1`)
	cargo build --release --locked $(PROGRAMS:%=-p %)
	for program in $(PROGRAMS); do target/release/$$program man target/man; done

memcheck: export LD_LIBRARY_PATH := $(CURDIR)/.libtorch/lib:$(LD_LIBRARY_PATH)
memcheck: setup ## the tests of unsafe code under valgrind (needs valgrind)
	bash tests/setup/memcheck.sh

# Building cargo-deny takes as long as building burn, so `make test` has a test of its own for all but the advisories.
DENY_VERSION := 0.20.2
deny: ## licences, sources, duplicates and known vulnerabilities of the dependencies (cargo-deny; the last needs github.com)
	@.tools/deny/bin/cargo-deny --version 2>/dev/null | grep -qF $(DENY_VERSION) || \
		cargo install --locked --root .tools/deny cargo-deny@$(DENY_VERSION)
	.tools/deny/bin/cargo-deny --locked check licenses bans sources
	@timeout 60 git ls-remote -q https://github.com/rustsec/advisory-db HEAD >/dev/null 2>&1 \
		|| { echo "deny: github.com cannot be reached: NOT checked for known vulnerabilities" >&2; exit 0; } \
		&& .tools/deny/bin/cargo-deny --locked check advisories

RELEASE_FEATURES ?=
release: cpu-setup ## programs of the last commit, the same bytes wherever they are built (folder target/reproducible; RELEASE_FEATURES="--features libtorch")
	LIBTORCH=$(CURDIR)/.libtorch bash tests/setup/release.sh $(RELEASE_FEATURES)

fmt: ## format the code
	cargo fmt --all

lint: setup ## lint as CI does
	cargo clippy $(CARGO_SET) --all-targets -- -D warnings

doc: setup ## build the documentation (target/doc)
	cargo doc $(CARGO_SET) --no-deps

cpu-setup:
	@bash datasets/fields/setup/compilers.sh
	@bash datasets/fields/setup/cmake.sh

libtorch:
	@bash operators/backend/setup/libtorch.sh

python:
	@bash tests/setup/python.sh

torch-python:
	@bash operators/flow/benches/setup/torch-venv.sh >/dev/null

setup: cpu-setup libtorch python
