import nodeNet from 'node:net'
import type { NetModule } from '../net/net-module.ts'
import { normalizeArgs } from '../net/options.ts'
import type { SocketConstructor } from '../net/socket.ts'

/**
 * The same net, but that what is the operating system's goes to node:net: sockets for descriptors and handles, and connections
 * to paths. To be made before anything of node:net's is replaced.
 */
export function withForeign(net: NetModule): NetModule {
  const { Socket: NodeSocket, connect: nodeConnect } = nodeNet
  const Socket: SocketConstructor = new Proxy(net.Socket, {
    construct: (target, args, newTarget): object =>
      isForeign(args[0]) && newTarget === Socket
        ? Reflect.construct(NodeSocket, args)
        : Reflect.construct(target, args, newTarget),
    apply: (target, self, args) =>
      isForeign(args[0]) && !(self instanceof target) ? new NodeSocket(args[0]) : Reflect.apply(target, self, args),
  })
  const connect = ((...args: unknown[]) => {
    const [options] = normalizeArgs(args)
    return typeof options.path === 'string'
      ? Reflect.apply(nodeConnect, undefined, args)
      : Reflect.apply(net.connect, undefined, args)
  }) as NetModule['connect']
  return { ...net, Socket, Stream: Socket, connect, createConnection: connect }
}

/** A descriptor, or a handle of Node's own. */
function isForeign(options: unknown): options is { fd?: number } {
  if (typeof options === 'number') return true
  if (options === null || typeof options !== 'object') return false
  const { fd, handle } = options as { fd?: unknown; handle?: unknown }
  return typeof fd === 'number' || (handle !== null && typeof handle === 'object' && 'isStreamBase' in handle)
}
