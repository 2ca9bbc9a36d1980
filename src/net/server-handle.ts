import { AsyncResource } from 'node:async_hooks'
import { Reference } from '../host/process-hold.ts'
import type { Connection } from '../tcp/connection.ts'
import type { Incoming } from '../tcp/incoming.ts'
import type { Listener } from '../tcp/listener.ts'
import type { Dispatcher } from './dispatcher.ts'
import { familyOf, type SocketAddress } from './options.ts'
import type { ListenerOptions } from './server-options.ts'

/** Where a server is to listen. Without an address: at all of the stack's, of one family or of both. */
export interface Place {
  address?: string
  family?: 4 | 6
  port: number
}

/** What a handle tells its server. */
export interface ServerHandleOwner {
  /** `mapped`: the client came over IPv4 to a server of both families, which sees its address as `::ffff:1.2.3.4`. */
  accepted(connection: Connection, mapped: boolean): void
  /** A SYN waits for the application's word. */
  asked(incoming: Incoming, mapped: boolean): void
  /** The link is gone: by itself, with the error, or through `Net.close()`. */
  lost(error: Error | undefined): void
}

/** What listens for a server, as the operating system's handle does for node:net's. */
export class ServerHandle {
  owner: ServerHandleOwner
  readonly listener: Listener
  readonly #dispatcher: Dispatcher
  readonly #reference: Reference
  /** Connections come in turns of the event loop that somebody else began: the server's own context is kept for them. */
  readonly #context = new AsyncResource('EstabServer')

  /** @throws {Error} EADDRINUSE, EADDRNOTAVAIL, ENETDOWN, and what the core's `listen` throws */
  constructor(dispatcher: Dispatcher, owner: ServerHandleOwner, place: Place, options: ListenerOptions) {
    dispatcher.checkLink()
    this.owner = owner
    this.#dispatcher = dispatcher
    this.listener = dispatcher.driver.stack.listen({ ...(options as object), ...place })
    this.#reference = new Reference(dispatcher.hold)
    this.#reference.open()
    dispatcher.watchListener(this.listener, (event) => this.#context.runInAsyncScope(() => this.#handle(event)))
  }

  /** Fills in where it listens, and returns 0, as the operating system's handle does. */
  getsockname(out: Partial<SocketAddress>): 0 {
    const { address, family, port } = this.listener
    out.address = address?.toString() ?? (family === undefined ? this.#dispatcher.anyAddress : anyOf(family))
    out.family = familyOf(out.address)
    out.port = port
    return 0
  }

  ref(): void {
    this.#reference.ref()
  }

  unref(): void {
    this.#reference.unref()
  }

  hasRef(): boolean {
    return this.#reference.isOpen && this.#reference.isReferenced
  }

  getAsyncId(): number {
    return this.#context.asyncId()
  }

  /** Half-open and unaccepted connections are reset, the others go on. */
  close(): void {
    this.#reference.close()
    if (!this.listener.open) return
    this.#dispatcher.unwatchListener(this.listener)
    this.listener.close()
    this.#dispatcher.driver.touch()
  }

  #handle(event: Parameters<Parameters<Dispatcher['watchListener']>[1]>[0]): void {
    if (event.type === 'acceptable') this.#accept()
    else if (event.type === 'deferred')
      this.owner.asked(event.incoming, !event.incoming.syn.remoteAddress.includes(':') && this.#maps)
    else {
      this.#reference.close()
      this.owner.lost(event.error)
    }
  }

  #accept(): void {
    const { listener } = this
    for (let next = listener.accept(); next !== undefined; next = listener.accept()) {
      this.owner.accepted(next, next.remote.family === 4 && this.#maps)
    }
    this.#dispatcher.driver.touch()
  }

  /** Whether IPv4 addresses are shown as IPv6 ones. */
  get #maps(): boolean {
    return this.listener.family === undefined && this.#dispatcher.anyAddress === '::'
  }
}

function anyOf(family: 4 | 6): string {
  return family === 6 ? '::' : '0.0.0.0'
}
