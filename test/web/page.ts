/** What the page of chromium.test.ts runs: its results stand in `globalThis.results`. */
import { createWebLoopback, createWebPair, type Socket, type WebNet } from '../../src/web/web.ts'

const ECHO = 10_000_000

/** Octets that differ everywhere. */
function pattern(length: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(length / 4)
  for (let i = 0, word = 1; i < words.length; i++) {
    word = (Math.imul(word, 1_103_515_245) + 12_345) | 0
    words[i] = word
  }
  return new Uint8Array(words.buffer)
}

async function digest(octets: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', octets)).join()
}

async function serve(net: WebNet, port: number, serve: (socket: Socket) => unknown): Promise<void> {
  for await (const socket of net.listen(port)) serve(socket)
}

async function echo(): Promise<string> {
  const [server, client] = createWebPair()
  void serve(server, 7, (socket) => socket.readable.pipeTo(socket.writable))
  const socket = client.connect('10.0.0.1:7')
  const octets = pattern(ECHO)
  const sent = new Blob([octets]).stream().pipeTo(socket.writable)
  const came = new Uint8Array(ECHO)
  const reader = socket.readable.getReader({ mode: 'byob' })
  let length = 0
  let buffer = new ArrayBuffer(65_536)
  for (;;) {
    const { value, done } = await reader.read(new Uint8Array(buffer))
    if (done) break
    came.set(value, length)
    length += value.length
    buffer = value.buffer as ArrayBuffer
  }
  await Promise.all([sent, socket.closed])
  await client.drained()
  client.close()
  return length === ECHO && (await digest(came)) === (await digest(octets)) ? 'whole' : `${length} octets, or others`
}

async function closing(): Promise<string[]> {
  const net = createWebLoopback()
  const controller = new AbortController()
  const listener = net.listen({ port: 80, signal: controller.signal })
  const accepted = listener.accept()
  const socket = net.connect('localhost:80')
  const far = await accepted
  await socket.close()
  const { done } = await far.readable.getReader().read()
  controller.abort()
  const codes = [`read: ${done ? 'end' : 'octets'}`]
  for (const address of ['127.0.0.1:80', 'example.com:80']) {
    codes.push(await net.connect(address).opened.then(String, ({ message }) => message))
  }
  net.close()
  return codes
}

const run = async (): Promise<unknown> => ({ echo: await echo(), closing: await closing() })
Object.assign(globalThis, { results: run().catch((error) => ({ failed: String(error.stack) })) })
