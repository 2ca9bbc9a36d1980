import { type Attempt, type CallContext, returned, WrongOutput } from './call-context.ts'
import { numberOf, O_NONBLOCK, POLL, wordOf } from './constants.ts'
import type { Value } from './script.ts'
import { NotSupported } from './settings.ts'
import { SOCKET_OPTIONS, type SocketOption } from './socket-options.ts'
import { failed, type Outcome } from './sockets.ts'

/** The calls that ask about sockets, and set what they do. */

const O_RDWR = 2

/** `[1]` is 1; what is in no list stands for itself. */
function unwrapped(value: Value | undefined): Value {
  const inner = value?.kind === 'list' ? value.items[0] : value
  if (inner === undefined) throw new NotSupported('an option without a value')
  return inner
}

function optionOf(context: CallContext, way: 'set' | 'get'): SocketOption {
  const value = context.item(2)
  const name = wordOf(value)
  const option = name !== undefined && Object.hasOwn(SOCKET_OPTIONS, name) ? SOCKET_OPTIONS[name] : undefined
  if (option?.[way] === undefined) {
    const place = value?.kind === 'word' || value?.kind === 'number' ? value.place : context.call.place
    throw new NotSupported(`${context.call.name}() of ${name ?? 'an option without a name'}`, place)
  }
  return option
}

export function setsockopt(context: CallContext): Attempt {
  const { socket } = context
  optionOf(context, 'set').set!(socket, unwrapped(context.item(3)), context.world.settings)
  return returned(0)
}

export function getsockopt(context: CallContext): Attempt {
  const { socket } = context
  check(context.item(3), optionOf(context, 'get').get!(socket), 'the option')
  return returned(0)
}

/** @throws {WrongOutput} what came is not what the script says, which may say `...` */
function check(expected: Value | undefined, got: number | string, what: string): void {
  const value = unwrapped(expected)
  if (typeof got === 'string') {
    if (value.kind === 'ellipsis' || (value.kind === 'string' && value.text === got)) return
    throw new WrongOutput(
      `${what} = ${value.kind === 'string' ? JSON.stringify(value.text) : 'no text'}`,
      JSON.stringify(got),
    )
  }
  if (value.kind === 'ellipsis' || numberOf(value, what) === got) return
  throw new WrongOutput(`${what} = ${value.kind === 'word' ? value.name : numberOf(value, what)}`, `${got}`)
}

export function fcntl(context: CallContext): Attempt {
  const { socket } = context
  const command = wordOf(context.item(1))
  if (command === 'F_GETFL') return returned(O_RDWR | (socket.nonBlocking ? O_NONBLOCK : 0))
  if (command !== 'F_SETFL') throw new NotSupported(`fcntl() with ${command ?? 'a number'}`, context.call.place)
  socket.nonBlocking = (context.number(2, 'flags') & O_NONBLOCK) !== 0
  return returned(0)
}

export function ioctl(context: CallContext): Attempt {
  const { connection } = context.socket
  if (connection === undefined) return returned(failed('EINVAL'))
  const request = wordOf(context.item(1))
  const unsent = connection.finQueued && !connection.finAcked ? 1 : 0
  switch (request) {
    case 'FIONREAD':
    case 'SIOCINQ':
      check(context.item(2), connection.readable, request)
      return returned(0)
    case 'SIOCOUTQ':
      check(context.item(2), connection.sendBuffer.length + unsent, request)
      return returned(0)
    default:
      throw new NotSupported(`ioctl() with ${request ?? 'a number'}`, context.call.place)
  }
}

interface Polled {
  readonly descriptor: number
  readonly events: number
  readonly expected: number
}

/** `poll([{fd=4, events=POLLIN, revents=POLLIN}], 1, 1000) = 1` */
export function poll(context: CallContext): Attempt {
  const list = context.item(0)
  if (list?.kind !== 'list') throw new NotSupported('poll() of what is no list', context.call.place)
  const polled = list.items.map(polledOf)
  const timeout = context.number(2, 'a time')
  const end = timeout < 0 ? Number.POSITIVE_INFINITY : context.world.now + timeout
  context.world.wake(end)
  return () => {
    const got = polled.map((one) => readinessOf(context, one))
    const ready = got.filter((bits) => bits !== 0).length
    if (ready === 0 && context.world.now < end) return undefined
    const wrong = polled.findIndex((one, i) => one.expected !== got[i])
    if (wrong >= 0) throw new WrongOutput(`revents = ${names(polled[wrong]!.expected)}`, names(got[wrong]!))
    return { value: ready } satisfies Outcome
  }
}

function polledOf(value: Value): Polled {
  const named = (name: string): Value | undefined =>
    value.kind === 'struct' ? value.fields.find((field) => field.name === name)?.value : undefined
  const revents = named('revents')
  return {
    descriptor: numberOf(named('fd'), 'fd'),
    events: numberOf(named('events'), 'events'),
    expected: revents === undefined ? 0 : numberOf(revents, 'revents'),
  }
}

/** Errors and the end of both directions are told whether they were asked for or not. */
function readinessOf({ sockets }: CallContext, { descriptor, events }: Polled): number {
  const readiness = sockets.get(descriptor)?.readiness ?? 0
  return readiness & (events | POLL.POLLERR | POLL.POLLHUP)
}

function names(bits: number): string {
  const set = Object.entries(POLL).flatMap(([name, bit]) => ((bits & bit) === 0 ? [] : [name]))
  return set.length === 0 ? '0' : set.join('|')
}
