import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { connect, TLSSocket } from 'node:tls'
import { createWebPair, type Socket, type Streams, type Tls, type WebNet } from '../../src/web/web.ts'
import { pattern } from '../net/support.ts'
import { selfSigned } from '../support/certificate.ts'
import { collect, rejection } from './support.ts'

const certificate = selfSigned('server.test', '10.0.0.1')

function duplex(streams: Streams | Socket): Duplex {
  return Duplex.fromWeb(streams as Parameters<typeof Duplex.fromWeb>[0])
}

/** Node's TLS over a pair of streams. */
const nodeTls: Tls = (plain, { sni, alpn }) =>
  new Promise((resolve, reject) => {
    const socket = connect({
      socket: duplex(plain),
      servername: sni,
      ALPNProtocols: [...alpn],
      ca: certificate!.cert,
    })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      resolve({ ...(Duplex.toWeb(socket) as Streams), alpn: socket.alpnProtocol || null })
    })
  })

/** The server's side, by node:tls as well. */
function secure(socket: Socket): TLSSocket {
  return new TLSSocket(duplex(socket), { isServer: true, ...certificate, ALPNProtocols: ['echo/2', 'echo/1'] })
}

function pairWithTls(t: TestContext): [WebNet, WebNet] {
  const [server, client] = createWebPair({ tls: nodeTls, lookup: () => '10.0.0.1' })
  t.after(() => {
    client.close()
    server.close()
  })
  return [server, client]
}

const options = { skip: certificate === undefined && 'openssl is missing' }

test("secureTransport 'on': the given TLS, its protocol in opened", options, async (t) => {
  const [server, client] = pairWithTls(t)
  const listener = server.listen(443)
  const socket = client.connect('server.test:443', { secureTransport: 'on', alpn: ['echo/1'] })
  const far = secure(await listener.accept())
  far.pipe(far)
  const { alpn, remoteAddress } = await socket.opened
  assert.deepEqual([alpn, remoteAddress, socket.secureTransport], ['echo/1', '10.0.0.1:443', 'on'])
  const octets = pattern(200_000)
  const writer = socket.writable.getWriter()
  void writer.write(octets)
  const reader = socket.readable.getReader({ mode: 'byob' })
  let came = Buffer.alloc(0)
  while (came.length < octets.length) {
    const { value } = await reader.read(new Uint8Array(50_000))
    came = Buffer.concat([came, value!])
  }
  assert.ok(came.equals(octets))
  assert.throws(() => socket.startTls(), { code: 'ERR_SOCKET_STARTTLS' })
  await socket.close()
})

test('startTls() goes on over the same connection, behind what was written', options, async (t) => {
  const [server, client] = pairWithTls(t)
  const listener = server.listen(25)
  const plain = client.connect('server.test:25', { secureTransport: 'starttls' })
  const far = await listener.accept()
  const { localAddress } = await plain.opened
  const writer = plain.writable.getWriter()
  const written = writer.write('STARTTLS\n')
  const secured = plain.startTls()
  assert.deepEqual([plain.upgraded, secured.upgraded, secured.secureTransport], [true, false, 'on'])
  assert.throws(() => plain.startTls(), { code: 'ERR_SOCKET_STARTTLS' })
  await Promise.all([written, plain.closed])
  const reader = far.readable.getReader({ mode: 'byob' })
  assert.equal(Buffer.from((await reader.read(new Uint8Array(9))).value!).toString(), 'STARTTLS\n')
  reader.releaseLock()
  const farSecured = secure(far)
  farSecured.on('data', (data) => farSecured.end(`you said ${data}`))
  assert.equal((await secured.opened).localAddress, localAddress)
  await secured.writable.getWriter().write(new TextEncoder().encode('hello'))
  assert.equal((await collect(secured.readable)).toString(), 'you said hello')
  assert.equal(client.stack.counters.ActiveOpens, 1)
  await secured.close()
})

test('a handshake that fails rejects opened and closes the connection', options, async (t) => {
  const [server, client] = pairWithTls(t)
  const listener = server.listen(443)
  const socket = client.connect('other.test:443', { secureTransport: 'on' })
  const far = secure(await listener.accept()).on('error', () => {})
  const { code } = await rejection(socket.opened)
  assert.equal(code, 'ERR_TLS_CERT_ALTNAME_INVALID')
  assert.equal((await rejection(socket.readable.getReader().read())).code, code)
  await socket.closed
  far.destroy()
})

test('a connection that is refused rejects before TLS begins', options, async (t) => {
  const [, client] = pairWithTls(t)
  const socket = client.connect('server.test:443', { secureTransport: 'on' })
  assert.equal((await rejection(socket.opened)).code, 'ECONNREFUSED')
  assert.equal((await rejection(socket.closed)).code, 'ECONNREFUSED')
})
