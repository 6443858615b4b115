#!/usr/bin/env bash
# The demo's equations: series of equations that the model never saw, continued, and the equations behind them.
# Usage: run.sh PROGRAM FOLDER
set -euo pipefail
program=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
cd "$(dirname "$0")/../../.."

"$program" generate --config configs/prose/learning.toml --seed 99 --set data.equations=20 --output "$out/unseen.h5" --overwrite
"$program" predict --model apps/prose/demo/model --input "$out/unseen.h5" --sample 2100 --plots --output "$out/predicted.h5" --overwrite
"$program" evaluate --model apps/prose/demo/model --data "$out/unseen.h5" --subset all --samples 120 --output "$out/scores" --overwrite
cat <<END

Series of equations that the model never saw are continued, and their equations found, in $out:
  predicted.h5          both continuations and every equation that was tried; opens with h5py and xarray
  predicted.png         a series, what the network and the equation make of it, and what was held back
  scores/families.csv   120 series beside forecasts that need no model
END
