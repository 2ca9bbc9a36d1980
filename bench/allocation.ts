import type { Stack } from '../src/stack/stack.ts'
import type { Connection } from '../src/tcp/connection.ts'
import { ACK, SYN } from '../src/wire/segment.ts'
import { Generator } from './generator.ts'
import { collectGarbage, type Sample, sample } from './measure.ts'
import { makeStack } from './pump.ts'
import { answerSyns, listening, makeSyns, SYN_LENGTH } from './syn.ts'

const PORT = 80
/** Segments between two looks at the heap: few enough that the nursery, 1 MB at first, is not collected between. */
const CHUNK = 1000
const PAYLOAD = new Uint8Array(1448).fill(0x5a)

/**
 * Octets of V8's heap that `work` allocates for each of CHUNK items, over so many chunks, and as many before to warm up.
 * What the measurement and `idle`, the same work without the stack, allocate is taken off.
 */
function allocated(chunks: number, work: () => void, idle: () => void): Sample {
  const base = sample(grownBy(chunks, idle)).median
  return sample(grownBy(chunks, work).map((octets) => (octets - base) / CHUNK))
}

function grownBy(chunks: number, work: () => void): number[] {
  const grown: number[] = []
  for (let chunk = -chunks; chunk < chunks; chunk++) {
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    work()
    const after = process.memoryUsage().heapUsed
    if (chunk >= 0) grown.push(after - before)
  }
  return grown
}

/** A connection in ESTABLISHED to a peer that is made of octets only. */
class Session {
  readonly stack: Stack
  readonly connection: Connection
  readonly generator: Generator = new Generator()
  now = 0
  private readonly out = new Uint8Array(1500)
  private readonly into = new Uint8Array(65_536)

  constructor() {
    this.stack = makeStack('b', { tcp: { sack: false } })
    const listener = this.stack.listen({ port: PORT })
    const { segment } = this.generator
    segment.sourcePort = 50_000
    segment.destinationPort = PORT
    segment.seq = 0xfff0_0000
    segment.flags = SYN
    segment.wnd = 65_535
    segment.mss = 1460
    segment.windowScale = 7
    segment.timestamps = true
    this.receive()
    const synAck = this.generator.read(this.out, this.stack.transmit(this.out, 0, 0))
    segment.seq = (segment.seq + 1) >>> 0
    segment.ack = (synAck.seq + 1) >>> 0
    segment.flags = ACK
    segment.mss = -1
    segment.windowScale = -1
    this.receive()
    this.connection = listener.accept()!
    this.takeEvents()
  }

  /** CHUNK segments of text come, and are read; ACKs go out. */
  inward(): void {
    const { segment } = this.generator
    segment.octets = PAYLOAD
    segment.length = PAYLOAD.length
    for (let i = 0; i < CHUNK; i++) {
      this.receive()
      segment.seq = (segment.seq + PAYLOAD.length) >>> 0
      while (this.stack.transmit(this.out, 0, this.now) > 0);
      this.connection.receive(this.into)
      while (this.stack.transmit(this.out, 0, this.now) > 0);
      this.takeEvents()
    }
  }

  /** What is the generator's own of it. */
  inwardIdle(): void {
    const { segment } = this.generator
    segment.octets = PAYLOAD
    segment.length = PAYLOAD.length
    for (let i = 0; i < CHUNK; i++) {
      this.generator.write()
      segment.tsVal = Math.floor(this.now)
    }
  }

  /** CHUNK segments of text go out; every second one is acknowledged. */
  outward(): void {
    const { segment } = this.generator
    for (let i = 0; i < CHUNK; ) {
      this.connection.send(PAYLOAD)
      this.connection.send(PAYLOAD)
      while (this.stack.transmit(this.out, 0, this.now) > 0) i++
      segment.ack = this.connection.tcb.snd.nxt
      this.receive()
      this.takeEvents()
    }
  }

  outwardIdle(): void {
    const { segment } = this.generator
    for (let i = 0; i < CHUNK; i += 2) {
      segment.ack = this.connection.tcb.snd.nxt
      this.generator.write()
    }
  }

  private receive(): void {
    this.now += 0.01
    const { segment } = this.generator
    segment.tsVal = Math.floor(this.now)
    this.stack.receive(this.generator.frame, 0, this.generator.write(), this.now)
  }

  private takeEvents(): void {
    while (this.stack.nextEvent() !== undefined);
  }
}

/** `segments` received, read and acknowledged. */
export function inwardAllocation(segments: number): Sample {
  const session = new Session()
  return allocated(
    segments / CHUNK,
    () => session.inward(),
    () => session.inwardIdle(),
  )
}

/** `segments` sent, and acknowledged by the peer. */
export function outwardAllocation(segments: number): Sample {
  const session = new Session()
  return allocated(
    segments / CHUNK,
    () => session.outward(),
    () => session.outwardIdle(),
  )
}

/** SYNs received, kept and answered. */
export function synAllocation(count: number): Sample {
  const out = new Uint8Array(1500)
  const syns = makeSyns(2 * count)
  const stack = listening(2 * count)
  let at = 0
  return allocated(
    count / CHUNK,
    () => {
      answerSyns(stack, syns, at, CHUNK, out)
      at += CHUNK
    },
    () => {},
  )
}

/** Octets that a half-open connection holds, heap and array buffers, where the SYN queue is full. */
export function halfOpenSize(): Sample {
  const backlog = 2 ** 17
  const syns = makeSyns(backlog)
  const out = new Uint8Array(1500)
  const stack = listening(backlog)
  const before = memory()
  answerSyns(stack, syns, 0, backlog, out)
  const size = (memory() - before) / backlog
  // Neither may be collected before.
  if (stack.counters.received !== syns.length / SYN_LENGTH) throw new Error('SYNs are missing')
  return sample([size])
}

function memory(): number {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
