#!/usr/bin/env bash
# pkg_config.sh PREFIX CONSUMER: builds and runs CONSUMER against the Norma installed in PREFIX.
set -euo pipefail
prefix=$1 consumer=$2
pc=$(dirname "$(find "$prefix" -name norma.pc)")
export PKG_CONFIG_PATH=$pc LD_LIBRARY_PATH=${pc%/pkgconfig}
# shellcheck disable=SC2046
cc -std=c99 -Wall -Wextra -pedantic -Werror "$consumer" -o "$prefix/consumer" \
  $(pkg-config --cflags --libs norma)
"$prefix/consumer"
