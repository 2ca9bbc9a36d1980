import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeferHandler, DropData } from '../../src/net/server-options.ts'
import type { DeferredAnswer } from '../../src/tcp/listener.ts'
import type { Syn } from '../../src/tcp/syn.ts'
import { CLIENT, event, type Lone, listening, lone, pair, SERVER } from './support.ts'

/** An answer that is given later. */
function promised(): { answer: Promise<DeferredAnswer>; give(answer: DeferredAnswer): void; fail(error: Error): void } {
  let give: (answer: DeferredAnswer) => void = () => {}
  let fail: (error: Error) => void = () => {}
  const answer = new Promise<DeferredAnswer>((resolve, reject) => {
    give = resolve
    fail = reject
  })
  return { answer, give, fail }
}

/** A server of the lone net, whose 'drop' events gather. An 'error' event would fail the test. */
function deferring(
  { net }: Lone,
  deferAccept: DeferHandler,
  options = {},
): { dropped: DropData[]; connections: number } {
  const server = net.createServer({ estab: { deferAccept, ...options } }, () => seen.connections++)
  const seen = { dropped: [] as DropData[], connections: 0, server }
  server.on('drop', (data) => seen.dropped.push(data as DropData))
  server.listen(80)
  return seen
}

test('deferAccept sees the SYN, and says accept: the connection comes as any other', async (t) => {
  const { server, client } = pair(t)
  const syns: Syn[] = []
  const deferAccept = (syn: Syn): 'accept' => {
    syns.push(syn)
    return 'accept'
  }
  const listener = await listening(server.createServer({ estab: { deferAccept } }))
  const socket = client.connect(80, SERVER)
  const [accepted] = (await event(listener, 'connection')) as [{ remotePort: number; remoteAddress: string }]
  const [syn] = syns
  assert.deepEqual([syn!.remoteAddress, syn!.localAddress, syn!.localPort, syn!.mss], [CLIENT, SERVER, 80, 1460])
  assert.deepEqual([accepted.remoteAddress, accepted.remotePort], [`::ffff:${CLIENT}`, syn!.remotePort])
  assert.equal(syn!.remotePort, socket.localPort)
  assert.equal(listener.estab.listener!.counters.deferAccepted, 1)
})

test('deferAccept says refuse, at once or later: the client hears "connection refused"', async (t) => {
  const { server, client } = pair(t)
  const answers: ReturnType<DeferHandler>[] = ['refuse', Promise.resolve('refuse')]
  let asked = 0
  await listening(server.createServer({ estab: { deferAccept: () => answers[asked++]! } }))
  for (let i = 0; i < 2; i++) {
    const [error] = (await event(client.connect(80, SERVER), 'error')) as [NodeJS.ErrnoException]
    assert.equal(error.code, 'ECONNREFUSED')
  }
  assert.equal(asked, 2)
})

test('deferAccept says ignore: nothing is sent', async () => {
  const host = lone()
  const { dropped } = deferring(host, async () => 'ignore' as const)
  host.syn(4000)
  await host.pass(100_000)
  assert.deepEqual(host.sent, [])
  assert.deepEqual(dropped, [])
})

test('a promise holds up its own client only', async () => {
  const host = lone()
  const first = promised()
  deferring(host, (syn) => (syn.remotePort === 4000 ? first.answer : 'accept'))
  host.syn(4000)
  await host.pass(200)
  host.syn(4001)
  await host.pass(300)
  first.give('accept')
  await host.pass(0)
  assert.deepEqual(host.sent, ['200 S. to 4001', '500 S. to 4000'])
})

test("an accepted client's SYN-RECEIVED life begins with the answer, however long the stack was idle before", async () => {
  const host = lone()
  const later = promised()
  deferring(host, () => later.answer, { synAckWaits: [300, 600, 1200], deferTimeout: 10_000 })
  host.syn(4000)
  await host.pass(5000)
  later.give('accept')
  await host.pass(0)
  await host.pass(10_000)
  assert.deepEqual(host.sent, ['5000 S. to 4000', '5300 S. to 4000', '5900 S. to 4000'])
})

const failure = new Error('upstream is down')
const FAILURES: readonly [how: string, handler: DeferHandler, error: object][] = [
  ['a promise that rejects', () => Promise.reject(failure), failure],
  [
    'an exception',
    () => {
      throw failure
    },
    failure,
  ],
  ['another answer', () => 'yes' as DeferredAnswer, { code: 'ERR_INVALID_RETURN_VALUE' }],
  ['no answer', async () => undefined as unknown as DeferredAnswer, { code: 'ERR_INVALID_RETURN_VALUE' }],
]

for (const [how, handler, error] of FAILURES) {
  test(`${how} refuses, with a 'drop' event and no 'error'`, async () => {
    const host = lone()
    const { dropped } = deferring(host, handler)
    host.syn(4000)
    await host.pass(0)
    assert.deepEqual(host.sent, ['0 R. to 4000'])
    const [{ estab, ...data }] = dropped as [DropData]
    const family = 'IPv4'
    assert.deepEqual(data, {
      ...{ localAddress: SERVER, localPort: 80, localFamily: family },
      ...{ remoteAddress: CLIENT, remotePort: 4000, remoteFamily: family },
    })
    const { reason, error: thrown } = estab!
    assert.equal(reason, 'defer-failed')
    for (const [key, value] of Object.entries(error)) assert.equal(Reflect.get(thrown as object, key), value)
    if (error instanceof Error) assert.equal(thrown, error)
  })
}

test("a client that resets before the answer: 'drop' says that the answer came late", async () => {
  const host = lone()
  const later = promised()
  const seen = deferring(host, () => later.answer)
  host.syn(4000)
  host.reset(4000)
  later.give('accept')
  await host.pass(1000)
  assert.deepEqual(host.sent, [])
  assert.deepEqual(
    seen.dropped.map(({ estab, remotePort }) => [estab!.reason, remotePort]),
    [['defer-late', 4000]],
  )
  assert.equal(seen.connections, 0)
})

test('an answer after deferTimeout is late; a refusal that is late is nothing', async () => {
  const host = lone()
  const answers = [promised(), promised()]
  const { dropped } = deferring(host, (syn) => answers[syn.remotePort - 4000]!.answer, { deferTimeout: 700 })
  host.syn(4000)
  host.syn(4001)
  await host.pass(699)
  assert.equal(host.net.stack.tcp.listening.listeners.all[0]!.halfOpen, 2)
  await host.pass(1)
  answers[0]!.give('accept')
  answers[1]!.give('refuse')
  await host.pass(0)
  assert.deepEqual(host.sent, [])
  assert.deepEqual(
    dropped.map(({ estab, remotePort }) => [estab!.reason, remotePort]),
    [['defer-late', 4000]],
  )
})

test('a server that closes before the answer resets its deferred clients', async () => {
  const host = lone()
  const later = promised()
  const server = host.net.createServer({ estab: { deferAccept: () => later.answer } })
  const reasons: string[] = []
  server.on('drop', (data) => reasons.push((data as DropData).estab!.reason))
  server.listen(80)
  host.syn(4000)
  server.close()
  await host.pass(10)
  later.give('accept')
  await host.pass(10)
  assert.deepEqual(host.sent, ['0 R. to 4000'])
  assert.deepEqual(reasons, ['defer-late'])
})

test('with deferAccept each SYN is deferred as long as there is room; another policy may say otherwise', async () => {
  const host = lone()
  let asked = 0
  const ask: DeferHandler = () => {
    asked++
    return new Promise(() => {})
  }
  deferring(host, ask, { backlog: 2 })
  for (const port of [4000, 4001, 4002]) host.syn(port)
  assert.equal(asked, 2)
  const other = lone()
  deferring(other, ask, { admission: () => 'hold' })
  other.syn(4000)
  assert.equal(asked, 2)
  assert.deepEqual(other.sent, ['0 S. to 4000'])
})

test('a policy that defers without deferAccept is answered accept', async () => {
  const host = lone()
  host.net.createServer({ estab: { admission: () => 'defer' } }).listen(80)
  host.syn(4000)
  assert.deepEqual(host.sent, ['0 S. to 4000'])
})
