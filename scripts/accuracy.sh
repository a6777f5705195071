#!/usr/bin/env bash
# accuracy.sh [--check] [PROGRAM]: measures the norms' errors and writes the tables of
# docs/accuracy.md, everything after its line "<!-- tables -->". --check writes nothing and fails
# where the page is not what the program says.
set -euo pipefail
cd "$(dirname "$0")/.."
page=docs/accuracy.md
check=
if [ "${1:-}" = --check ]; then
  check=1 && shift
fi
program=${1:-build/release/bin/norma_accuracy}
marker='<!-- tables -->'
new=$(mktemp)
trap 'rm -f "$new"' EXIT
if ! grep -qxF -- "$marker" "$page"; then
  echo "accuracy.sh: $page has no line '$marker' to put the tables after" >&2
  exit 1
fi
sed "/^$marker\$/q" "$page" > "$new"
echo >> "$new"
# A broken promise is an exit code of 1: then the page stays as it is.
"$program" >> "$new"
if [ "$check" ]; then
  diff "$page" "$new"
else
  cat "$new" > "$page"
  echo "$page"
fi
