#!/usr/bin/env bash
# Runs the unit tests of the modules with unsafe code (ARCHITECTURE.md) under valgrind's memcheck: reads and writes beyond what was
# allocated, and decisions on memory that was never set, end it with status 9. Valgrind shows a processor without AVX-512, so that the
# kernels take their AVX2 paths. Races between threads are not looked for.
set -euo pipefail
cd "$(dirname "$0")/../.."

command -v valgrind >/dev/null || {
    echo "memcheck: valgrind is missing; apt-get install valgrind" >&2
    exit 1
}
messages=$(mktemp)
trap 'rm -f "$messages"' EXIT
cargo test --release --workspace --features libtorch --locked --lib --no-run --message-format json >"$messages"

# The test program of a library.
program() {
    python3 - "$1" "$messages" <<'END'
import json, sys
name, messages = sys.argv[1:]
for line in open(messages):
    message = json.loads(line)
    if message.get("executable") and message["target"]["name"] == name and message["profile"]["test"]:
        print(message["executable"])
END
}

while read -r library modules; do
    for module in $modules; do
        tests=$("$(program "$library")" "$module" --list | grep -c ': test$') || {
            echo "memcheck: $library has no tests in $module" >&2
            exit 1
        }
        echo "memcheck: $library, $module, $tests tests"
        # One thread of tests; the kernels start their own.
        valgrind -q --error-exitcode=9 --fair-sched=yes "$(program "$library")" "$module" --test-threads 1
    done
done <<'END'
rheome_backend fused:: gelu:: attention:: libtorch::
rheome_hdf compound:: driver::
rheome_perturbation_metrics energy::
END
