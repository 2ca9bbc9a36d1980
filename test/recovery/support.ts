/** Connections to a peer that sends SACK blocks, in packet traces. */
import { type HostOptions, listen, type Traced } from '../support/trace.ts'
import { startOf } from '../tcp/full-segments.ts'

export { fullSegments, startOf } from '../tcp/full-segments.ts'

/** How far the window goes down is the controller's: here by half. */
function withNewReno(options: HostOptions): HostOptions {
  return { ...options, stack: { ...options.stack, tcp: { congestionControl: 'newreno', ...options.stack?.tcp } } }
}

/** A connection whose handshake took 100 ms: SRTT 100, RTO 300 ms. Segments of 1460 octets. */
export function sacked(options: HostOptions = {}): Traced {
  const tcp = listen(withNewReno(options))
  tcp.trace`
    +0  < S  0:0(0)       win 65535 <mss 1460,sackOK>
    +0  > S. 0:0(0) ack 1
    +.1 < .  1:1(0) ack 1 win 65535
  `
  tcp.accept().noDelay = true
  return tcp
}

/** The same with timestamps: the stack's show 0 at the handshake, and the ms since. Segments of 1448 octets. */
export function stamped(options: HostOptions = {}): Traced {
  const tcp = listen(withNewReno(options))
  tcp.trace`
    +0  < S  0:0(0)       win 65535 <mss 1460,sackOK,TS val 1 ecr 0>
    +0  > S. 0:0(0) ack 1
    +.1 < .  1:1(0) ack 1 win 65535 <TS val 2 ecr 0>
  `
  tcp.accept().noDelay = true
  return tcp
}

/** A line in which the peer acknowledges the first `n` full segments, and by SACK those `from` up to `to`. */
export function ack(n: number, ...blocks: readonly (readonly [from: number, to: number])[]): string {
  const edges = blocks.map(([from, to]) => `${startOf(from)}:${startOf(to)}`)
  const options = edges.length > 0 ? ` <nop,nop,sack ${edges.join(' ')}>` : ''
  return `< . 1:1(0) ack ${startOf(n)} win 65535${options}`
}

/** A line in which the stack sends the n-th full segment, counted from 0. */
export function sends(n: number, flags = '.'): string {
  return `> ${flags} ${startOf(n)}:${startOf(n + 1)}(1460) ack 1`
}
