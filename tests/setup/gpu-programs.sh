#!/usr/bin/env bash
# Gathers in target/gpu-check what tests/gpu_check.py needs on a machine with a GPU, where there may be neither cargo nor sources.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=target/gpu-check
rm -rf "$folder.new"
mkdir -p "$folder.new/golden"
set_=(--release --workspace --features libtorch --locked)
cargo build "${set_[@]}" --bin turbulence
cp target/release/turbulence "$folder.new/"

# Suites that take the devices of RHEOME_DEVICES: those without a harness.
mapfile -t suites < <(sed -n 's/^name = "\(parity_.*\)"/\1/p' tests/Cargo.toml)
# Benches of operators that take --devices and stand beside a pytorch_*.py of their crate.
benches=(step velocity)
printf '%s\n' "${benches[@]}" >"$folder.new/benches"

# Copies the programs of these names and of crates in a folder out of cargo's messages: the name of a test or bench alone is not unique.
gather() {
    python3 -c '
import json, os, shutil, sys
folder, crates, names = sys.argv[1], sys.argv[2], sys.argv[3:]
for line in sys.stdin:
    message = json.loads(line)
    crate = message.get("manifest_path", "").removesuffix("/Cargo.toml")
    name = message.get("target", {}).get("name")
    if message.get("executable") and name in names and (crate == crates or os.path.dirname(crate) == crates):
        shutil.copy2(message["executable"], folder + "/" + name)
' "$folder.new" "$@"
}
json=(--no-run --message-format json-render-diagnostics)
cargo test "${set_[@]}" "${json[@]}" "${suites[@]/#/--test=}" | gather "$PWD/tests" "${suites[@]}"
cargo bench --workspace --features libtorch --locked "${json[@]}" "${benches[@]/#/--bench=}" | gather "$PWD/operators" "${benches[@]}"

for program in "${suites[@]}" "${benches[@]}"; do
    test -x "$folder.new/$program" || { echo "gpu-programs: $program was not built" >&2; exit 1; }
done
for meta in tests/fixtures/*/meta.json; do
    cp -r "$(dirname "$meta")" "$folder.new/golden/"
done
cp -r apps/turbulence/demo/model "$folder.new/demo-model"
cp tests/fixtures/turbulence/held-out.h5 tests/gpu_check.py "$folder.new/"
cp operators/*/benches/pytorch_*.py "$folder.new/"
rm -rf "$folder"
mv "$folder.new" "$folder"
echo "gpu-programs: $folder ($(du -sh "$folder" | cut -f1))"
