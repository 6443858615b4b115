#!/usr/bin/env bash
# The comparison of the paper (arXiv 2412.18840) on this machine: simulate, train four operators, let them and two large-eddy
# simulations start from a snapshot that nobody was trained on, score them all.
# Usage: run.sh PROGRAM FOLDER [small|minimal-channel|paper]
#
#   small            a quarter of an hour on two cores: few data, short trainings; shows the way, not what the operators can do
#   minimal-channel  four hours on two cores
#   paper            the published setting, 21 flows of 400 snapshots on 32 x 33 x 16 points: weeks on two cores
#
# Data and trainings that are there already are not made again: a stopped experiment is continued by the same command.
set -euo pipefail
if [ $# -lt 2 ] || [ $# -gt 3 ]; then
    echo "usage: run.sh PROGRAM FOLDER [small|minimal-channel|paper]" >&2
    exit 2
fi
program=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
size=${3:-small}
cd "$(dirname "$0")/../../.."
configs=configs/turbulence

family=minimal-channel
simulate=()
train=()
compare=(--trajectory 7 --index 0 --steps 390 --skip 40)
stages=(train unrolled)
case $size in
    small)
        simulate=(--set output.trajectories=4 --set output.snapshots=120 --set output.warm_up=6.0)
        train=(--set training.epochs=6 --set training.validation_windows=40)
        compare=(--trajectory 3 --index 0 --steps 119 --skip 20)
        stages=(train)
        ;;
    minimal-channel) ;;
    paper)
        family=paper
        compare=(--trajectory 20 --index 0 --steps 399 --skip 40)
        stages=(train)
        ;;
    *)
        echo "run.sh: SIZE $size: expected small, minimal-channel or paper" >&2
        exit 2
        ;;
esac

# One folder holds one experiment.
if [ -e "$out/size" ] && [ "$(cat "$out/size")" != "$size" ]; then
    echo "run.sh: $out: holds an experiment of size $(cat "$out/size"), not $size; choose another folder" >&2
    exit 1
fi
echo "$size" >"$out/size"

# A file under its final name is complete, or is continued.
if [ ! -e "$out/data.h5" ]; then
    "$program" simulate --config "$configs/$family.toml" --output "$out/data.h5" ${simulate[@]+"${simulate[@]}"}
elif [ -e "$out/data.h5.checkpoints" ]; then
    "$program" simulate --config "$configs/$family.toml" --output "$out/data.h5" ${simulate[@]+"${simulate[@]}"} --resume
fi

models=()
for operator in m o fno ifno; do
    weights=()
    # An operator of long steps has weaker fluctuations after a second stage (configs/turbulence/minimal-channel-m.toml).
    own=("${stages[@]}")
    [ "$operator" = m ] && own=(train)
    for stage in "${own[@]}"; do
        run=$out/$operator-$stage
        config=$configs/$family-$operator.toml
        settings=(${train[@]+"${train[@]}"})
        if [ "$stage" = unrolled ]; then
            # The second stage: judged on four steps that feed on each other, so that an operator learns to correct its own errors.
            settings+=(--set training.unroll=4 --set training.epochs=2 --set training.optimizer.learning_rate=1e-3)
        fi
        resume=()
        [ -e "$run/config.toml" ] && resume=(--resume)
        if [ ! -e "$run/done" ]; then
            "$program" train --config "$config" --data "$out/data.h5" --output "$run" \
                ${settings[@]+"${settings[@]}"} ${weights[@]+"${weights[@]}"} ${resume[@]+"${resume[@]}"}
            touch "$run/done"
        fi
        weights=(--weights "$run/weights.safetensors")
    done
    case $operator in
        m) name=IFactFormer-m ;;
        o) name=IFactFormer-o ;;
        *) name=${operator^^} ;;
    esac
    models+=(--model "$name=$run")
done

"$program" compare --reference "$out/data.h5" "${compare[@]}" "${models[@]}" \
    --les "dynamic Smagorinsky=$configs/$family-dynamic-smagorinsky.toml" --les "WALE=$configs/$family-wale.toml" \
    --les "no model=$configs/$family-no-model.toml" --output "$out/comparison" --overwrite
"$program" bench "${models[@]}" --les "dynamic Smagorinsky=$configs/$family-dynamic-smagorinsky.toml" \
    --les "WALE=$configs/$family-wale.toml" --output "$out/comparison/bench.csv" --overwrite
echo "the comparison is in $out/comparison/index.html"
