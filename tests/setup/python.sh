#!/usr/bin/env bash
# The users' own Python libraries, against which files are checked, in an environment of their own: ./.tools/python.
set -euo pipefail
cd "$(dirname "$0")/../.."

requirements=datasets/fields/tests/python/requirements.txt
stamp=.tools/python/installed
if [ -e "$stamp" ] && cmp -s "$stamp" "$requirements"; then exit 0; fi
echo "python: installing $(grep -vc '^#' "$requirements") packages into .tools/python" >&2
python3 -m venv .tools/python
.tools/python/bin/pip install --quiet --disable-pip-version-check -r "$requirements"
cp "$requirements" "$stamp"
