import type { WireDefect } from '../wire/defect.ts'

/** Why a frame, a segment or an answer went no further. Each has a counter; a malformed packet goes by its defect. */
export type DropReason =
  | WireDefect
  /** IP: the packet is addressed to somebody else. */
  | 'ip-not-ours'
  /** IP: a source address that no host can have: multicast, broadcast, unspecified or our own. */
  | 'ip-source'
  /** IP: a fragment without payload, or a first one without the whole of its headers (RFC 3128, RFC 7112). */
  | 'ip-fragment-tiny'
  /** IP: fragments overlap: the whole packet is dropped, with what still comes of it (RFC 5722 §4). */
  | 'ip-fragment-overlap'
  /** IP: a fragment contradicts others about the packet's length or ECN: as above. */
  | 'ip-fragment-inconsistent'
  /** IP: a fragment that came before. */
  | 'ip-fragment-duplicate'
  /** IP: more fragments, or octets, than are held of one packet. */
  | 'ip-fragment-limit'
  /** IP: no handler for this protocol: answered with protocol unreachable, or a parameter problem. */
  | 'ip-protocol'
  /** IP: no route to where the packet is to be sent or forwarded, or nobody who would take it. */
  | 'ip-no-route'
  /** IP: a packet to be forwarded whose time to live is over; that is too long for the next link. */
  | 'ip-ttl'
  | 'ip-too-big'
  /** IP: the queue to the link that a packet is to leave by is full. */
  | 'ip-queue-full'
  /** Ethernet: to another interface; neither IP nor ARP; an IP packet in a frame to many (RFC 1122 §3.3.6). */
  | 'ethernet-not-ours'
  | 'ethernet-type'
  | 'ethernet-group'
  /** ARP or ND: about somebody whom nobody asked for, or a message that says nothing. */
  | 'neighbour-ignored'
  /** UDP: no socket at this port: answered with port unreachable. */
  | 'udp-no-socket'
  /** UDP: the socket's receive queue is full (Linux: UdpRcvbufErrors). */
  | 'udp-queue-full'
  /** ICMP: a type that has no answer and no effect. */
  | 'icmp-ignored'
  /** ICMP: the answer would have been one too many for the queue to the link, or for the rate limit. */
  | 'icmp-limited'
  /** ICMP: an error that quotes no segment that we can have sent (Linux: OutOfWindowIcmps). */
  | 'icmp-out-of-window'
  /** TCP to a multicast or broadcast address (RFC 9293 MUST-57). */
  | 'tcp-not-unicast'
  /** No connection and no listener: answered with RST. */
  | 'tcp-no-listener'
  /** A RST that fits no connection or no window. */
  | 'tcp-rst-ignored'
  /** A RST in the window but not at RCV.NXT: answered with a challenge ACK (RFC 5961 §3). */
  | 'tcp-rst-inexact'
  /** A SYN on a synchronised connection: answered with a challenge ACK (RFC 5961 §4). */
  | 'tcp-syn-challenged'
  /** SYN and FIN together: no TCP sends it. */
  | 'tcp-syn-fin'
  /** Text, or a FIN, while our window is closed: answered with an ACK that tells the window. */
  | 'tcp-zero-window'
  /** Neither SYN nor RST, in SYN-SENT. */
  | 'tcp-no-syn'
  /** No ACK bit where one must be. */
  | 'tcp-no-ack'
  /** Acknowledges what was never sent, or too long ago (RFC 5961 §5). */
  | 'tcp-ack-unacceptable'
  /** An ACK, or a SYN,ACK, to a listener: answered with RST. */
  | 'tcp-ack-to-listener'
  /** Out of the receive window, or already received: answered with an ACK. */
  | 'tcp-out-of-window'
  /** An old duplicate by its timestamp (Linux: PAWSEstab). */
  | 'tcp-paws'
  /** Timestamps were agreed on and the segment has none (RFC 7323 §3.2). */
  | 'tcp-timestamp-missing'
  /** Too many ranges out of order in one connection. */
  | 'tcp-reassembly-full'
  /** Text after the peer's FIN, or on a SYN: ignored. */
  | 'tcp-text-ignored'
  /** Text that the application will not read, since it has released the connection: answered with RST. */
  | 'tcp-text-after-release'
  /** SYN queue: full, and no cookies; the SYN is dropped (Linux: TCPReqQFullDrop). */
  | 'syn-queue-full'
  /** The admission policy said refuse: answered with RST; or said ignore. */
  | 'syn-refused'
  | 'syn-ignored'
  /** SYN queue: the entry's SYN again, or another; the SYN,ACK was sent again, or had been so lately. */
  | 'syn-duplicate'
  | 'syn-other-isn'
  /** Accept queue: full; the ACK is not acted upon, the entry waits (Linux: ListenOverflows). */
  | 'accept-queue-full'
  /** Accept queue: full, and the policy is to reset. */
  | 'accept-queue-reset'
  /** An ACK to a listener that took cookies lately: signed by no key; or a connection has been made of it before. */
  | 'cookie-failed'
  | 'cookie-replayed'
  /** The table of connections is full. */
  | 'connection-table-full'
