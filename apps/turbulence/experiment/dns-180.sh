#!/usr/bin/env bash
# The channel at Re_tau = 180 against published statistics: simulates (about 50 minutes on two quiet cores), gathers, compares.
# A stopped run is continued by the same command. Usage: dns-180.sh PROGRAM FOLDER
set -euo pipefail
if [ $# -ne 2 ]; then
    echo "usage: dns-180.sh PROGRAM FOLDER" >&2
    exit 2
fi
program=$(realpath "$1")
config=$(realpath "$(dirname "$0")/../../../configs/turbulence/channel-180.toml")
mkdir -p "$2"
cd "$2"

if [ ! -e channel-180.h5 ]; then
    "$program" simulate --config "$config" --output channel-180.h5
elif [ -e channel-180.h5.checkpoints ]; then
    "$program" simulate --config "$config" --output channel-180.h5 --resume
fi
"$program" stats channel-180.h5 --output channel-180.stats.h5 --published 180 --plots plots --overwrite
