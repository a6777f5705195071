#!/usr/bin/env bash
# bench.sh [SUITE] [--OPTION...]: runs a suite of the bench, on an idle machine, and keeps the
# result in bench/results/<date>-<processor>.jsonl and, for reading, .md; a suite other than
# "short" has its name in theirs. Of the processor its family and model are told too, where they are
# known. Numbers of more than a megabyte are kept as .jsonl.gz.
set -euo pipefail
cd "$(dirname "$0")/.."
suite=short
case "${1:-}" in
  "" | -*) ;;
  *) suite=$1 && shift ;;
esac
told() { sed -n "s/^$1[[:space:]]*: //p" /proc/cpuinfo | head -n 1; }
processor=$(told 'model name')
family=$(told 'cpu family')
kind=${family:+$family $(told model)}
slug=$(printf '%s %s' "${processor:=unknown}" "$kind" | tr '[:upper:]' '[:lower:]' |
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
kept=$base.jsonl
rm -f "$name.jsonl.gz"
if [ "$(wc -c < "$name.jsonl")" -gt 1000000 ]; then
  # Without a name and a time in it: the same numbers are the same file.
  gzip -9n "$name.jsonl"
  kept=$kept.gz
fi
{
  printf '# norma bench on %s%s, %s\n\n' "$processor" "${kind:+ (family and model $kind)}" "$today"
  # shellcheck disable=SC2016 # the ticks are Markdown's
  printf 'Made by `%s`. All numbers: [%s](%s).' "$made_by" "$kept" "$kept"
  printf ' How to read them: [README](../README.md).\n\n'
  sed 's/^/    /; s/ *$//' "$table"
} > "$name.md"
echo "$name.md"
