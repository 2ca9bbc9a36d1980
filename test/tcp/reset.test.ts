/** Segments of each kind in each state, as tables: RFC 9293 §3.10.7.1 and §3.10.7.4, RFC 5961. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DropReason } from '../../src/tcp/drop-reason.ts'
import { host } from '../support/trace.ts'
import { type InState, inState, type OpenState, SYNCHRONIZED_STATES } from './states.ts'

/** What a segment does: its text, from the state's numbers; what comes back; the state after it. */
type Case = (state: InState) => { sent: string; answer: string | undefined }

const challenge = ({ snd, rcv }: InState): string => `. ${snd}:${snd}(0) ack ${rcv}`

/** Each case in each synchronised state: the answer is as the case says, the state does not change, `reason` is counted. */
function matrix(title: string, reason: DropReason, make: Case, states: readonly OpenState[] = SYNCHRONIZED_STATES): void {
  for (const state of states) {
    test(`${title}: ${state}`, () => {
      const at = inState(state)
      const { tcp } = at
      const { sent, answer } = make(at)
      tcp.trace`+0 < ${sent}`.valueOf
      if (answer !== undefined) tcp.trace`+0 > ${answer}`
      assert.equal(tcp.connection.state, state)
      assert.equal(tcp.stack.counters.drops[reason], 1)
      assert.deepEqual(tcp.takeEvents(), [])
    })
  }
}

void [challenge, matrix, host, describe]
