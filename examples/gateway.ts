import net from 'node:net'
import type { Forward, IncomingConnection } from '../src/net/forward.ts'
import type { Net } from '../src/net/net.ts'

interface Place {
  host: string
  port: number
}

/**
 * Makes a stack the way out of guests: what they ask for is carried on by this machine's own connections, without
 * privileges. `leads` says where to; undefined is nowhere. A guest hears "connected" when upstream is, and "connection
 * refused" when that fails.
 */
export function openGateway(inside: Net, leads: (incoming: IncomingConnection) => Place | undefined): Forward {
  return inside.forward((incoming) => {
    const place = leads(incoming)
    if (place === undefined) incoming.refuse()
    else carry(incoming, place)
  })
}

function carry(incoming: IncomingConnection, { host, port }: Place): void {
  const { signal } = incoming
  // A guest that gives up ends the attempt.
  const upstream = net.connect({ host, port, signal, allowHalfOpen: true })
  const refuse = (): unknown => incoming.refuse()
  upstream.once('error', refuse)
  upstream.once('connect', () => {
    upstream.off('error', refuse)
    const guest = incoming.accept({ allowHalfOpen: true })
    guest.pipe(upstream).pipe(guest)
    // Either side cut off cuts off the other.
    guest.once('error', () => upstream.resetAndDestroy())
    upstream.once('error', () => guest.resetAndDestroy())
  })
}
