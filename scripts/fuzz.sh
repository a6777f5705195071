#!/usr/bin/env bash
# fuzz.sh [TARGET] [SECONDS [LIBFUZZER_OPTION...]]: under AddressSanitizer and
# UndefinedBehaviorSanitizer, random calls of the C ABI (TARGET c_api), and random files for the
# readers of weights (weights) and of tokenizers (text), 10 minutes each unless told. What made a
# target go further is kept in build/fuzz/corpus; a finding ends it, and its input lies in
# build/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
targets=(c_api weights text)
case "${1:-}" in
  c_api | weights | text) targets=("$1") && shift ;;
esac
seconds=${1:-600}
shift || true
# Debian's clang needs its run-time libraries too.
if ! libraries=$(clang -print-resource-dir 2>/dev/null) || ! ls "$libraries"/lib/linux/*fuzzer* \
  >/dev/null 2>&1; then
  ./scripts/setup.sh clang libclang-rt-dev
fi
cmake --preset fuzz >/dev/null
for target in "${targets[@]}"; do
  folders=("build/fuzz/corpus/$target")
  if [ "$target" = c_api ]; then
    name=norma_c_api_hostile_fuzz
    # No growth of lengths from nothing: a call is about a hundred bytes of choices.
    options=(-max_len=256 -len_control=0)
  else
    name=norma_${target}_fuzz
    seeds=build/fuzz/seeds/$target
    folders+=("$seeds")
    # Long enough for the longest seed. More memory than this, and a size in a file was believed.
    options=("--seeds=$seeds" -max_len=8192 -rss_limit_mb=1024)
  fi
  mkdir -p "${folders[@]}"
  cmake --build --preset fuzz --target "$name"
  "build/fuzz/tests/$target/$name" "${options[@]}" -max_total_time="$seconds" -timeout=20 \
    -print_final_stats=1 "-artifact_prefix=build/fuzz/$target-" "$@" "${folders[@]}"
done
