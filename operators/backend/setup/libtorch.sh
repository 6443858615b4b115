#!/usr/bin/env bash
# Put libtorch 2.11 (CPU) into ./.libtorch, out of the torch wheel on PyPI; nothing needs root.
# Downloads and unpacked libraries are kept in ${RHEOME_CACHE:-~/.cache/rheome}, so a second clone only links.
set -euo pipefail
cd "$(dirname "$0")/../../.."

version=2.11.0
cache="${RHEOME_CACHE:-$HOME/.cache/rheome}"
unpacked="$cache/libtorch-$version"

if [ ! -e "$unpacked/complete" ]; then
    echo "libtorch: fetching torch $version (about 530 MB) into $cache" >&2
    mkdir -p "$cache/wheels"
    # Debian's Python comes without pip, and lets nobody install into itself: a virtual environment has both.
    [ -x "$cache/pip-venv/bin/pip" ] || python3 -m venv --clear "$cache/pip-venv"
    pip=("$cache/pip-venv/bin/pip" --disable-pip-version-check)
    # The wheel is the same library for every Python; naming one keeps the choice independent of this machine's.
    "${pip[@]}" download --quiet --no-deps --only-binary=:all: --dest "$cache/wheels" \
        --python-version 3.11 --implementation cp --abi cp311 \
        --platform manylinux_2_28_x86_64 --platform manylinux_2_25_x86_64 --platform manylinux2014_x86_64 \
        "torch==$version" >&2
    "${pip[@]}" download --quiet --no-deps --only-binary=:all: --dest "$cache/wheels" \
        --platform manylinux_2_28_x86_64 --platform manylinux_2_25_x86_64 --platform manylinux2014_x86_64 \
        "nvidia-cuda-runtime==13.0.*" "nvidia-cuda-cupti==13.0.*" >&2
    staging="$(mktemp -d "$cache/unpacking.XXXXXX")"
    trap 'rm -rf "$staging"' EXIT
    python3 - "$cache/wheels" "$staging" "$version" <<'PY'
import pathlib, sys, zipfile
wheels, staging, version = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
wanted = {
    f"torch-{version}-": ("torch/include/", "torch/lib/libc10.so", "torch/lib/libtorch_cpu.so", "torch/lib/libgomp.so.1"),
    "nvidia_cuda_runtime-13": ("nvidia/cu13/lib/libcudart.so.13",),
    "nvidia_cuda_cupti-13": ("nvidia/cu13/lib/libcupti.so.13",),
}
for prefix, parts in wanted.items():
    wheel = max(wheels.glob(prefix + "*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        names = [n for n in archive.namelist() if n.startswith(parts)]
        archive.extractall(staging, names)
PY
    mkdir "$staging/lib"
    find "$staging/torch/lib" "$staging/nvidia" -name '*.so*' -exec mv {} "$staging/lib/" \;
    mv "$staging/torch/include" "$staging/include"
    # libtorch.so itself would pull in CUDA; this linker script stands for it and needs the CPU part alone.
    echo 'INPUT ( AS_NEEDED ( -ltorch_cpu ) )' > "$staging/lib/libtorch.so"
    rm -rf "$staging/torch" "$staging/nvidia"
    touch "$staging/complete"
    rm -rf "$unpacked"
    mv "$staging" "$unpacked"
    trap - EXIT
fi

ln -sfn "$unpacked" .libtorch
echo "libtorch: $(readlink .libtorch)"
