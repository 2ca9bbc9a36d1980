/** Connections that all have much to send take turns, of several segments each. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Stack } from '../../src/stack/stack.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { IpHeader, Protocol } from '../../src/wire/ip.ts'
import { writeIp } from '../../src/wire/ip-packet.ts'
import { readUint16 } from '../../src/wire/octets.ts'
import { ACK, Segment, SYN } from '../../src/wire/segment.ts'
import { writeTcp } from '../../src/wire/tcp.ts'

const MSS = 1460
const TEXT = new Uint8Array(100 * MSS)

/** A server whose peers, one on each port, have opened their windows wide. */
class Server {
  readonly stack = new Stack({
    addresses: ['10.0.0.2/24'],
    secret: new Uint8Array(32),
    initialSequence: () => 0,
  })
  private readonly frame = new Uint8Array(1500)

  hear(port: number, flags: number, seq: number, ack: number): void {
    const { frame } = this
    const segment = new Segment()
    const header = new IpHeader()
    header.source = segment.source = IpAddress.parse('10.0.0.1')!
    header.destination = segment.destination = IpAddress.parse('10.0.0.2')!
    header.protocol = Protocol.TCP
    segment.sourcePort = port
    segment.destinationPort = 80
    Object.assign(segment, { flags, seq, ack, wnd: 65_535 })
    if (flags === SYN) Object.assign(segment, { mss: MSS, windowScale: 7, sackPermitted: true })
    const length = writeTcp(frame, 20, segment, false)
    writeIp(frame, 0, header, length)
    this.stack.receive(frame, 0, 20 + length, 1)
  }

  /** To which ports the next segments go, and how many to each in a row. */
  turns(most: number): { port: number; segments: number }[] {
    const turns: { port: number; segments: number }[] = []
    for (let i = 0; i < most && this.stack.transmit(this.frame, 0, 1) > 0; i++) {
      const port = readUint16(this.frame, 22)
      const last = turns.at(-1)
      if (last?.port === port) last.segments++
      else turns.push({ port, segments: 1 })
    }
    return turns
  }
}

test('each sends 64 KiB before it is the turn of the next', () => {
  const server = new Server()
  const listener = server.stack.listen({ port: 80 })
  const ports = [5000, 5001, 5002]
  const connections = ports.map((port) => {
    server.hear(port, SYN, 0, 0)
    server.turns(1)
    server.hear(port, ACK, 1, 1)
    const connection = listener.accept()!
    return connection
  })
  server.turns(1)
  for (const connection of connections) assert.equal(connection.send(TEXT), TEXT.length)
  // The first windows are out, and what follows may be much.
  const before = server.turns(1000)
  for (const connection of connections) {
    connection.congestion!.setWindow(1_000_000)
    server.hear(connection.remotePort, ACK, 1, 1)
  }
  const most = Math.floor(65_536 / MSS)
  const first = server.turns(3 * most)
  assert.deepEqual(
    first,
    ports.map((port) => ({ port, segments: most })),
  )
  const all = [...before, ...first, ...server.turns(1000)]
  for (const port of ports) {
    const sent = all.filter((turn) => turn.port === port).reduce((sum, { segments }) => sum + segments, 0)
    assert.equal(sent, 100)
  }
})
