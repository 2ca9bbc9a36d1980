import type { EventEmitter } from 'node:events'
import type net from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

export type NodeNet = typeof net

/** What a program does with a net; what it logs is to be the same on any. */
export type Program = (net: NodeNet, log: (...values: unknown[]) => void) => Promise<void> | void

/** The next event's arguments; an 'error' is an event like others. */
export function next(emitter: EventEmitter, name: string): Promise<unknown[]> {
  return new Promise((resolve) => emitter.once(name, (...args: unknown[]) => resolve(args)))
}

export async function listening(server: Server, ...args: unknown[]): Promise<number> {
  Reflect.apply(server.listen, server, args.length === 0 ? [0, '127.0.0.1'] : args)
  await next(server, 'listening')
  return portOf(server)
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

export function closed(server: Server): Promise<unknown[]> {
  const done = next(server, 'close')
  server.close()
  return done
}

/** A connection from a client to a server, at both ends. */
export async function connected(
  net: NodeNet,
  server: Server,
  port: number,
): Promise<[client: Socket, accepted: Socket]> {
  const accepted = next(server, 'connection')
  const client = net.connect(port, '127.0.0.1')
  await next(client, 'connect')
  return [client, (await accepted)[0] as Socket]
}

/** Ends them, and waits until they are closed. */
export async function ended(...sockets: Socket[]): Promise<void> {
  await Promise.all(
    sockets.map((socket) => {
      const done = socket.closed ? Promise.resolve() : next(socket, 'close')
      socket.resume().destroy()
      return done
    }),
  )
}

/** What can be compared of an error. Ports that chance has chosen are written as PORT. */
export function told(error: unknown, ...ports: number[]): unknown {
  if (!(error instanceof Error)) return error
  const hide = (text: string): string => ports.reduce((rest, port) => rest.replaceAll(`${port}`, 'PORT'), text)
  const { code, errno, syscall, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  const where = port !== undefined && ports.includes(port) ? 'PORT' : port
  return { name: error.name, message: hide(error.message), code, errno, syscall, address, port: where }
}

/** What a call throws, or what it returns. */
export function thrown(call: () => unknown): unknown {
  try {
    call()
    return 'nothing is thrown'
  } catch (error) {
    return told(error)
  }
}

/** Lets everything happen that is waiting to. */
export function turns(count = 3): Promise<void> {
  return new Promise((resolve) => {
    const again = (left: number): void => {
      if (left === 0) resolve()
      else setImmediate(again, left - 1)
    }
    again(count)
  })
}
