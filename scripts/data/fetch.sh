#!/usr/bin/env bash
# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
#
# Makes the data sets that are not there yet, out of Debian packages: FOLDER/en-de/en-de.tsv,
# FOLDER/kjv/kjv.txt and the four files of FOLDER/fashion-mnist. Nothing is installed, and a set
# appears whole or not at all. Quick when nothing is missing.
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

# readme SET LICENCE TEXT FACTS: what the set is and which packages it is from.
readme() {
  local set=$1 licence=$2 text=$3 facts=$4 deb
  {
    printf '%s\n\n%s\n' "$text" "$facts"
    printf 'Licence: %s\nMade by scripts/data/fetch.sh from these packages:\n' "$licence"
    cd "$work/$set"
    for deb in *.deb; do
      printf '  %s %s, sha256 %s\n' $(dpkg-deb -f "$deb" Package) $(dpkg-deb -f "$deb" Version) \
        "$(sha256sum "$deb" | cut -d' ' -f1)"
    done
  } >"$work/$set/README"
}

# finish SET FILE MIN_LINES LICENCE TEXT: checks the count, writes the README, moves both in place.
finish() {
  local set=$1 file=$2 least=$3 licence=$4 text=$5 made=$work/$1/$2 lines
  lines=$(wc -l <"$made")
  [ "$lines" -ge "$least" ] || fail "$set: only $lines lines, but at least $least are expected."
  (readme "$set" "$licence" "$text" \
    "$file: $lines lines, sha256 $(sha256sum "$made" | cut -d' ' -f1)")
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

idx_files=(train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte
  train-images-idx3-ubyte)

make_fashion_mnist() {
  local set=fashion-mnist name bytes facts=""
  unpack $set dataset-fashion-mnist
  for name in "${idx_files[@]}"; do
    gunzip -c "$work/$set/root/usr/share/datasets/fashion-mnist/$name.gz" >"$work/$set/$name" ||
      fail "$set: cannot unpack $name.gz. Try again."
    bytes=$(wc -c <"$work/$set/$name")
    facts+="$name: $bytes bytes, sha256 $(sha256sum "$work/$set/$name" | cut -d' ' -f1)"$'\n'
  done
  # 60,000 pictures of 784 bytes behind a head of 16; the last file that was unpacked.
  [ "$bytes" = 47040016 ] || fail "$set: $name has $bytes bytes, but 47040016 are expected."
  (readme $set "MIT (the package's copyright file)" \
    "Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): pictures of clothes in ten classes." \
    "${facts%$'\n'}")
  mkdir -p "$folder/$set"
  mv -f "$work/$set/README" "$folder/$set/README"
  # The last of them says that the set is whole.
  for name in "${idx_files[@]}"; do mv -f "$work/$set/$name" "$folder/$set/$name"; done
  echo "data: $set: 70000 pictures in $folder/$set"
}

missing=()
[ -s "$folder/en-de/en-de.tsv" ] || missing+=(en_de)
[ -s "$folder/kjv/kjv.txt" ] || missing+=(kjv)
[ -s "$folder/fashion-mnist/train-images-idx3-ubyte" ] || missing+=(fashion_mnist)
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
