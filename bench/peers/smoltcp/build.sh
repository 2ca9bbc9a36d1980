#!/bin/sh
# Builds bench/peers/smoltcp/target/release/smoltcp-peer.
set -eu
cd "$(dirname "$0")"
command -v cargo >/dev/null || { echo "smoltcp: no Rust toolchain (cargo)" >&2; exit 1; }
cargo build --release --locked --quiet || { echo "smoltcp: cargo build failed; its crates may be out of reach" >&2; exit 1; }
