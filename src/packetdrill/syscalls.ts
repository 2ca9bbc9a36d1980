import { type Attempt, type CallContext, Unusable } from './call-context.ts'
import { fcntl, getsockopt, ioctl, poll, setsockopt } from './calls-control.ts'
import { read, readv, recv, recvmsg, sendmsg, sendto, write, writev } from './calls-data.ts'
import { accept, bind, close, connect, listen, shutdown, socket } from './calls-open.ts'
import { NotSupported } from './settings.ts'
import { failed } from './sockets.ts'

/** The socket calls that a script may make. */
export const SYSCALLS: Readonly<Record<string, (context: CallContext) => Attempt>> = {
  socket,
  bind,
  listen,
  accept,
  accept4: accept,
  connect,
  shutdown,
  close,
  read,
  readv,
  recv,
  recvfrom: recv,
  recvmsg,
  write,
  writev,
  send: write,
  sendto,
  sendmsg,
  setsockopt,
  getsockopt,
  fcntl,
  ioctl,
  poll,
}

/** Makes a call: what is returned is to be called until the call does not block. @throws {NotSupported} */
export function makeCall(context: CallContext): Attempt {
  const { name, place } = context.call
  const call = Object.hasOwn(SYSCALLS, name) ? SYSCALLS[name] : undefined
  if (call === undefined) {
    throw new NotSupported(`the call ${name}(). There are: ${Object.keys(SYSCALLS).join(', ')}`, place)
  }
  try {
    return call(context)
  } catch (error) {
    if (!(error instanceof Unusable)) throw error
    const outcome = failed(error.errno)
    return () => outcome
  }
}
