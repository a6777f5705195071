#!/usr/bin/env bash
# Runs the whole bench, on an idle machine, and keeps the result in
# bench/results/<date>-<processor>.jsonl and, for reading, .md.
set -euo pipefail
cd "$(dirname "$0")/.."
processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
slug=$(printf %s "${processor:=unknown}" | tr '[:upper:]' '[:lower:]' |
  sed 's/([^)]*)//g; s/[^a-z0-9]\{1,\}/-/g; s/^-//; s/-$//')
today=$(date -u +%Y-%m-%d)
name=bench/results/$today-$slug
mkdir -p bench/results
table=$(mktemp)
trap 'rm -f "$table"' EXIT
build/release/bin/norma bench --suite cpu --json "$name.jsonl" "$@" | tee "$table"
{
  printf '# norma bench on %s, %s\n\n' "$processor" "$today"
  printf 'Made by `make bench`. All numbers: [%s](%s).' "$today-$slug.jsonl" "$today-$slug.jsonl"
  printf ' How to read them: [README](../README.md).\n\n'
  sed 's/^/    /' "$table"
} > "$name.md"
echo "$name.md"
