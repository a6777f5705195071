#!/usr/bin/env bash
# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
#
# Makes the data sets that are not there yet, out of Debian packages: FOLDER/en-de/en-de.tsv and
# FOLDER/kjv/kjv.txt. Nothing is installed, and a set appears whole or not at all. Quick when
# nothing is missing.
# usage: fetch.sh [FOLDER=data]
set -euo pipefail
export LC_ALL=C
scripts=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$scripts/../../data}

fail() {
  echo "data: $*" >&2
  exit 1
}

# Lists that are stale, or not there at all, are the usual reason why a download fails.
refresh_lists() {
  if [ "$(id -u)" = 0 ]; then apt-get update -qq
  elif command -v sudo >/dev/null; then sudo apt-get update -qq
  else return 1
  fi
}

# unpack SET PACKAGE...: downloads into $work/SET and unpacks to $work/SET/root.
unpack() {
  local set=$1 deb
  shift
  mkdir -p "$work/$set/root"
  echo "data: $set: downloading $*"
  if ! (cd "$work/$set" && apt-get download -q "$@" >apt.log 2>&1); then
    if ! refresh_lists >>"$work/$set/apt.log" 2>&1 ||
      ! (cd "$work/$set" && apt-get download -q "$@" >>apt.log 2>&1); then
      grep -E '^[EW]:' "$work/$set/apt.log" >&2 || true
      fail "$set: cannot download $*. Check the network and the apt sources, run apt-get update," \
        "try again."
    fi
  fi
  for deb in "$work/$set"/*.deb; do
    dpkg-deb -x "$deb" "$work/$set/root" ||
      fail "$set: cannot unpack $(basename "$deb"). Try again."
  done
}

# finish SET FILE MIN_LINES LICENCE TEXT: checks the count, writes the README, moves both in place.
finish() {
  local set=$1 file=$2 least=$3 licence=$4 text=$5 made=$work/$1/$2 lines
  lines=$(wc -l <"$made")
  [ "$lines" -ge "$least" ] || fail "$set: only $lines lines, but at least $least are expected."
  {
    printf '%s\n\n' "$text"
    printf '%s: %s lines, sha256 %s\n' "$file" "$lines" "$(sha256sum "$made" | cut -d' ' -f1)"
    printf 'Licence: %s\nMade by scripts/data/fetch.sh from these packages:\n' "$licence"
    cd "$work/$set"
    for deb in *.deb; do
      printf '  %s %s, sha256 %s\n' $(dpkg-deb -f "$deb" Package) $(dpkg-deb -f "$deb" Version) \
        "$(sha256sum "$deb" | cut -d' ' -f1)"
    done
  } >"$work/$set/README"
  mkdir -p "$folder/$set"
  mv -f "$work/$set/README" "$folder/$set/README"
  mv -f "$made" "$folder/$set/$file"
  echo "data: $set: $lines lines in $folder/$set/$file"
}

make_en_de() {
  unpack en-de libreoffice-help-en-us libreoffice-help-de libreoffice-l10n-de
  python3 "$scripts/en_de_pairs.py" "$work/en-de/root" >"$work/en-de/en-de.tsv" ||
    fail "en-de: the pairs could not be made."
  finish en-de en-de.tsv 30000 "MPL-2.0 (/usr/share/common-licenses/MPL-2.0)" \
    "English-German sentence pairs, source<TAB>target, from LibreOffice's help and user interface."
}

make_kjv() {
  unpack kjv bible-kjv bible-kjv-text
  # One verse a line, behind its place ("Gen1:1 "), which goes.
  "$work/kjv/root/usr/bin/bible" -p "$work/kjv/root/usr/lib" -f Gen1:1-Rev22:21 </dev/null |
    sed 's/^[^ ]* //' >"$work/kjv/kjv.txt" || fail "kjv: the reader of bible-kjv does not run."
  finish kjv kjv.txt 31000 "public domain (the text; the reader is GPL-2+)" \
    "The King James Bible, one verse a line."
}

missing=()
[ -s "$folder/en-de/en-de.tsv" ] || missing+=(en_de)
[ -s "$folder/kjv/kjv.txt" ] || missing+=(kjv)
[ ${#missing[@]} -gt 0 ] || exit 0

for tool in apt-get dpkg-deb python3; do
  command -v "$tool" >/dev/null ||
    fail "$tool is missing: the data sets are made from Debian packages, on Debian or Ubuntu."
done
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
# Beside the target, so that the last step is a rename on one file system.
work=$(mktemp -d "$folder/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
for set in "${missing[@]}"; do "make_$set"; done
