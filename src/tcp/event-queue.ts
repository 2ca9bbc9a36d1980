import type { Connection } from './connection.ts'
import { CLOSED, CONNECTED, READABLE, type StackEvent, TROUBLE, URGENT, WRITABLE } from './events.ts'
import { Fifo } from './fifo.ts'
import type { Listener } from './listener.ts'

type OfConnection = Exclude<Extract<StackEvent, { connection: Connection }>, { type: 'closed' }>

/**
 * Who has something to tell the application. What was told and not yet heard is told once: a connection stands here at
 * most once, with the bits of what happened, so the queue is no longer than there are connections and listeners.
 */
export class EventQueue {
  private readonly connections: Fifo<Connection> = new Fifo<Connection>()
  private readonly listeners: Fifo<Listener> = new Fifo<Listener>()
  private readonly ofListener: Extract<StackEvent, { type: 'acceptable' }> = {
    type: 'acceptable',
    listener: undefined as unknown as Listener,
  }
  private readonly ofConnection: OfConnection = {
    type: 'readable',
    connection: undefined as unknown as Connection,
  }
  private readonly ofEnd: Extract<StackEvent, { type: 'closed' }> = {
    type: 'closed',
    connection: undefined as unknown as Connection,
    get error() {
      return this.connection.error
    },
  }

  addConnection(connection: Connection): void {
    this.connections.push(connection)
  }

  addListener(listener: Listener): void {
    if (listener.told) return
    listener.told = true
    this.listeners.push(listener)
  }

  /** Listeners first: a connection is heard of after it could be accepted. */
  next(): StackEvent | undefined {
    for (let listener = this.listeners.peek(); listener !== undefined; listener = this.listeners.peek()) {
      const incoming = listener.open ? listener.nextIncoming() : undefined
      if (incoming !== undefined) return { type: 'deferred', listener, incoming }
      this.listeners.shift()
      listener.told = false
      if (!listener.open || listener.acceptQueueLength === 0) continue
      this.ofListener.listener = listener
      return this.ofListener
    }
    const connection = this.connections.peek()
    return connection === undefined ? undefined : this.take(connection)
  }

  private take(connection: Connection): StackEvent {
    const bit = connection.events & -connection.events
    connection.events &= ~bit
    if (connection.events === 0) this.connections.shift()
    if (bit === CLOSED) {
      this.ofEnd.connection = connection
      return this.ofEnd
    }
    this.ofConnection.connection = connection
    this.ofConnection.type = NAMES[bit]!
    return this.ofConnection
  }
}

const NAMES: Readonly<Record<number, OfConnection['type']>> = {
  [CONNECTED]: 'connected',
  [URGENT]: 'urgent',
  [READABLE]: 'readable',
  [WRITABLE]: 'writable',
  [TROUBLE]: 'trouble',
}
