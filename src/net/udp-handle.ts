import { Reference } from '../host/process-hold.ts'
import type { UdpSocket } from '../udp/udp-socket.ts'
import { IpAddress } from '../wire/address.ts'
import type { Dispatcher } from './dispatcher.ts'
import { codeOf, errnoException } from './errors.ts'
import { familyOf, type SocketAddress } from './options.ts'

/** Who sent a datagram. */
export interface RemoteInfo extends SocketAddress {
  /** Octets. */
  readonly size: number
}

export interface UdpHandleOwner {
  onMessage(message: Buffer, from: RemoteInfo): void
  onError(error: Error): void
  /** The link is gone: by itself, with the error, or through `Net.close()`. */
  onLost(error: Error | undefined): void
}

interface Waiting {
  readonly octets: Uint8Array
  readonly port: number
  readonly address: string | undefined
  readonly done: (code: string | undefined) => void
}

/** How long the link is given to drain, ms. */
const RETRY = 1

/** What a datagram socket has beneath it: a UDP port of the stack's. Calls give codes in place of throwing. */
export class UdpHandle {
  readonly owner: UdpHandleOwner
  readonly reference: Reference
  readonly #dispatcher: Dispatcher
  readonly #family: 4 | 6
  #socket: UdpSocket | undefined
  #hopLimit = 64
  #receiveBuffer: number | undefined
  /** What found no room on the way to the link: as much as the user has sent. */
  #waiting: Waiting[] = []
  #forget: () => void = () => {}
  #closed = false

  constructor(dispatcher: Dispatcher, family: 4 | 6, owner: UdpHandleOwner) {
    this.#dispatcher = dispatcher
    this.#family = family
    this.owner = owner
    this.reference = new Reference(dispatcher.hold)
  }

  bind(address: string, port: number): string | undefined {
    const isAny = address === '0.0.0.0' || address === '::'
    try {
      this.#dispatcher.checkLink()
      const receiveBuffer = this.#receiveBuffer
      this.#socket = this.#dispatcher.driver.stack.bind({
        family: this.#family,
        port,
        ...(isAny ? {} : { address }),
        ...(receiveBuffer === undefined ? {} : { receiveBuffer }),
      })
    } catch (error) {
      return systemCode(error)
    }
    this.#socket.hopLimit = this.#hopLimit
    this.#socket.onNews = () => this.#read()
    this.reference.open()
    this.#forget = this.#dispatcher.onLost((error) => this.owner.onLost(error))
    return undefined
  }

  connect(address: string, port: number): string | undefined {
    try {
      this.#socket!.connect(IpAddress.parse(this.#dispatcher.hereIfAny(address))!, port)
    } catch (error) {
      return systemCode(error)
    }
    return undefined
  }

  disconnect(): void {
    this.#socket?.disconnect()
  }

  /** Without an address: to whom it is connected. `done` is called within the call if it can be. */
  send(octets: Uint8Array, port: number, address: string | undefined, done: Waiting['done']): void {
    if (this.#waiting.length > 0) this.#waiting.push({ octets, port, address, done })
    else if (!this.#trySend({ octets, port, address, done })) this.#retryLater({ octets, port, address, done })
  }

  close(): void {
    this.#closed = true
    this.#forget()
    this.reference.close()
    this.#socket?.close()
    const waiting = this.#waiting
    this.#waiting = []
    for (const { done } of waiting) done('ECANCELED')
  }

  /** Undefined: it is not bound. */
  get local(): SocketAddress | undefined {
    if (this.#socket === undefined) return undefined
    const address = this.#socket.local?.toString() ?? (this.#family === 6 ? '::' : '0.0.0.0')
    return { address, family: familyOf(address), port: this.#socket.port }
  }

  get peer(): SocketAddress | undefined {
    const address = this.#socket?.remote?.toString()
    return address && this.#socket ? { address, family: familyOf(address), port: this.#socket.remotePort } : undefined
  }

  set hopLimit(hopLimit: number) {
    this.#hopLimit = hopLimit
    if (this.#socket !== undefined) this.#socket.hopLimit = hopLimit
  }

  get receiveBuffer(): number | undefined {
    return this.#socket?.receiveBuffer ?? this.#receiveBuffer
  }

  set receiveBuffer(octets: number) {
    this.#receiveBuffer = octets
    if (this.#socket !== undefined) this.#socket.receiveBuffer = octets
  }

  get queuedCount(): number {
    return this.#waiting.length
  }

  get queuedOctets(): number {
    return this.#waiting.reduce((sum, { octets }) => sum + octets.length, 0)
  }

  /** False: there is no room on the way to the link. */
  #trySend({ octets, port, address, done }: Waiting): boolean {
    let code: string | undefined
    try {
      const to = address === undefined ? undefined : IpAddress.parse(this.#dispatcher.hereIfAny(address))!
      this.#socket!.send(octets, 0, octets.length, to, to === undefined ? undefined : port)
      this.#dispatcher.driver.touch()
    } catch (error) {
      code = systemCode(error)
      if (code === 'ENOBUFS') return false
    }
    done(code)
    return true
  }

  #retryLater(waiting: Waiting): void {
    this.#waiting.push(waiting)
    const { scheduler } = this.#dispatcher.driver
    const retry = (): void => {
      while (this.#waiting.length > 0 && this.#trySend(this.#waiting[0]!)) this.#waiting.shift()
      if (this.#waiting.length > 0) scheduler.at(scheduler.now() + RETRY, retry)
    }
    scheduler.at(scheduler.now() + RETRY, retry)
  }

  #read(): void {
    const socket = this.#socket!
    const code = socket.takeError()
    if (code !== undefined) this.owner.onError(errnoException('recvmsg', code))
    while (!this.#closed) {
      const next = socket.receive()
      if (next === undefined) return
      const { buffer, byteOffset, length } = next.octets
      const address = next.address.toString()
      const from = { address, family: familyOf(address), port: next.port, size: length }
      this.owner.onMessage(Buffer.from(buffer, byteOffset, length), from)
    }
  }
}

/** What Linux says of addresses that are of another family, or not one host's. */
function systemCode(error: unknown): string {
  const code = codeOf(error) ?? 'EINVAL'
  return code.startsWith('ERR_') ? 'EINVAL' : code
}
