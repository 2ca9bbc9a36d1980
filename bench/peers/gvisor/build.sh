#!/bin/sh
# Builds bench/peers/gvisor/build/gvisor.
set -eu
cd "$(dirname "$0")"
command -v go >/dev/null || { echo "gvisor: no Go toolchain (go)" >&2; exit 1; }
go build -mod=readonly -trimpath -o build/gvisor . || { echo "gvisor: go build failed; its modules may be out of reach" >&2; exit 1; }
