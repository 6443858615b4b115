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

# Copies the programs of some crates out of cargo's messages: the name of a test or bench alone is not unique.
gather() {
    python3 -c '
import json, shutil, sys
folder, crates = sys.argv[1], sys.argv[2:]
for line in sys.stdin:
    message = json.loads(line)
    crate = message.get("manifest_path", "").removesuffix("/Cargo.toml")
    if message.get("executable") and any(crate.endswith(c) for c in crates):
        shutil.copy2(message["executable"], folder + "/" + message["target"]["name"])
' "$folder.new" "$@"
}
json=(--no-run --message-format json-render-diagnostics)
cargo test "${set_[@]}" "${json[@]}" --test parity_ifactformer --test parity_scdfm --test parity_prose | gather /tests
cargo bench --workspace --features libtorch --locked "${json[@]}" --bench step --bench velocity |
    gather /operators/flow /operators/perturbation

for program in parity_ifactformer parity_scdfm parity_prose step velocity; do
    test -x "$folder.new/$program" || { echo "gpu-programs: $program was not built" >&2; exit 1; }
done
for meta in tests/fixtures/*/meta.json; do
    cp -r "$(dirname "$meta")" "$folder.new/golden/"
done
cp -r apps/turbulence/demo/model "$folder.new/demo-model"
cp tests/fixtures/turbulence/held-out.h5 tests/gpu_check.py "$folder.new/"
cp operators/flow/benches/pytorch_ifactformer.py operators/perturbation/benches/pytorch_pad_transformer.py "$folder.new/"
rm -rf "$folder"
mv "$folder.new" "$folder"
echo "gpu-programs: $folder ($(du -sh "$folder" | cut -f1))"
