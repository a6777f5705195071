#!/usr/bin/env bash
# fuzz.sh [SECONDS [LIBFUZZER_OPTION...]]: random calls of the C ABI under AddressSanitizer and
# UndefinedBehaviorSanitizer, 10 minutes unless told. What made it go further is kept in
# build/fuzz/corpus; a finding ends it, and its input lies in build/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-600}
shift || true
# Debian's clang needs its run-time libraries too.
if ! libraries=$(clang -print-resource-dir 2>/dev/null) || ! ls "$libraries"/lib/linux/*fuzzer* \
  >/dev/null 2>&1; then
  ./scripts/setup.sh clang libclang-rt-dev
fi
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz
mkdir -p build/fuzz/corpus
# No growth of lengths from nothing: a call is about a hundred bytes of choices.
exec build/fuzz/tests/c_api/norma_c_api_hostile_fuzz -max_total_time="$seconds" \
  -max_len=256 -len_control=0 -timeout=20 -print_final_stats=1 -artifact_prefix=build/fuzz/ \
  "$@" build/fuzz/corpus
