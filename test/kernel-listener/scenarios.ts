import assert from 'node:assert/strict'
import { ACK, FIN, RST, SYN } from '../../src/wire/segment.ts'
import { Client, kind } from './client.ts'
import { type Server, type Setup, unreachable } from './server.ts'

export interface Scenario {
  readonly name: string
  readonly setup: Setup
  run(server: Server): Promise<void>
}

/** The events of a listener, each done to a server of either kind. What is asserted here is what both do. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'handshake',
    setup: {},
    async run(server) {
      await new Client(server, 1).connect()
      assert.ok(server.accept())
    },
  },
  {
    name: 'SYN-RECEIVED: same SYN again, twice',
    setup: {},
    async run(server) {
      const client = new Client(server, 1)
      await client.open()
      client.send(SYN)
      client.send(SYN)
    },
  },
  {
    name: 'SYN-RECEIVED: same SYN again, 0.6 s later',
    setup: {},
    async run(server) {
      const client = new Client(server, 1)
      await client.open()
      await server.pause()
      client.send(SYN)
      assert.equal(kind(await server.answer()), 'SYN,ACK')
    },
  },
  {
    name: 'SYN-RECEIVED: SYN with another ISN, in the window',
    setup: {},
    async run(server) {
      const client = new Client(server, 1)
      await client.open()
      client.send(SYN, { seq: 1000 })
    },
  },
  {
    name: 'SYN-RECEIVED: SYN with another ISN, out of the window',
    setup: {},
    async run(server) {
      const client = new Client(server, 1)
      await client.open()
      client.send(SYN, { seq: -1000 })
    },
  },
  {
    name: 'SYN-RECEIVED: SYN with another ISN, out of the window, 0.6 s later',
    setup: {},
    async run(server) {
      const client = new Client(server, 1)
      await client.open()
      await server.pause()
      client.send(SYN, { seq: -1000 })
      assert.match(kind(await server.answer()), /ACK/)
    },
  },
  {
    name: 'SYN-RECEIVED: wrong ACK number',
    setup: {},
    async run(server) {
      const client = new Client(server, 1)
      await client.open()
      client.send(ACK, { ack: 2 })
      assert.equal(kind(await server.answer()), 'RST')
      client.send(ACK)
      assert.ok(server.accept())
    },
  },
  {
    name: 'SYN-RECEIVED: exact RST',
    setup: {},
    async run(server) {
      const client = new Client(server, 1)
      await client.open()
      client.send(RST, { seq: 1 })
      await server.forgotten()
    },
  },
  {
    name: 'SYN-RECEIVED: RST in the window',
    setup: {},
    async run(server) {
      const client = new Client(server, 1)
      await client.open()
      client.send(RST, { seq: 2 })
    },
  },
  {
    name: 'SYN-RECEIVED: RST in the window, 0.6 s later',
    setup: {},
    async run(server) {
      const client = new Client(server, 1)
      await client.open()
      await server.pause()
      client.send(RST, { seq: 2 })
      assert.equal(kind(await server.answer()), 'ACK')
      client.send(ACK)
      assert.ok(server.accept())
    },
  },
  {
    name: 'SYN-RECEIVED: host unreachable for the SYN,ACK',
    setup: {},
    async run(server) {
      server.send(unreachable(await new Client(server, 1).open()))
    },
  },
  {
    name: 'SYN-RECEIVED: host unreachable for another sequence number',
    setup: {},
    async run(server) {
      const answer = await new Client(server, 1).open()
      answer.seq = (answer.seq + 1) >>> 0
      server.send(unreachable(answer))
    },
  },
  {
    name: 'SYN-RECEIVED: RST out of the window',
    setup: {},
    async run(server) {
      const client = new Client(server, 1)
      await client.open()
      client.send(RST, { seq: 100_000 })
      client.send(ACK)
      assert.ok(server.accept())
    },
  },
  {
    name: 'SYN-RECEIVED: no ACK, one retransmission',
    setup: { synAckRetries: 1 },
    async run(server) {
      await new Client(server, 1).open()
      assert.equal(kind(await server.answer()), 'SYN,ACK')
      await server.forgotten()
    },
  },
  {
    name: 'LISTEN: ACK, and no cookie went out lately',
    setup: {},
    async run(server) {
      new Client(server, 1).send(ACK)
      assert.equal(kind(await server.answer()), 'RST')
    },
  },
  {
    name: 'LISTEN: SYN,ACK',
    setup: {},
    async run(server) {
      new Client(server, 1).send(SYN | ACK)
      assert.equal(kind(await server.answer()), 'RST')
    },
  },
  {
    name: 'LISTEN: SYN,FIN',
    setup: {},
    async run(server) {
      new Client(server, 1).send(SYN | FIN)
    },
  },
  {
    name: 'SYN queue full: 8 SYNs for 3 entries, cookies',
    setup: { backlog: 3, cookies: true },
    async run(server) {
      for (let n = 0; n < 8; n++) await new Client(server, n).open()
    },
  },
  {
    name: 'SYN queue full: 8 SYNs for 3 entries, no cookies',
    setup: { backlog: 3, cookies: false },
    async run(server) {
      for (let n = 0; n < 8; n++) new Client(server, n).send(SYN)
      assert.deepEqual((await server.rest()).map(kind), ['SYN,ACK', 'SYN,ACK', 'SYN,ACK'])
    },
  },
  {
    name: 'cookies for all: 8 SYNs, 8 ACKs',
    setup: { cookies: 'all' },
    async run(server) {
      const clients = Array.from({ length: 8 }, (_, n) => new Client(server, n))
      for (const client of clients) await client.connect()
      for (const _ of clients) assert.ok(server.accept())
    },
  },
  {
    name: 'cookie: its ACK, and a forged one',
    setup: { backlog: 1, cookies: true },
    async run(server) {
      const [holder, cookied] = [new Client(server, 1), new Client(server, 2)]
      await holder.open()
      await cookied.open()
      cookied.send(ACK)
      assert.ok(server.accept())
      await server.rest()
      new Client(server, 3).send(ACK, { ack: 0x1234_5678 })
      await server.rest()
    },
  },
  {
    name: 'cookie: its ACK again, after the connection is gone',
    setup: { backlog: 1, cookies: true },
    async run(server) {
      const [holder, cookied] = [new Client(server, 1), new Client(server, 2)]
      await holder.open()
      await cookied.connect()
      assert.ok(server.accept())
      cookied.send(RST | ACK)
      cookied.send(ACK)
    },
  },
  {
    name: 'accept queue full: the third ACK, then room',
    setup: { backlog: 2, acceptBacklog: 2 },
    async run(server) {
      await overflow(server)
      assert.deepEqual((await server.rest()).map(kind), [])
      assert.ok(server.accept())
      // Linux waits for the client to say it again.
      if (!hasTwo(server)) assert.equal(kind(await server.answer()), 'SYN,ACK')
    },
  },
  {
    name: 'accept queue full: the third ACK, reset',
    setup: { backlog: 2, acceptBacklog: 2, acceptOverflow: 'reset' },
    async run(server) {
      await overflow(server)
      assert.equal(kind(await server.answer()), 'RST')
      await server.forgotten()
    },
  },
  {
    name: 'accept queue full: a SYN',
    setup: { backlog: 2, acceptBacklog: 2 },
    async run(server) {
      await new Client(server, 1).connect()
      await new Client(server, 2).connect()
      new Client(server, 3).send(SYN)
    },
  },
  {
    name: 'ESTABLISHED: a SYN, a RST in the window, the exact RST',
    setup: {},
    async run(server) {
      const client = new Client(server, 1)
      await client.connect()
      assert.ok(server.accept())
      client.send(SYN, { seq: 5000 })
      assert.equal(kind(await server.answer()), 'ACK')
      client.send(RST, { seq: 9 })
      client.send(RST, { seq: 1 })
    },
  },
  {
    name: 'close: one half-open, one unaccepted',
    setup: {},
    async run(server) {
      await new Client(server, 1).connect()
      await new Client(server, 2).open()
      server.close()
      await server.rest()
    },
  },
]

/** Three open while there is room for each; the third finds the accept queue full. */
async function overflow(server: Server): Promise<void> {
  const clients = [1, 2, 3].map((number) => new Client(server, number))
  for (const client of clients.slice(0, 1)) await client.connect()
  await clients[2]!.open()
  await clients[1]!.connect()
  clients[2]!.send(ACK)
}

function hasTwo(server: Server): boolean {
  return server.accept() && server.accept()
}
