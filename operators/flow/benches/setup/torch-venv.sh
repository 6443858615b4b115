#!/usr/bin/env bash
# Put PyTorch 2.11, the rival of the benchmark, into a virtual environment of its own and print its interpreter;
# nothing needs root. It is kept in ${RHEOME_CACHE:-~/.cache/rheome}/torch-venv and left alone once it is complete.
# PyPI's wheel brings the CUDA libraries along: 5 GB on disk, about half of that to fetch.
set -euo pipefail

version=2.11.0
cache="${RHEOME_CACHE:-$HOME/.cache/rheome}"
venv="$cache/torch-venv"

if [ ! -e "$venv/complete-$version" ]; then
    echo "torch-venv: installing torch $version into $venv" >&2
    mkdir -p "$cache/wheels"
    python3 -m venv --clear "$venv"
    # The wheel that libtorch was taken from serves again where its Python is this one.
    "$venv/bin/python" -m pip install --quiet --only-binary=:all: --find-links "$cache/wheels" \
        "torch==$version" "numpy==2.*" "safetensors==0.*" >&2
    "$venv/bin/python" -c 'import numpy, safetensors.torch, torch' >&2
    touch "$venv/complete-$version"
fi

echo "$venv/bin/python"
