import { SYN } from '../../src/wire/segment.ts'
import { Generator } from '../generator.ts'

/** IPv4 and TCP headers with MSS, SACK permitted, timestamps and window scale, as Linux sends. */
export const SYN_LENGTH = 60

const PREFIXES = 4096

/** SYNs one behind another to port 80 of stack b, each of another client; their sources are spread over 4096 networks (/24). */
export function spoofedSyns(count: number, destination?: number): Uint8Array {
  const generator = new Generator()
  const { segment } = generator
  const frames = new Uint8Array(count * SYN_LENGTH)
  if (destination !== undefined) segment.destination.d = destination
  segment.destinationPort = 80
  segment.flags = SYN
  segment.wnd = 65_535
  segment.mss = 1460
  segment.sackPermitted = true
  segment.timestamps = true
  segment.windowScale = 7
  for (let i = 0; i < count; i++) {
    const prefix = Math.imul(i, 0x9e3779b1) >>> 20
    segment.source.d = (20 << 24) | ((prefix % PREFIXES) << 8) | (1 + (i % 250))
    segment.sourcePort = 1024 + (Math.floor(i / 250) % 60_000)
    segment.seq = Math.imul(i, 0x85ebca6b) >>> 0
    segment.tsVal = i
    if (generator.write(frames, i * SYN_LENGTH) !== SYN_LENGTH) throw new Error('a SYN of another length')
  }
  return frames
}
