#!/usr/bin/env bash
# The core's tests under the sanitizers; no torch in them. asan is also UndefinedBehaviorSanitizer:
# one build of both takes less time than one of each.
set -euo pipefail
cd "$(dirname "$0")/.."
for preset in asan tsan; do
  echo "== $preset"
  cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset"
  ctest --preset "$preset"
done
