#!/usr/bin/env bash
# Builds the programs of the last commit for release, in one and the same folder on every machine: HDF5's build writes the folders
# that it is built and installed in into the library, and a compiler's options that hide folders name them. So checkout, cargo's home
# and target folder have fixed names here, and nothing of the user's is read but the toolchain.
# Usage: release.sh [CARGO OPTIONS, e.g. --features libtorch]; prints SHA-256 sums; the programs are in target/reproducible.
set -euo pipefail
cd "$(dirname "$0")/../.."

place=/var/tmp/rheome-release
mkdir -p "$place"
if [ ! -O "$place" ] || [ -L "$place" ]; then
    echo "release: $place belongs to somebody else; have it removed" >&2
    exit 1
fi
if [ -n "$(git status --porcelain --untracked-files=no)" ]; then
    echo "release: note: what is not committed is not in it" >&2
fi
time=$(git log -1 --format=%ct)
programs=()
for main in apps/*/src/main.rs; do
    programs+=("$(basename "$(dirname "$(dirname "$main")")")")
done
rm -rf "$place/source" "$place/target"
mkdir "$place/source"
git archive HEAD | tar -x -C "$place/source"
bash "$place/source/datasets/fields/setup/cmake.sh"
# HDF5 keeps what it was built on: not the kernel's version; the day is that of the commit (SOURCE_DATE_EPOCH).
cat >"$place/settings.cmake" <<'END'
set(CMAKE_HOST_SYSTEM "Linux")
END

export CARGO_HOME="$place/cargo" SOURCE_DATE_EPOCH="$time" CARGO_INCREMENTAL=0 CMAKE_TOOLCHAIN_FILE="$place/settings.cmake"
export PATH="$place/source/.tools/bin:$PATH" LC_ALL=C TZ=UTC
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS CFLAGS CXXFLAGS CARGO_TARGET_DIR
(cd "$place/source" && cargo build --release --locked "${programs[@]/#/-p}" "$@" --target-dir "$place/target")

mkdir -p target/reproducible
# LLVM's names of symbols that it moves between its modules differ from build to build, and with them the number that the linker makes
# of all: neither is loaded.
for program in "${programs[@]}"; do
    strip --strip-all --remove-section=.note.gnu.build-id -o "target/reproducible/$program" "$place/target/release/$program"
done
(cd target/reproducible && sha256sum "${programs[@]}")
