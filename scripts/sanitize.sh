#!/usr/bin/env bash
# The core's tests under each sanitizer preset; no torch in them.
set -euo pipefail
cd "$(dirname "$0")/.."
for preset in asan ubsan tsan; do
  echo "== $preset"
  cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset"
  ctest --preset "$preset"
done
