import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isTransition, type State, TRANSITIONS } from '../../src/tcp/state.ts'
import { inState, OPEN_STATES } from './states.ts'

const STATES: readonly State[] = ['CLOSED', 'LISTEN', ...OPEN_STATES]
const ARROWS = TRANSITIONS.map(({ from, to }) => `${from} → ${to}`)

/** RFC 9293 figure 5, typed from the figure, and not from the table under test. */
const FIGURE_5 = [
  'CLOSED → LISTEN',
  'CLOSED → SYN-SENT',
  'LISTEN → SYN-RECEIVED',
  'LISTEN → CLOSED',
  'SYN-SENT → CLOSED',
  'SYN-SENT → SYN-RECEIVED',
  'SYN-SENT → ESTABLISHED',
  'SYN-RECEIVED → ESTABLISHED',
  'SYN-RECEIVED → FIN-WAIT-1',
  'SYN-RECEIVED → LISTEN',
  'ESTABLISHED → FIN-WAIT-1',
  'ESTABLISHED → CLOSE-WAIT',
  'FIN-WAIT-1 → FIN-WAIT-2',
  'FIN-WAIT-1 → CLOSING',
  'FIN-WAIT-1 → TIME-WAIT',
  'FIN-WAIT-2 → TIME-WAIT',
  'CLOSING → TIME-WAIT',
  'CLOSE-WAIT → LAST-ACK',
  'LAST-ACK → CLOSED',
  'TIME-WAIT → CLOSED',
]

/** LISTEN → SYN-SENT, an active OPEN of a listener, is an arrow that no socket API has: a listener stays one. */
const LEFT_OUT = ['LISTEN → SYN-SENT']

describe('the table of transitions', () => {
  test('names each arrow once, with its cause', () => {
    assert.equal(new Set(ARROWS).size, ARROWS.length)
    for (const { from, to, cause } of TRANSITIONS) {
      assert.notEqual(from, to)
      assert.ok(cause.length > 0)
    }
  })

  test('has every arrow of RFC 9293 figure 5, save one', () => {
    for (const arrow of FIGURE_5) assert.ok(ARROWS.includes(arrow), arrow)
    for (const arrow of LEFT_OUT) assert.ok(!ARROWS.includes(arrow), arrow)
  })

  test('adds none but the ends that RFC 9293 §3.10 tells of: everything can go to CLOSED', () => {
    const added = ARROWS.filter((arrow) => !FIGURE_5.includes(arrow))
    assert.ok(
      added.every((arrow) => arrow.endsWith('→ CLOSED')),
      added.join(', '),
    )
    for (const from of STATES) assert.equal(isTransition(from, 'CLOSED'), from !== 'CLOSED')
  })

  test('lets every state be reached from CLOSED', () => {
    const reached = new Set<State>(['CLOSED'])
    for (const state of reached) for (const { from, to } of TRANSITIONS) if (from === state) reached.add(to)
    assert.deepEqual([...reached].sort(), [...STATES].sort())
  })
})

describe('the one writer of a state', () => {
  for (const from of OPEN_STATES) {
    test(`lets ${from} go where the table says, and nowhere else`, () => {
      for (const to of STATES) {
        const { connection } = inState(from).tcp
        if (isTransition(from, to)) {
          connection.enter(to)
          assert.equal(connection.state, to)
        } else {
          assert.throws(() => connection.enter(to), new RegExp(`no transition from ${from} to ${to}`))
          assert.equal(connection.state, from)
        }
      }
    })
  }

  test('tells the observer each step, with where it came from and when', () => {
    const steps: string[] = []
    const { tcp } = inState('LAST-ACK', {
      stack: { observer: { state: (_, from, to, now) => steps.push(`${now} ${from} → ${to}`) } },
    })
    tcp.trace`+1 < . 2:2(0) ack 2 win 65535`
    assert.deepEqual(steps, [
      '0 SYN-RECEIVED → ESTABLISHED',
      '0 ESTABLISHED → CLOSE-WAIT',
      '0 CLOSE-WAIT → LAST-ACK',
      '2000 LAST-ACK → CLOSED',
    ])
  })
})
