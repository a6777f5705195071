#!/usr/bin/env bash
# bench.sh [SUITE] [--OPTION...]: runs a suite of the bench, on an idle machine, and keeps the
# result in bench/results/<date>-<processor>.jsonl and, for reading, .md; a suite other than
# "short" has its name in theirs.
set -euo pipefail
cd "$(dirname "$0")/.."
suite=short
case "${1:-}" in
  "" | -*) ;;
  *) suite=$1 && shift ;;
esac
processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
slug=$(printf %s "${processor:=unknown}" | tr '[:upper:]' '[:lower:]' |
  sed 's/([^)]*)//g; s/[^a-z0-9]\{1,\}/-/g; s/^-//; s/-$//')
today=$(date -u +%Y-%m-%d)
base=$today-$slug
made_by='make bench'
if [ "$suite" != short ]; then
  base=$base-$suite
  made_by='make bench-suite'
  [ "$suite" = cpu ] || made_by="norma bench --suite $suite"
fi
name=bench/results/$base
mkdir -p bench/results
table=$(mktemp)
trap 'rm -f "$table"' EXIT
build/release/bin/norma bench --suite "$suite" --json "$name.jsonl" "$@" | tee "$table"
{
  printf '# norma bench on %s, %s\n\n' "$processor" "$today"
  # shellcheck disable=SC2016 # the ticks are Markdown's
  printf 'Made by `%s`. All numbers: [%s](%s).' "$made_by" "$base.jsonl" "$base.jsonl"
  printf ' How to read them: [README](../README.md).\n\n'
  sed 's/^/    /; s/ *$//' "$table"
} > "$name.md"
echo "$name.md"
