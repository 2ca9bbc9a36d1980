import type { TestContext } from 'node:test'
import { createWebPair, type Socket, type WebNet, type WebPairOptions } from '../../src/web/web.ts'

export const SERVER = '10.0.0.1'

export interface Pair {
  server: WebNet
  client: WebNet
}

/** Two nets on a wire in this process. Both are closed when the test ends. */
export function pair(t: TestContext, options: WebPairOptions = {}): Pair {
  const [server, client] = createWebPair(options)
  t.after(() => {
    client.close()
    server.close()
  })
  return { server, client }
}

/** Both ends of one connection, client first. */
export async function connected(
  t: TestContext,
  options: {
    client?: Parameters<WebNet['connect']>[1]
    server?: Parameters<WebNet['listen']>[0]
  } & WebPairOptions = {},
): Promise<Pair & { near: Socket; far: Socket }> {
  const { client: near, server: far, ...rest } = options
  const nets = pair(t, rest)
  const listener = nets.server.listen(typeof far === 'number' ? far : { port: 80, ...far })
  const socket = nets.client.connect({ hostname: SERVER, port: listener.address.port }, near)
  return { ...nets, near: socket, far: await listener.accept() }
}

/** Everything up to the end. */
export async function collect(readable: ReadableStream<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of readable) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it has not rejected')
}
