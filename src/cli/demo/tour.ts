import type { Milliseconds } from '../../wire/instant.ts'
import { accountOf } from '../account.ts'
import { wrap } from '../text.ts'
import { deferral } from './deferral-scene.ts'
import { floods } from './flood-scene.ts'
import { Stage, type StageOptions } from './stage.ts'
import { BACKLOG, BOUNDS, type Step, SYN_ACK_WAITS } from './testbed.ts'

/** The sum of the waits: so long an unanswered entry lives. */
const SURVIVAL: Milliseconds = SYN_ACK_WAITS.reduce((sum, wait) => sum + wait, 0)

/** How long an entry may overstay on a busy machine before the tour calls it an error. */
const GRACE: Milliseconds = 2000

const WAITS = SYN_ACK_WAITS.map((wait) => wait / 1000)

/** The scenes, one after another. Rejects when something does not go as it is told. */
export async function tour(options: StageOptions): Promise<void> {
  const stage = new Stage(options)
  await stage.testbed.open(BOUNDS)
  await normal(stage)
  await lostTwice(stage)
  await silent(stage)
  await full(stage)
  await floods(stage)
  await deferral(stage)
  const { screen, colors, testbed } = stage
  screen.line('')
  screen.line(colors.bold('Every SYN has its end:'))
  for (const text of wrap(accountOf(testbed.listeners), 4)) screen.line(text)
}

async function normal(stage: Stage): Promise<void> {
  stage.begin('A normal handshake', 'A client asks for a page. The connection that carries it opens in three steps.')
  stage.testbed.onStep = (step) => stage.draw(step)
  await stage.fetch()
}

async function lostTwice(stage: Stage): Promise<void> {
  stage.begin(
    'A SYN+ACK that is lost twice',
    `The link swallows the first two; the server sends it again ${WAITS[0]} s later, and ${WAITS[1]} s after that.`,
  )
  stage.testbed.swallow = 2
  stage.testbed.onStep = (step) => stage.draw(step)
  await stage.fetch()
}

async function silent(stage: Stage): Promise<void> {
  stage.begin(
    'A client that never answers',
    `A SYN with a forged source address, at which nobody is. Its entry lives for ${WAITS.join(' + ')} = ${SURVIVAL / 1000} s: ` +
      'a schedule shortened for the tour. The default is 1 + 2 + 4 + 8 + 16 + 32 = 63 s.',
  )
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the entry has outlived its time')), SURVIVAL + GRACE)
    stage.testbed.onStep = (step) => {
      stage.draw(step, { clientText: step.kind === 'syn-received' ? 'SYN, then silence' : 'silence' })
      if (step.kind !== 'expired') return
      clearTimeout(timer)
      resolve()
    }
    stage.testbed.forgeSyn(stage.unused[0]!, 40_001)
  })
  stage.result(`the entry is deleted ${SURVIVAL / 1000} s after its SYN, and its place is free again`)
}

async function full(stage: Stage): Promise<void> {
  const { testbed, unused } = stage
  stage.begin(
    'A backlog that fills, without SYN cookies',
    `${BACKLOG} forged SYNs take all ${BACKLOG} places of the SYN queue. A real client's SYN finds it full and is dropped; the client ` +
      'sends it again, and gets in once the places are free.',
  )
  await testbed.open({ ...BOUNDS, cookies: false })
  const forged = new Set(unused)
  let [dropped, expired, heading] = [0, 0, undefined as Step['ends'] | undefined]
  testbed.onStep = (step) => {
    if (!forged.has(step.client)) {
      heading = step.ends
      if (step.kind !== 'dropped') stage.draw(step)
      else
        stage.draw(step, {
          note: ++dropped === 1 ? 'the SYN queue is full: dropped, and counted' : 'sent again, and dropped again',
        })
    } else if (step.kind === 'syn-received') {
      stage.draw({ ...step, ends: together(step, unused) }, { clientText: 'SYN, then silence' })
    } else if (step.kind === 'expired' && ++expired === BACKLOG) {
      stage.draw({ ...step, ends: heading ?? together(step, unused) }, { clientText: `(the ${BACKLOG} forged ones)` })
    }
  }
  for (const [i, address] of unused.entries()) testbed.forgeSyn(address, 40_001 + i)
  await stage.fetch()
}

/** The forged SYNs differ in nothing that matters here: one heading stands for all. */
function together(step: Step, unused: readonly string[]): Step['ends'] {
  const last = unused.at(-1)!
  const client = `${unused[0]} to ${last.slice(last.search(/[^.:]*$/))}, at which nobody is`
  return { ...step.ends, client, irs: '(one for each)', iss: '(one for each)' }
}
