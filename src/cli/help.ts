export const EXAMPLES = `
Examples:
  $ estab demo                            the tour; nothing on this machine changes
  $ sudo estab serve                      a server at http://10.77.0.2/, each handshake drawn
  $ estab serve --link embedded           the same without root, at http://127.0.0.1:8080/
  $ echo hello | sudo estab connect 10.78.0.1 7
  $ sudo estab ping 10.79.0.1
  $ estab packetdrill tests/*.pkt         packetdrill scripts, in virtual time
`

export const DEMO_EXAMPLES = `
The tour makes a private network namespace of its own: as root with 'unshare -n', else with 'unshare -Urn'. Where
neither is possible, or there is no /dev/net/tun, server and client are joined by a wire inside the process, and the
client is a second stack of estab. It says which, and why.

Examples:
  $ estab demo --stay                     then use the server from another terminal
  $ estab demo --link embedded --verbose
`

export const SERVE_EXAMPLES = `
A TUN device takes root (CAP_NET_ADMIN). With --link embedded nothing does: the server is then reached through a port
of 127.0.0.1. PUT and POST are answered with the SHA-256 and the length of their body, which is not stored.
SIGINT and SIGTERM close the connections, remove the device and exit with 0; a second one exits at once.

JSON events: listening, syn-received, syn-ack-sent, syn-ack-retransmitted, waiting, completed, expired, reset, refused,
evicted, closed, cookie-sent, cookie-completed, cookie-failed, cookie-replayed, fast-opened, fast-completed,
fast-failed, syn-dropped, connection, connection-closed, request, stopping, stopped.
docs/cli.md has their fields.

Examples:
  $ sudo estab serve --http public --address 10.77.0.2/24
  $ sudo estab serve --backlog 4 --synack-waits 0.5,1,2
  $ sudo estab serve --synack-waits freebsd --cookies off --accept-overflow reset
  $ sudo estab serve --fast-open 16
  $ estab serve --link embedded --echo --port 7777 --json
`

export const CONNECT_EXAMPLES = `
A TUN device takes root (CAP_NET_ADMIN). What lies beyond the kernel's end of it is reached where the kernel forwards.

Examples:
  $ sudo estab connect 10.78.0.1 8080 < request.txt
  $ sudo estab connect fd78::1 7 --timeout 3
`

export const PING_EXAMPLES = `
A TUN device takes root (CAP_NET_ADMIN). What lies beyond the kernel's end of it is reached where the kernel forwards.
With --link embedded nothing does: a second stack of estab answers, at the first other address of each prefix.

Examples:
  $ sudo estab ping 10.79.0.1
  $ sudo estab ping fd79::1 --size 4000 --count 2
  $ estab ping 10.79.0.1 --link embedded
`

export const PACKETDRILL_EXAMPLES = `
Nothing is on a network, and no time passes: a script of an hour takes milliseconds. The exit status is 1 if a script
fails. docs/packetdrill.md has the notation, and what of it is not supported.

Examples:
  $ estab packetdrill handshake.pkt
  $ estab packetdrill --verbose --ip-version ipv6 close.pkt
  $ estab packetdrill --strict --tap tests/*.pkt
`
