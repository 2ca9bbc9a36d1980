#!/bin/sh
# Builds bench/peers/load/build/load.
set -eu
cd "$(dirname "$0")"
command -v "${CC:-gcc}" >/dev/null || { echo "load: no C compiler (${CC:-gcc})" >&2; exit 1; }
mkdir -p build
"${CC:-gcc}" -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -pthread -o build/load load.c common.c bulk.c rate.c hold.c flood.c server.c
