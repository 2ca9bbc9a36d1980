/**
 * How a packet can be malformed. A parser returns the name of the first defect that it finds, or undefined; whatever
 * the octets are, it never throws, and never reads outside the range that it was given.
 */
export type WireDefect =
  /** Not a single octet. */
  | 'ip-empty'
  /** The version nibble is neither 4 nor 6. */
  | 'ip-version'
  /** Fewer octets than the header, options included. */
  | 'ipv4-header-truncated'
  /** IHL is below 5 words. */
  | 'ipv4-header-length'
  /** Total Length is shorter than the header, or longer than what arrived. */
  | 'ipv4-length'
  /** The header checksum is wrong. */
  | 'ipv4-checksum'
  /** A fragment that isn't the last is not a multiple of 8 octets, or a fragment ends beyond 65,535. */
  | 'ipv4-fragment'
  /** Fewer than 40 octets. */
  | 'ipv6-header-truncated'
  /** Payload Length is longer than what arrived. */
  | 'ipv6-length'
  /** An IPv4-mapped address, which must not appear on the wire (RFC 6890 §2.2.3). */
  | 'ipv6-mapped-address'
  /** An extension header runs past the end of the packet. */
  | 'ipv6-extension-truncated'
  /** More extension headers than anybody has use for. */
  | 'ipv6-extension-count'
  /** A hop-by-hop options header that is not the first (RFC 8200 §4.1). */
  | 'ipv6-extension-order'
  /** An option runs past its header, or is unknown and of the kind that must not be skipped (RFC 8200 §4.2). */
  | 'ipv6-option'
  /** A routing header that is not used up: the packet is not for this node (RFC 8200 §4.4, RFC 5095). */
  | 'ipv6-routing'
  /** A fragment that isn't the last is not a multiple of 8 octets, or a fragment ends beyond 65,535. */
  | 'ipv6-fragment'
  /** Fewer than 20 octets. */
  | 'tcp-header-truncated'
  /** Data Offset is below 5 words, or beyond the end of the segment. */
  | 'tcp-data-offset'
  /** The checksum is wrong. */
  | 'tcp-checksum'
  /** The source or the destination port is 0, which is reserved (RFC 6335 §6). */
  | 'tcp-port-zero'
  /** Fewer than 8 octets. */
  | 'icmp-truncated'
  /** The checksum is wrong. */
  | 'icmp-checksum'
  /** The packet that an error quotes is not TCP, or a fragment without its header. */
  | 'quote-not-tcp'
  /** Less is quoted than ports and sequence number. */
  | 'quote-truncated'
  /** Fewer than 8 octets. */
  | 'udp-header-truncated'
  /** Length is shorter than the header, or longer than what arrived. */
  | 'udp-length'
  /** The checksum is wrong, or missing in IPv6. */
  | 'udp-checksum'
  /** The destination port is 0. */
  | 'udp-port-zero'
  /** Fewer than 14 octets. */
  | 'ethernet-truncated'
  /** Fewer than 28 octets. */
  | 'arp-truncated'
  /** Not IPv4 on Ethernet. */
  | 'arp-format'
  /** Not one of the four messages that are read. */
  | 'ndp-type'
  /** The hop limit is not 255: a router forwarded the packet, so no neighbour sent it. */
  | 'ndp-hop-limit'
  /** The code is not 0. */
  | 'ndp-code'
  /** Fewer octets than the message's fixed part. */
  | 'ndp-truncated'
  /** An option has no length, runs past the end, or must not be there. */
  | 'ndp-option'
  /** The target, or an address of the packet, is one that the message must not have. */
  | 'ndp-address'
