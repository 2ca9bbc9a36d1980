import type { Stack } from '../src/stack/stack.ts'
import { SYN } from '../src/wire/segment.ts'
import { Generator } from './generator.ts'
import { seconds } from './measure.ts'
import { makeStack } from './pump.ts'

const PORT = 80
/** IPv4 and TCP headers with MSS, SACK permitted, timestamps and window scale, as clients send. */
export const SYN_LENGTH = 60

/** SYNs of as many clients, one behind another. */
export function makeSyns(count: number): Uint8Array {
  const generator = new Generator()
  const { segment } = generator
  const frames = new Uint8Array(count * SYN_LENGTH)
  const network = segment.source.d
  segment.destinationPort = PORT
  segment.flags = SYN
  segment.wnd = 65_535
  segment.mss = 1460
  segment.sackPermitted = true
  segment.timestamps = true
  segment.windowScale = 7
  for (let i = 0; i < count; i++) {
    segment.source.d = network + 2 + (i >>> 15)
    segment.sourcePort = 32_768 + (i & 0x7fff)
    segment.seq = Math.imul(i, 0x9e3779b1) >>> 0
    segment.tsVal = i
    if (generator.write(frames, i * SYN_LENGTH) !== SYN_LENGTH) throw new Error('a SYN of another length')
  }
  return frames
}

/** A stack that has room for the SYNs of so many clients. */
export function listening(backlog: number): Stack {
  const stack = makeStack('b', { addresses: ['10.0.0.2/8'] })
  stack.listen({ port: PORT, backlog })
  return stack
}

/** Gives the stack `count` SYNs from the `first` on, and takes the SYN,ACK for each. */
export function answerSyns(stack: Stack, syns: Uint8Array, first: number, count: number, out: Uint8Array): void {
  let answers = 0
  for (let i = first; i < first + count; i++) {
    stack.receive(syns, i * SYN_LENGTH, (i + 1) * SYN_LENGTH, 0)
    while (stack.transmit(out, 0, 0) > 0) answers++
  }
  if (answers !== count) throw new Error(`${answers} answers to ${count} SYNs`)
}

/** SYNs a second: received, checksums verified, kept in the SYN queue and answered. */
export async function synRate(syns: Uint8Array): Promise<number> {
  const count = syns.length / SYN_LENGTH
  const stack = listening(count)
  const out = new Uint8Array(1500)
  return count / (await seconds(() => answerSyns(stack, syns, 0, count, out)))
}
