import type { Incoming } from '../tcp/incoming.ts'
import type { DeferredAnswer } from '../tcp/listener.ts'
import type { Dispatcher } from './dispatcher.ts'
import { nodeError } from './node-errors.ts'
import { familyOf } from './options.ts'
import type { DeferHandler, DropData } from './server-options.ts'

type Ends = Pick<DropData, 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>

/** Asks a server's application about a SYN, and hands on what it says, at once or later; `onDrop` is told what goes wrong. */
export function askAbout(
  incoming: Incoming,
  deferAccept: DeferHandler,
  dispatcher: Dispatcher,
  onDrop: (data: NonNullable<DropData['estab']>) => void,
): void {
  const fail = (error: unknown): void => {
    dispatcher.answer(incoming, 'refuse')
    onDrop({ reason: 'defer-failed', error })
  }
  const take = (answer: DeferredAnswer): void => {
    if (!isAnswer(answer)) {
      const wanted = `deferAccept is to answer 'accept', 'refuse' or 'ignore', not ${String(answer)}`
      fail(nodeError(TypeError, 'ERR_INVALID_RETURN_VALUE', wanted))
      return
    }
    const inTime = dispatcher.answer(incoming, answer)
    if (inTime || answer !== 'accept') return
    onDrop({ reason: 'defer-late' })
  }
  let answer: ReturnType<DeferHandler>
  try {
    answer = deferAccept(incoming.syn)
  } catch (error) {
    fail(error)
    return
  }
  if (isAnswer(answer)) take(answer)
  else Promise.resolve(answer).then(take, fail)
}

/** The two ends of a client, as 'drop' gives them. `mapped`: as a server of both families sees an IPv4 client. */
export function dropData(client: Ends, mapped = false): DropData {
  const prefix = mapped ? '::ffff:' : ''
  const localAddress = `${prefix}${client.localAddress}`
  const remoteAddress = `${prefix}${client.remoteAddress}`
  return {
    localAddress,
    localPort: client.localPort,
    localFamily: familyOf(localAddress),
    remoteAddress,
    remotePort: client.remotePort,
    remoteFamily: familyOf(remoteAddress),
  }
}

function isAnswer(answer: unknown): answer is DeferredAnswer {
  return answer === 'accept' || answer === 'refuse' || answer === 'ignore'
}
