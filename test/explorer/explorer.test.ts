/**
 * Every interleaving of what may happen to a listener, an active open and a connection, over the real stack. Set
 * ESTAB_DEPTH to walk all starts as deep as that.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Connection } from '../../src/tcp/connection.ts'
import type { Incoming } from '../../src/tcp/incoming.ts'
import { connect, listen, type Traced } from '../support/trace.ts'
import type { Action } from './actions.ts'
import { explore, replay } from './explore.ts'
import { fingerprint } from './fingerprint.ts'
import { asTest, type Item, itemsOf, peersOf, verbOf } from './notation.ts'
import { configOf, familyOf } from './opening.ts'
import { ISN } from './peer.ts'
import { type Call, isWord, type Word } from './rfc9293-calls.ts'
import { CONNECT_PORT } from './settings.ts'
import { STARTS, type Start } from './starts.ts'

const given = Number(process.env.ESTAB_DEPTH ?? 0)

describe('whatever happens, the invariants hold', () => {
  for (const start of STARTS) {
    const depth = given > 0 ? given : start.depth
    test(`from ${start.name}, to depth ${depth}`, (t) => {
      const { levels, states, steps, violation } = explore(start, depth)
      t.diagnostic(`from ${start.name}: ${states} states, at each depth ${levels.join(', ')}; ${steps} steps checked`)
      if (violation === undefined) return
      assert.fail(`after ${violation.path.length} steps:\n${violation.problem}\n\n${asTest(start, violation.path)}`)
    })
  }
})

describe('the explorer itself', () => {
  for (const start of STARTS) {
    test(`takes for equal only states with the same future, from ${start.name}`, () => {
      // One in so many: the futures of all would take a minute.
      const ONE_IN = 15
      let merges = 0
      explore(start, 4, (path, known) => {
        if (merges++ % ONE_IN === 0) sameFuture(start, path, known)
      })
      assert.ok(merges > 20 * ONE_IN, `only ${merges} merges`)
    })

    // The notation knows one stack.
    const skip = start.opening.kind === 'listen' && start.opening.replica === true
    test(`writes paths as traces that run, from ${start.name}`, { skip }, () => {
      let merges = 0
      explore(start, 4, (path) => {
        if (merges++ % 50 === 0) run(start, itemsOf(start, path))
      })
    })
  }
})

function sameFuture(start: Start, path: readonly Action[], known: readonly Action[]): void {
  for (const action of start.actions) {
    const worlds = [replay(start, path), replay(start, known)]
    const possible = worlds.map((world) => action.possible(world))
    if (!possible.includes(true)) continue
    assert.deepEqual(possible, [true, true], action.name)
    const [one, other] = worlds.map((world) => {
      action.run(world)
      return fingerprint(world)
    })
    const names = (actions: readonly Action[]): string => actions.map(({ name }) => name).join(' | ')
    assert.equal(one, other, `after ${action.name}, of ${names(path)} and ${names(known)}`)
  }
}

/** Runs what was written, as the test that it is to become would. */
function run(start: Start, items: readonly Item[]): void {
  const { opening } = start
  const options = { isn: ISN, family: familyOf(opening), stack: { tcp: configOf(opening) } }
  const tcp =
    opening.kind === 'listen'
      ? listen({ ...options, ...opening.listen })
      : connect({ ...options, localPort: CONNECT_PORT })
  for (const { name, address, port } of peersOf(opening)) tcp.peer(name, { address: address.toString(), port })
  const connections = new Map(opening.kind === 'listen' ? [] : [['tcp.connection', tcp.connection]])
  const incoming = new Map<string, Incoming>()
  for (const item of items) {
    if ('trace' in item) tcp.trace(Object.assign([], { raw: [item.trace.join('\n')] }))
    else if ('incoming' in item) incoming.set(item.incoming, tcp.events.at(-1)!.incoming!)
    else if (isWord(item.call)) incoming.get(item.on!)![verbOf(item.call)]()
    else perform(tcp, item.call, item.on ?? '', connections)
  }
}

function perform(tcp: Traced, call: Exclude<Call, Word>, name: string, connections: Map<string, Connection>): void {
  if (call === 'accept') connections.set(name, tcp.accept())
  else if (call === 'close the listener') tcp.listener.close()
  else if (call === 'send') tcp.send(5, connections.get(name))
  else connections.get(name)![call]()
}
