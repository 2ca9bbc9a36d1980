#!/bin/sh
# check.sh PROGRAM [OPTIONS]: does what the README says of each port once, in a network namespace of its own. Not for figures.
set -eu
if [ "${IN_NAMESPACE:-}" = "" ]; then
    exec env IN_NAMESPACE=1 unshare --net "$0" "$@"
fi
load="$(dirname "$0")/load/build/load"
device=check0
host=10.9.200.1
ip link set lo up
ip tuntap add dev $device mode tun
ip address add 10.9.0.1/16 dev $device
for i in 1 2 3 4 5 6 7 8; do ip address add 10.9.1.$i/16 dev $device; done
ip link set $device mtu 1500 txqueuelen 16384 up
ready=$(mktemp -u)
mkfifo "$ready"
"$@" --tun $device --address $host --mtu 1500 --backlog 128 --verify >"$ready" &
server=$!
trap 'kill $server 2>/dev/null || :; rm -f "$ready"' EXIT
read -r line <"$ready"
[ "$line" = ready ]
say() { printf '%-32s' "$1"; shift; timeout 60 "$@" || { echo "failed: $*" >&2; exit 1; }; }
octets=${OCTETS:-300000007}
say 'send' "$load" send $host "$octets"
say 'send, 8 connections' "$load" send $host "$octets" -c 8
say 'receive' "$load" receive $host "$octets"
say 'receive, 8 connections' "$load" receive $host "$octets" -c 8
say 'receive 1 octet' "$load" receive $host 1
say 'ping-pong' "$load" pingpong $host 5000
say 'connections' "$load" connections $host 5000 --sources 10.9.1.1 8
say 'connections, 64 at once' "$load" connections $host 20000 -c 64 --sources 10.9.1.1 8
sleep 1 | say 'hold 300' "$load" hold $host 300
say 'honest' "$load" honest $host 80 --every 10 --seconds 1
say 'flood, 5,000 a second' "$load" flood $host 80 --rate 5000 --seconds 2 &
flood=$!
say 'honest, beside the flood' "$load" honest $host 80 --every 20 --seconds 2
wait $flood
grep -E 'VmRSS' /proc/$server/status || :
kill -TERM $server
wait $server
