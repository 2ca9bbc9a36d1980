import { createServer, type Server, type Socket } from 'node:net'
import type { Net } from '../net/net.ts'
import { UserError } from './errors.ts'

/**
 * A way into an embedded network for the programs of this machine: a listener on 127.0.0.1 that carries each connection
 * on, through `net`, to `address`.
 */
export function openForwarder(net: Net, address: string, port: number, forwarderPort: number): Promise<Server> {
  const forwarder = createServer({ allowHalfOpen: true }, (outside: Socket) => {
    const inside = net.connect({ host: address, port, allowHalfOpen: true })
    outside.pipe(inside)
    inside.pipe(outside)
    // Either side cut off cuts off the other.
    outside.on('error', () => inside.resetAndDestroy())
    inside.on('error', () => outside.resetAndDestroy())
  })
  return new Promise((resolve, reject) => {
    forwarder.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE'
      reject(
        taken
          ? new UserError(`port ${forwarderPort} of 127.0.0.1 is taken by another program`, 'Way out: another --port.')
          : new UserError(
              `cannot listen on 127.0.0.1 port ${forwarderPort}: ${error.message}`,
              'Way out: --port 8080.',
            ),
      )
    })
    forwarder.listen(forwarderPort, '127.0.0.1', () => resolve(forwarder))
  })
}

/** The forwarder's port for the one that was asked for: the same, unless that takes privileges; 0 is a free one here too. */
export function forwarderPort(wanted: number): number {
  return wanted >= 1024 || wanted === 0 ? wanted : 8000 + wanted
}
