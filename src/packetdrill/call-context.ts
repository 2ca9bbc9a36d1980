import { numberOf } from './constants.ts'
import type { Configuration } from './header.ts'
import type { SocketCall, Value } from './script.ts'
import { NotSupported } from './settings.ts'
import { failed, type Outcome, type Socket, type Sockets } from './sockets.ts'
import type { World } from './world.ts'

/** Tries to do the call; undefined while it blocks. Called until it returns. */
export type Attempt = () => Outcome | undefined

/** A call that has been made, and what it may touch. */
export class CallContext {
  readonly call: SocketCall
  readonly world: World
  readonly sockets: Sockets
  readonly configuration: Configuration

  constructor(call: SocketCall, world: World, sockets: Sockets, configuration: Configuration) {
    this.call = call
    this.world = world
    this.sockets = sockets
    this.configuration = configuration
  }

  item(index: number): Value | undefined {
    return this.call.items[index]
  }

  number(index: number, what: string): number {
    return numberOf(this.item(index), what)
  }

  /** The socket that the first item names. @throws {Unusable} EBADF */
  get socket(): Socket {
    const socket = this.sockets.get(this.number(0, 'a file descriptor'))
    if (socket === undefined) throw new Unusable('EBADF')
    return socket
  }

  /** The file descriptor that the script expects to get. @throws {NotSupported} it is taken already */
  get expectedDescriptor(): number {
    const descriptor = this.call.result.kind === 'number' ? this.call.result.value : -1
    if (descriptor >= 0 && this.sockets.has(descriptor)) {
      throw new NotSupported(`the file descriptor ${descriptor} twice: it is open`, this.call.place)
    }
    return descriptor
  }

  /** Puts a socket where the script expects it; what it expects to fail, is not kept. */
  opened(socket: Socket): Outcome {
    const descriptor = this.expectedDescriptor
    if (descriptor >= 0) this.sockets.add(descriptor, socket)
    return { value: Math.max(descriptor, 0) }
  }
}

/** The call cannot be made: it returns -1 and this. */
export class Unusable extends Error {
  override readonly name = 'Unusable'
  readonly errno: string

  constructor(errno: string) {
    super(errno)
    this.errno = errno
  }
}

/** What a socket call returned, as something that does not block. */
export function returned(outcome: Outcome | number): Attempt {
  const result = typeof outcome === 'number' ? { value: outcome } : outcome
  return () => result
}

/** The outcome of a call into the stack, with Node's codes as errors. */
export function guarded(call: () => Outcome): Outcome {
  try {
    return call()
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === undefined) throw error
    return failed(code.startsWith('ERR_') ? 'EINVAL' : code)
  }
}

/** A call whose output is not what the script says. */
export class WrongOutput extends Error {
  override readonly name = 'WrongOutput'
  readonly expected: string
  readonly got: string

  constructor(expected: string, got: string) {
    super(`expected ${expected}, got ${got}`)
    this.expected = expected
    this.got = got
  }
}
