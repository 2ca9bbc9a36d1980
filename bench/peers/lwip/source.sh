#!/bin/sh
# Fetches Debian's source package of lwIP into build/source, from where this system has its packages, with apt's check of
# the signature. Debian's compiled library is no fair peer: its window is 64 KiB, and it wants threads.
set -eu
cd "$(dirname "$0")"
version=2.1.3+dfsg1
package=lwip=$version-2
[ -e build/source/src/core/tcp.c ] && exit 0
fail() { echo "lwip: $1" >&2; exit 1; }
command -v apt-get >/dev/null || fail "no apt-get to fetch Debian's source package with"
apt="$PWD/build/apt"
rm -rf "$apt" build/source
mkdir -p "$apt/sources" "$apt/lists/partial" "$apt/cache/archives/partial"
for list in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; do
    case $list in *.sources) to=$apt/sources/debian.sources ;; *) to=$apt/sources/system.list ;; esac
    if [ -s "$list" ]; then sed -E 's/^Types:.*/Types: deb-src/; s/^deb /deb-src /' "$list" >"$to"; fi
done
get() {
    apt-get -q -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$apt/sources" -o Dir::State::Lists="$apt/lists" \
        -o Dir::Cache="$apt/cache" -o Acquire::Languages=none -o APT::Sandbox::User=root \
        -o Acquire::http::Timeout=20 -o Acquire::Retries=1 "$@" >>"$apt/log" 2>&1
}
get update || fail "Debian's list of source packages is out of reach; see $apt/log"
(cd "$apt" && get --download-only source "$package") || fail "$package is out of reach; see $apt/log"
mkdir build/unpacked
tar -xJf "$apt/lwip_$version.orig.tar.xz" --strip-components=1 -C build/unpacked
mv build/unpacked build/source
