import type { Milliseconds } from '../../wire/instant.ts'
import { grouped } from '../account.ts'
import { FLOOD_NETWORKS, FLOOD_RATE, FLOOD_SYNS, flood, isOfFlood } from './flood.ts'
import { Meter } from './meter.ts'
import type { Stage } from './stage.ts'
import type { Step } from './testbed.ts'

const FLOOD_BACKLOG = 64

/** So long the client waits where it cannot get in. */
const PATIENCE: Milliseconds = 2000

const NOTES: Partial<Record<Step['kind'], string>> = {
  dropped: 'the SYN queue is full: dropped',
  'cookie-sent': 'k is a cookie: what the SYN said, signed. Nothing is kept',
  'cookie-completed': 'the cookie is back: a connection, past the SYN queue',
}

export async function floods(stage: Stage): Promise<void> {
  stage.begin(
    'A flood of SYNs, without cookies and with them',
    `${grouped(FLOOD_SYNS)} forged SYNs, ${grouped(FLOOD_RATE)} a second, from ${FLOOD_NETWORKS} networks in turn; the backlog is ${FLOOD_BACKLOG}, the ` +
      'schedule the default. Once the SYN queue is full, a real client tries to get in.',
  )
  await underFlood(stage, false)
  stage.screen.line('')
  await underFlood(stage, true)
}

async function underFlood(stage: Stage, cookies: boolean): Promise<void> {
  const { testbed, screen, colors } = stage
  screen.line(`    ${colors.bold(cookies ? 'with cookies' : 'without cookies')}`)
  const listener = await testbed.open({ backlog: FLOOD_BACKLOG, cookies })
  const steps: Step[] = []
  const full = new Promise<void>((resolve) => {
    testbed.onStep = (step) => {
      if (!isOfFlood(step.client)) steps.push(step)
      else if (step.load.synQueue === step.load.backlog) resolve()
    }
  })
  const meter = new Meter(screen, listener, colors)
  const over = flood((source) => testbed.forgeSyn(source, 40_001))
  await Promise.race([full, over])
  const outcome = await stage.ask(cookies ? undefined : PATIENCE)
  await over
  meter.stop()
  screen.line('')
  stage.newLadder()
  for (const step of steps) stage.draw(step, { note: NOTES[step.kind] })
  stage.tell(outcome, cookies ? undefined : `no answer within ${PATIENCE / 1000} s`)
}
