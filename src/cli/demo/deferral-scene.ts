import type { DeferredAnswer } from '../../tcp/listener.ts'
import type { Milliseconds } from '../../wire/instant.ts'
import type { Stage } from './stage.ts'
import { BOUNDS, type Step } from './testbed.ts'

/** How long the upstream takes: less than a client waits before it sends its SYN again. */
const UPSTREAM: Milliseconds = 500

const NOTES: Partial<Record<Step['kind'], string>> = {
  deferred: 'the server asks its upstream, and has not answered the SYN',
  'syn-ack-sent': 'the upstream has said yes',
  refused: 'the upstream has said no',
}

export async function deferral(stage: Stage): Promise<void> {
  const { testbed } = stage
  stage.begin(
    'A deferred accept',
    `Before the server answers a SYN it asks an upstream, here a timer of ${UPSTREAM / 1000} s. So the client learns what the upstream says: ` +
      'first yes, then no.',
  )
  const answers: DeferredAnswer[] = ['accept', 'refuse']
  await testbed.open({ ...BOUNDS, deferAccept: () => upstream(answers.shift() ?? 'ignore') })
  testbed.onStep = (step) => stage.draw(step, { note: NOTES[step.kind] })
  await stage.fetch()
  stage.screen.line('')
  stage.newLadder()
  stage.tell(await stage.ask(), 'connection refused')
}

function upstream(answer: DeferredAnswer): Promise<DeferredAnswer> {
  return new Promise((resolve) => setTimeout(resolve, UPSTREAM, answer))
}
