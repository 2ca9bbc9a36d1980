import type { ConnectionErrorCode } from '../tcp/errors.ts'
import type { Instant } from '../wire/instant.ts'
import { type IpHeader, Protocol } from '../wire/ip.ts'
import { parseQuotedTcp, QuotedTcp } from '../wire/quoted-tcp.ts'
import type { Stack } from './stack.ts'

/**
 * Tells the sender within this stack of an error about its packet, TCP's aside: `header`, with the payload from
 * octets[header.payloadStart] up to octets[end]. False when the packet can't be ours.
 */
export function tellSender(
  stack: Stack,
  header: IpHeader,
  octets: Uint8Array,
  end: number,
  code: ConnectionErrorCode,
): boolean {
  const { payloadStart: start, protocol } = header
  if (header.fragmentOffset > 0 || !stack.addresses.has(header.source)) return false
  if (protocol === Protocol.UDP) return stack.udp.unreachable(header, octets, start, end, code)
  if (protocol !== (header.family === 4 ? Protocol.ICMP : Protocol.ICMPV6)) return false
  return stack.echoes.unreachable(octets, start, end, header.destination, code)
}

/** The neighbour that `packet` was to go to does not answer: its sender hears what a router before it would have said. */
export function reportUndeliverable(stack: Stack, packet: Uint8Array, now: Instant): void {
  const quoted = new QuotedTcp()
  const { header } = quoted
  const defect = parseQuotedTcp(packet, 0, packet.length, quoted)
  if (!stack.addresses.has(header.source)) stack.errors.send('host', header, packet, now)
  else if (defect === undefined) stack.unreachable(quoted, 'EHOSTUNREACH')
  else if (defect === 'quote-not-tcp') tellSender(stack, header, packet, packet.length, 'EHOSTUNREACH')
}

/** The time is over of a packet in fragments, the first of which begins with `quote` (RFC 1122 §3.3.2, RFC 8200 §4.5). */
export function reportTimedOut(stack: Stack, quote: Uint8Array, now: Instant): void {
  const quoted = new QuotedTcp()
  parseQuotedTcp(quote, 0, quote.length, quoted)
  stack.errors.send('reassembly', quoted.header, quote, now)
}
