#!/usr/bin/env bash
# The demo: a trained operator continues a real (simulated, held-out) turbulent channel flow; files and pictures of it.
# Usage: run.sh PROGRAM FOLDER [STEPS]
set -euo pipefail
program=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
steps=${3:-125}
cd "$(dirname "$0")/../../.."

held_out=tests/fixtures/turbulence/held-out.h5
"$program" rollout --model apps/turbulence/demo/model --input "$held_out" --steps "$steps" \
    --output "$out/rollout.h5" --stats --overwrite
"$program" stats "$out/rollout.h5" --reference apps/turbulence/demo/minimal-channel.stats.h5 --reference "$held_out" \
    --output "$out/profiles.h5" --plots "$out" --overwrite
cat <<END

A flow of $steps steps of 0.2 h/u_tau, continued from a snapshot of a simulation that the operator never saw, is in $out:
  rollout.h5          velocity [time, x, y, z, component]; opens with xarray, h5py and (rollout.xdmf) ParaView
  slices.png          streamwise velocity of the simulation and of the prediction, side by side
  profiles.png        mean, rms and shear-stress profiles of both
  profiles.h5         the same as numbers
END
