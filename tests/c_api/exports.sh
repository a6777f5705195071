#!/usr/bin/env bash
# exports.sh NM LIBNORMA HEADER...: the shared library shows exactly what the headers declare, and
# asks the system for nothing by which a library could print or end the process.
set -euo pipefail
nm=$1 library=$2
shift 2

declared=$(sed -n 's/^NORMA_API .*[ *]\(norma_[a-z0-9_]*\)(.*/\1/p' "$@" | sort)
shown=$("$nm" -D --defined-only "$library" | awk '{print $3}' | sort)
[ "$(wc -l <<<"$declared")" -ge 15 ] || { echo "found too few declarations in $*"; exit 1; }
diff <(echo "$declared") <(echo "$shown") || { echo "declared (<) and shown (>) differ"; exit 1; }

forbidden='^(abort|_?_?exit|_Exit|quick_exit|v?f?printf|puts|putchar|fputs|fputc|fwrite|perror)$'
forbidden+='|^(__assert_fail|raise|kill|_ZSt4cout|_ZSt4cerr|stdout|stderr)$'
asked=$("$nm" -D --undefined-only "$library" | awk '{sub(/@.*/, "", $2); print $2}')
[ -n "$asked" ] || { echo "$nm shows nothing that $library needs"; exit 1; }
if grep -E "$forbidden" <<<"$asked"; then echo "$library must not use these"; exit 1; fi
echo "$(wc -l <<<"$shown") functions, nothing that prints or exits"
