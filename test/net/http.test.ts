import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import http from 'node:http'
import { type TestContext, test } from 'node:test'
import type { Net } from '../../src/net/net.ts'
import { listening, pair, pattern, SERVER } from './support.ts'

/** Node's own HTTP server on our TCP. */
async function site(t: TestContext, net: Net, handler: http.RequestListener): Promise<void> {
  const server = http.createServer(handler)
  t.after(() => server.closeAllConnections())
  await listening(net.createServer((socket) => server.emit('connection', socket)))
}

function request(net: Net, options: http.RequestOptions, body?: Buffer): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const createConnection = (): ReturnType<Net['connect']> => net.connect(80, SERVER)
    const outgoing = http.request({ host: SERVER, createConnection, ...options }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode!, body: Buffer.concat(chunks) }))
      response.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

test('node:http, both ways, unchanged', async (t) => {
  const { server, client } = pair(t)
  await site(t, server, (incoming, response) => {
    response.setHeader('x-port', `${incoming.socket.remotePort}`)
    response.end(`you asked for ${incoming.url}`)
  })
  const { status, body } = await request(client, { path: '/here' })
  assert.equal(status, 200)
  assert.equal(body.toString(), 'you asked for /here')
})

test('bodies of 8 MiB, up and down', async (t) => {
  const { server, client } = pair(t)
  await site(t, server, (incoming, response) => incoming.pipe(response))
  const octets = pattern(8 * 1024 * 1024)
  const { body } = await request(client, { method: 'POST' }, octets)
  assert.equal(createHash('sha256').update(body).digest('hex'), createHash('sha256').update(octets).digest('hex'))
})

test('an agent keeps the connection for the next request', async (t) => {
  const { server, client } = pair(t)
  const ports = new Set<number | undefined>()
  await site(t, server, (incoming, response) => {
    ports.add(incoming.socket.remotePort)
    response.end('again')
  })
  const agent = new http.Agent({ keepAlive: true })
  agent.createConnection = () => client.connect(80, SERVER)
  t.after(() => agent.destroy())
  for (let i = 0; i < 3; i++) assert.equal((await request(client, { agent })).body.toString(), 'again')
  assert.equal(ports.size, 1)
})
