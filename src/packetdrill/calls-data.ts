import { type Attempt, type CallContext, returned, WrongOutput } from './call-context.ts'
import { connected, dontWait, open } from './calls-open.ts'
import { MSG, numberOf } from './constants.ts'
import { stream, streamOctet } from './raw-packet.ts'
import type { Value } from './script.ts'
import { NotSupported } from './settings.ts'
import { failed, type Socket } from './sockets.ts'

/** The calls that send and receive. */

export function read(context: CallContext): Attempt {
  return receive(context, context.number(2, 'a number of octets'), 0)
}

/** recv() and recvfrom(). */
export function recv(context: CallContext): Attempt {
  return receive(context, context.number(2, 'a number of octets'), context.number(3, 'flags'))
}

export function recvmsg(context: CallContext): Attempt {
  return receive(context, messageLength(context.item(1)), context.number(2, 'flags'))
}

export function readv(context: CallContext): Attempt {
  return receive(context, vectorLength(context.item(1)), 0)
}

/** write() and send(): `(4, ..., 1000)`, and flags behind it. */
export function write(context: CallContext): Attempt {
  const flags = context.call.items.length > 3 ? context.number(3, 'flags') : 0
  return send(context, context.number(2, 'a number of octets'), flags)
}

export function writev(context: CallContext): Attempt {
  return send(context, vectorLength(context.item(1)), 0)
}

export function sendmsg(context: CallContext): Attempt {
  const flags = context.number(2, 'flags')
  return send(context, messageLength(context.item(1)), flags)
}

export function sendto(context: CallContext): Attempt {
  const flags = context.number(3, 'flags')
  const length = context.number(2, 'a number of octets')
  const { socket } = context
  const opens = (flags & MSG.MSG_FASTOPEN) !== 0 && socket.connection === undefined
  return opens ? sendOpening(context, length, flags) : send(context, length, flags & ~MSG.MSG_FASTOPEN)
}

/** `[{..., 1000}, {..., 500}]` */
function vectorLength(value: Value | undefined): number {
  if (value?.kind !== 'list') throw new NotSupported('an iovec that is not written as [{..., 1000}]')
  return value.items.reduce((sum, item) => {
    const length = item.kind === 'struct' ? item.fields[1]?.value : undefined
    return sum + numberOf(length, 'the length of an iovec')
  }, 0)
}

/** `{msg_name(...)=..., msg_iov(1)=[{..., 1000}], msg_flags=0}` */
function messageLength(value: Value | undefined): number {
  const fields = value?.kind === 'struct' ? value.fields : []
  return vectorLength(fields.find(({ name }) => name === 'msg_iov')?.value)
}

function receive(context: CallContext, length: number, flags: number): Attempt {
  const { socket } = context
  const waits = !(socket.nonBlocking || dontWait(context, flags))
  if (socket.connection === undefined) return returned(failed('ENOTCONN'))
  const { connection } = socket
  return () => {
    if (connection.readable > 0) return { value: take(socket, length) }
    const error = socket.takeError()
    if (error !== undefined) return failed(error)
    if (length === 0 || socket.ended) return { value: 0 }
    return waits ? undefined : failed('EAGAIN')
  }
}

/** Reads, and checks that it is the peer's stream. */
function take(socket: Socket, most: number): number {
  const { connection } = socket
  const into = new Uint8Array(Math.min(most, connection!.readable))
  const length = connection!.receive(into)
  const wrong = into.findIndex((octet, i) => i < length && octet !== streamOctet(socket.read + i))
  if (wrong >= 0) throw new WrongOutput('the octets that the peer sent', `another one at ${socket.read + wrong}`)
  socket.read += length
  return length
}

function send(context: CallContext, length: number, flags: number): Attempt {
  const { socket } = context
  const waits = !(socket.nonBlocking || dontWait(context, flags, MSG.MSG_OOB | MSG.MSG_MORE))
  const { connection } = socket
  if (connection === undefined) return returned(failed('EPIPE'))
  let sent = 0
  const urgent = (flags & MSG.MSG_OOB) !== 0
  const holds = socket.corked || (flags & MSG.MSG_MORE) !== 0
  return () => {
    const error = socket.takeError()
    if (error !== undefined) return sent > 0 ? { value: sent } : failed(error)
    if (connection.finQueued || connection.state === 'CLOSED' || connection.state === 'TIME-WAIT')
      return failed('EPIPE')
    if (connection.cork.on !== holds) connection.setCork(holds)
    if (!socket.isConnecting) sent += offer(socket, length - sent, urgent)
    if (sent === length) return { value: sent }
    if (waits) return undefined
    return sent > 0 ? { value: sent } : failed('EAGAIN')
  }
}

function offer(socket: Socket, length: number, urgent = false): number {
  const connection = socket.connection!
  const octets = stream(socket.written, socket.written + length)
  const taken = urgent ? connection.sendUrgent(octets) : connection.send(octets)
  socket.written += taken
  return taken
}

/** sendto() with MSG_FASTOPEN: what goes out on the SYN is taken at once; without a cookie nothing is. */
function sendOpening(context: CallContext, length: number, flags: number): Attempt {
  const { socket, world } = context
  const waits = !(socket.nonBlocking || dontWait(context, flags, MSG.MSG_FASTOPEN))
  if ((world.settings.fastOpen & 1) === 0) return returned(failed('EOPNOTSUPP'))
  const outcome = open(context, context.item(4), true)
  if (outcome.value !== 0) return returned(outcome)
  const known = world.stack.tcp.fastOpen.servers.find(socket.connection!)
  const onSyn = known !== undefined && known.cookie.length > 0 && known.pausedUntil <= world.now
  if (onSyn) return returned(offer(socket, length))
  if (!waits) return returned(failed('EINPROGRESS'))
  const sending = send(context, length, flags & ~MSG.MSG_FASTOPEN)
  return () => {
    const opened = socket.connectTold ? { value: 0 } : connected(socket)
    return opened?.value === 0 ? sending() : opened
  }
}
