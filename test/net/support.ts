import type { EventEmitter } from 'node:events'
import type { TestContext } from 'node:test'
import { RealTime } from '../../src/host/real-time.ts'
import { createWire } from '../../src/link/wire.ts'
import { createNet, type Net } from '../../src/net/net.ts'
import type { Server } from '../../src/net/server.ts'
import type { Socket } from '../../src/net/socket.ts'
import type { TcpConfig } from '../../src/tcp/config.ts'

export const SERVER = '10.0.0.1'
export const CLIENT = '10.0.0.2'

export interface Pair {
  server: Net
  client: Net
}

/** Two nets on a wire in this process. Both are closed when the test ends. */
export function pair(t: TestContext, tcp: Partial<TcpConfig> = {}): Pair {
  const scheduler = new RealTime()
  const [a, b] = createWire(scheduler)
  const server = createNet({ link: a, addresses: [`${SERVER}/24`, 'fd00::1/64'], scheduler, tcp })
  const client = createNet({ link: b, addresses: [`${CLIENT}/24`, 'fd00::2/64'], scheduler, tcp })
  t.after(() => {
    client.close()
    server.close()
  })
  return { server, client }
}

export function listening(server: Server, port = 80): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, () => resolve(server))
  })
}

export function event(emitter: EventEmitter, name: string): Promise<unknown[]> {
  return new Promise((resolve) => emitter.once(name, (...args: unknown[]) => resolve(args)))
}

/** Everything that comes until the end, or an error. */
export async function collect(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Octets that differ everywhere, and are the same in every run. */
export function pattern(length: number): Buffer {
  const octets = Buffer.allocUnsafe(length)
  let word = 1
  for (let i = 0; i < length; i++) {
    word = (Math.imul(word, 1_103_515_245) + 12_345) | 0
    octets[i] = word >>> 16
  }
  return octets
}
