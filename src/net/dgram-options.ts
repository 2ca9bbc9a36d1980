import { isIP } from 'node:net'
import type { Dispatcher } from './dispatcher.ts'
import { invalidArgType, nodeError } from './node-errors.ts'
import { systemLookup } from './system-lookup.ts'

export type SocketType = 'udp4' | 'udp6'

export type DgramLookup = (
  name: string,
  family: number,
  callback: (error: Error | null, address: string, family?: number) => void,
) => void

export interface DgramOptions {
  type: SocketType
  /** Resolves names; it is asked about addresses too. Default: `dns.lookup`, the machine's resolver. */
  lookup?: DgramLookup | undefined
  /** Octets that may wait to be read, 256 for each datagram included; further datagrams are dropped. Default 212,992. */
  recvBufferSize?: number | undefined
  /** Closes it. */
  signal?: AbortSignal | undefined
}

export interface BindOptions {
  port?: number | undefined
  address?: string | undefined
}

/** What the arguments of `bind` say. @throws {TypeError} ERR_INVALID_FD_TYPE */
export function placeOf(args: readonly unknown[]): { port: number | undefined; address: string | undefined } {
  const [first, second] = args
  if (typeof first !== 'object' || first === null) {
    const port = typeof first === 'function' ? undefined : (first as number | undefined)
    return { port, address: typeof second === 'function' ? undefined : (second as string | undefined) }
  }
  const { port, address, fd } = first as BindOptions & { fd?: number }
  if (fd === undefined) return { port, address }
  const message = 'Unsupported fd type: a descriptor of the system is no port of this stack'
  throw nodeError(TypeError, 'ERR_INVALID_FD_TYPE', message)
}

/** The machine's resolver; addresses need none. */
export function machineLookup(dispatcher: Dispatcher): DgramLookup {
  return (name, family, callback) => {
    if (isIP(name) !== 0) process.nextTick(callback, null, name, family)
    else {
      const lookup = dispatcher.lookup ?? systemLookup
      lookup(name, { family }, (error, found, of) =>
        callback(error, typeof found === 'string' ? found : (found?.[0]?.address ?? ''), of),
      )
    }
  }
}

/** @throws {TypeError} ERR_SOCKET_BAD_BUFFER_SIZE */
export function bufferSize(octets: number): number {
  if (typeof octets === 'number' && octets >>> 0 === octets && octets > 0) return octets
  if (typeof octets !== 'number') throw invalidArgType('size', 'number', octets)
  throw nodeError(TypeError, 'ERR_SOCKET_BAD_BUFFER_SIZE', 'Buffer size must be a positive integer')
}
