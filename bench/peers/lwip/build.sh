#!/bin/sh
# Builds bench/peers/lwip/build/lwip, and build/lwip-hold: the same with malloc() in place of pools, for as many connections
# as are held.
set -eu
cd "$(dirname "$0")"
cc=${CC:-gcc}
command -v "$cc" >/dev/null || { echo "lwip: no C compiler ($cc)" >&2; exit 1; }
./source.sh
from=build/source/src
core="$from/core/def.c $from/core/inet_chksum.c $from/core/init.c $from/core/ip.c $from/core/mem.c $from/core/memp.c
    $from/core/netif.c $from/core/pbuf.c $from/core/stats.c $from/core/tcp.c $from/core/tcp_in.c $from/core/tcp_out.c
    $from/core/timeouts.c $from/core/ipv4/icmp.c $from/core/ipv4/ip4.c $from/core/ipv4/ip4_addr.c $from/core/ipv4/ip4_frag.c"
build() {
    # shellcheck disable=SC2086
    "$cc" -std=gnu11 -D_GNU_SOURCE -O3 -flto=auto -Wall -Wextra -I. -isystem "$from/include" -I../load "-DMEMP_MEM_MALLOC=$2" \
        -o "build/$1" main.c tun.c serve.c checksum.c $core
}
build lwip 0
build lwip-hold 1
