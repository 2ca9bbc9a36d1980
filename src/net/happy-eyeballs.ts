import type { Timer } from '../link/scheduler.ts'
import { socketError } from './errors.ts'
import { connectionTimeout, ipBlocked } from './node-errors.ts'
import { bindTo, type Opening, unboundEnd } from './opening.ts'
import type { Destination } from './options.ts'
import { connectError, type SocketCore } from './socket-core.ts'
import type { SocketFace } from './socket-face.ts'

/** Tries the addresses of a name one after the other, each for a limited time (RFC 8305, as node:net does it). */
export function openOneOf(
  socket: SocketFace,
  core: SocketCore,
  opening: Opening,
  destinations: readonly Destination[],
): void {
  socket.autoSelectFamilyAttemptedAddresses = []
  new Attempts(socket, core, opening, destinations).next()
}

class Attempts {
  readonly #socket: SocketFace
  readonly #core: SocketCore
  readonly #opening: Opening
  readonly #destinations: readonly Destination[]
  readonly #errors: Error[] = []
  #tried = 0
  #timer: Timer | undefined

  constructor(socket: SocketFace, core: SocketCore, opening: Opening, destinations: readonly Destination[]) {
    this.#socket = socket
    this.#core = core
    this.#opening = opening
    this.#destinations = destinations
  }

  next(): void {
    this.#timer?.cancel()
    if (this.#core.signal?.aborted) return
    const destination = this.#destinations[this.#tried]
    if (destination === undefined) {
      this.#giveUp()
      return
    }
    if (this.#tried++ > 0) this.#core.newHandle()
    this.#attempt(destination)
  }

  #attempt({ address, family }: Destination): void {
    const { port } = this.#opening
    const socket = this.#socket
    const handle = this.#core.handle!
    const local = bindTo(this.#opening, family)
    const refused = local && handle.bind(local.address, local.port)
    if (refused !== undefined) {
      this.#errors.push(socketError('bind', refused, local!.address, local!.port))
      this.next()
      return
    }
    if (this.#core.blockList?.check(address, family === 6 ? 'ipv6' : 'ipv4')) {
      this.#failed({ address, family }, ipBlocked(address))
      return
    }
    socket.emit('connectionAttempt', address, port, family)
    socket.autoSelectFamilyAttemptedAddresses!.push(`${address}:${port}`)
    const attempt = { address, family, local }
    this.#core.onConnected = (code) => {
      this.#timer?.cancel()
      if (code === undefined) this.#core.connected()
      else this.#failed(attempt, connectError(code, address, port, local))
    }
    const code = handle.connect(address, port, this.#core.wishes)
    if (code !== undefined) {
      this.#failed(attempt, socketError('connect', code, address, port, unboundEnd(local, family)))
      return
    }
    this.#core.opened()
    if (this.#tried < this.#destinations.length) this.#limit(attempt)
  }

  #failed({ address, family }: Destination, error: Error): void {
    this.#errors.push(error)
    this.#socket.emit('connectionAttemptFailed', address, this.#opening.port, family, error)
    if (this.#socket.connecting) this.next()
  }

  #limit({ address, family, local }: Destination & { local: ReturnType<typeof bindTo> }): void {
    const { port, attemptTimeout } = this.#opening
    const { scheduler } = this.#core.context.dispatcher.driver
    const { handle } = this.#core
    this.#timer = scheduler.at(scheduler.now() + attemptTimeout, () => {
      if (this.#core.handle !== handle || !this.#socket.connecting) return
      this.#socket.emit('connectionAttemptTimeout', address, port, family)
      this.#errors.push(connectError('ETIMEDOUT', address, port, local))
      if (!this.#socket.connecting) return
      handle?.close()
      this.next()
    })
  }

  #giveUp(): void {
    const errors = this.#errors
    if (errors.length === 0) {
      this.#socket.destroy(connectionTimeout())
      return
    }
    const { code } = errors[0] as { code?: string }
    this.#socket.destroy(Object.assign(new AggregateError(errors), { code }))
  }
}
