#!/usr/bin/env bash
# The static HDF5 and NetCDF builds need CMake 3.26 or newer. Where the machine's is older or absent,
# put one from PyPI into ./.tools (no root needed); the Makefile has .tools/bin first on PATH.
set -euo pipefail
cd "$(dirname "$0")/../../.."

enough() { "$1" --version 2>/dev/null | awk 'NR==1 { split($3, v, "."); exit !(v[1] > 3 || (v[1] == 3 && v[2] >= 26)) } END { if (!NR) exit 1 }'; }

mkdir -p .tools/bin
if [ -x .tools/bin/cmake ] && enough .tools/bin/cmake; then exit 0; fi
if command -v cmake >/dev/null && enough cmake; then exit 0; fi
echo "cmake: fetching a recent CMake from PyPI into .tools" >&2
python3 -m venv .tools/cmake-venv
.tools/cmake-venv/bin/pip install --quiet --disable-pip-version-check "cmake>=3.26"
ln -sfn ../cmake-venv/bin/cmake .tools/bin/cmake
.tools/bin/cmake --version | head -n 1
