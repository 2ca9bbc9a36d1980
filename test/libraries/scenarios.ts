/** What the libraries are asked to do, unchanged, wherever their sockets come from. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import type { Socket } from 'node:net'
import { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import tls from 'node:tls'
import { Agent, fetch } from 'undici'
import { WebSocket, WebSocketServer } from 'ws'
import { selfSigned } from '../support/certificate.ts'
import type { Ground } from './ground.ts'

export interface Scenario {
  readonly name: string
  readonly needsCertificate?: boolean
  run(ground: Ground): Promise<void>
}

/** Made when it is first asked for; the name is what is asked for by. */
let made: ReturnType<typeof selfSigned>
function certificate(): { key: string; cert: string } {
  made ??= selfSigned('server.test')
  assert.ok(made, 'the program openssl is missing')
  return made
}

const CHUNK = Buffer.alloc(1_000_000, 'estab')

/** So many octets, chunk by chunk. */
function* octets(length: number): Generator<Buffer> {
  for (let left = length; left > 0; left -= CHUNK.length) yield CHUNK.subarray(0, Math.min(left, CHUNK.length))
}

/** Counts what it is given, and compares it with {@link octets}. */
class Judge extends Writable {
  length = 0

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    for (let at = 0; at < chunk.length; ) {
      const from = this.length % CHUNK.length
      const span = Math.min(chunk.length - at, CHUNK.length - from)
      if (chunk.compare(CHUNK, from, from + span, at, at + span) !== 0)
        throw new Error(`other octets at ${this.length}`)
      at += span
      this.length += span
    }
    done()
  }
}

/** An HTTP server that echoes, gives and takes much, and upgrades. */
async function serveHttp(ground: Ground, port: number): Promise<http.Server> {
  const server = http.createServer(async (request, response) => {
    if (request.url === '/much') await pipeline(octets(ground.much), response)
    else if (request.url === '/take') {
      const judge = new Judge()
      await pipeline(request, judge)
      response.end(`${judge.length}`)
    } else response.end(`${request.url} from ${request.socket.remotePort}`)
  })
  server.on('upgrade', (_, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n')
    socket.pipe(socket)
  })
  await ground.listen(port, (socket) => server.emit('connection', socket))
  return server
}

async function answer(request: http.ClientRequest): Promise<http.IncomingMessage> {
  request.end()
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  return response
}

const nodeHttp: Scenario = {
  name: 'node:http: requests, keep-alive, pipelining, upgrade',
  async run(ground) {
    const server = await serveHttp(ground, 80)
    const createConnection = (): Socket => ground.connect(80)
    const options = { host: ground.host, createConnection }
    assert.match(await text(await answer(http.request({ ...options, path: '/one' }))), /^\/one from \d+$/)

    const agent = Object.assign(new http.Agent({ keepAlive: true, maxSockets: 1 }), { createConnection })
    const ports = new Set<string>()
    for (let i = 0; i < 3; i++) {
      ports.add((await text(await answer(http.request({ host: ground.host, agent, path: '/again' })))).split(' ')[2]!)
    }
    assert.equal(ports.size, 1)
    agent.destroy()

    const socket = ground.connect(80)
    const request = (n: number): string =>
      `GET /${n} HTTP/1.1\r\nHost: x\r\nConnection: ${n < 3 ? 'keep-alive' : 'close'}\r\n\r\n`
    socket.write([1, 2, 3].map(request).join(''))
    const answers = [...(await text(socket)).matchAll(/\/(\d) from/g)].map(([, n]) => n)
    assert.deepEqual(answers, ['1', '2', '3'])

    const upgrading = http.request({ ...options, headers: { connection: 'Upgrade', upgrade: 'echo' } })
    upgrading.end()
    const [{ statusCode }, upgraded] = (await once(upgrading, 'upgrade')) as [http.IncomingMessage, Socket]
    assert.equal(statusCode, 101)
    upgraded.write('up')
    assert.equal(String((await once(upgraded, 'data'))[0]), 'up')
    upgraded.destroy()
    server.closeAllConnections()
  },
}

const muchHttp: Scenario = {
  name: 'node:http: much, chunked, down and up',
  async run(ground) {
    await serveHttp(ground, 80)
    const options = { host: ground.host, createConnection: () => ground.connect(80) }
    const judge = new Judge()
    const response = await answer(http.request({ ...options, path: '/much' }))
    assert.equal(response.headers['transfer-encoding'], 'chunked')
    await pipeline(response, judge)
    assert.equal(judge.length, ground.much)
    const request = http.request({ ...options, path: '/take', method: 'POST' })
    const answered = once(request, 'response') as Promise<[http.IncomingMessage]>
    await pipeline(octets(ground.much), request)
    assert.equal(await text((await answered)[0]), `${ground.much}`)
  },
}

/** TLS over a connection of the ground's. */
function secured(ground: Ground, port: number, options: tls.ConnectionOptions = {}): tls.TLSSocket {
  return tls.connect({ socket: ground.connect(port), ca: certificate().cert, servername: 'server.test', ...options })
}

const nodeTls: Scenario = {
  name: 'node:tls and node:https',
  needsCertificate: true,
  async run(ground) {
    const plain = tls.createServer(certificate(), (socket) => socket.pipe(socket))
    await ground.listen(9443, (socket) => plain.emit('connection', socket))
    const socket = secured(ground, 9443)
    const closed = once(socket, 'close')
    socket.end(CHUNK)
    assert.ok((await Readable.from(socket).toArray()).length > 0 && socket.authorized)
    await closed

    const server = https.createServer(certificate(), (request, response) => request.pipe(response))
    await ground.listen(443, (raw) => server.emit('connection', raw))
    const request = https.request({
      host: 'server.test',
      method: 'POST',
      ca: certificate().cert,
      createConnection: () => secured(ground, 443),
    })
    const answered = once(request, 'response') as Promise<[http.IncomingMessage]>
    // The echo is read meanwhile: no buffer on the way need hold it all.
    const sent = pipeline(octets(3_000_000), request)
    const judge = new Judge()
    await Promise.all([sent, answered.then(([response]) => pipeline(response, judge))])
    assert.equal(judge.length, 3_000_000)
    server.closeAllConnections()
  },
}

/** Three requests at once over one connection, one of them with a body both ways. */
async function askHttp2(session: http2.ClientHttp2Session): Promise<void> {
  const ask = async (path: string, body?: Iterable<Buffer>): Promise<number> => {
    const stream = session.request({ ':path': path, ':method': body === undefined ? 'GET' : 'POST' })
    const judge = new Judge()
    const down = pipeline(stream, judge)
    if (body === undefined) stream.end()
    else for (const chunk of body) if (!stream.write(chunk)) await once(stream, 'drain')
    stream.end()
    await down
    return judge.length
  }
  assert.deepEqual(await Promise.all([ask('/'), ask('/', octets(3_000_000)), ask('/', octets(10))]), [0, 3_000_000, 10])
  session.close()
  await once(session, 'close')
}

const nodeHttp2: Scenario = {
  name: 'node:http2, plain and over TLS',
  needsCertificate: true,
  async run(ground) {
    const echo = (stream: http2.ServerHttp2Stream): void => {
      stream.respond({ ':status': 200 })
      stream.pipe(stream)
    }
    const plain = http2.createServer().on('stream', echo)
    await ground.listen(82, (socket) => plain.emit('connection', socket))
    await askHttp2(http2.connect('http://server.test', { createConnection: () => ground.connect(82) }))
    const secure = http2.createSecureServer(certificate()).on('stream', echo)
    await ground.listen(444, (socket) => secure.emit('connection', socket))
    const createConnection = (): tls.TLSSocket => secured(ground, 444, { ALPNProtocols: ['h2'] })
    await askHttp2(http2.connect('https://server.test', { createConnection }))
  },
}

const undici: Scenario = {
  name: 'undici: fetch, with a connector',
  async run(ground) {
    const server = await serveHttp(ground, 80)
    const dispatcher = new Agent({
      connect(_, done) {
        const socket = ground.connect(80)
        socket.once('connect', () => done(null, socket))
        socket.once('error', (error) => done(error, null))
      },
    })
    assert.match(await (await fetch(`http://${ground.host}/it`, { dispatcher })).text(), /^\/it from/)
    const body = Readable.from(octets(3_000_000))
    const taken = await fetch(`http://${ground.host}/take`, { dispatcher, method: 'POST', body, duplex: 'half' })
    assert.equal(await taken.text(), '3000000')
    await dispatcher.close()
    server.closeAllConnections()
  },
}

const ws: Scenario = {
  name: 'ws: both sides, text, binary, ping, close',
  async run(ground) {
    const server = http.createServer()
    await ground.listen(80, (socket) => server.emit('connection', socket))
    const sockets = new WebSocketServer({ server, maxPayload: 4_000_000 })
    sockets.on('connection', (socket) =>
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
    )
    const client = new WebSocket(`ws://${ground.host}/`, { createConnection: () => ground.connect(80) })
    await once(client, 'open')
    client.send('text')
    assert.equal(String((await once(client, 'message'))[0]), 'text')
    client.send(CHUNK)
    assert.ok(CHUNK.equals((await once(client, 'message'))[0]))
    client.ping('still there?')
    assert.equal(String((await once(client, 'pong'))[0]), 'still there?')
    client.close(1000, 'bye')
    const [code, reason] = await once(client, 'close')
    assert.deepEqual([code, String(reason)], [1000, 'bye'])
    server.closeAllConnections()
  },
}

export const SCENARIOS: readonly Scenario[] = [nodeHttp, muchHttp, nodeTls, nodeHttp2, undici, ws]
