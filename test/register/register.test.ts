import assert from 'node:assert/strict'
import { test } from 'node:test'
import { selfSigned } from '../support/certificate.ts'
import { program, REGISTER } from './run.ts'

const certificate = selfSigned('localhost', '127.0.0.1')
const secure = { skip: certificate === undefined && 'openssl is missing' }
const TLS = `const tlsOptions = ${JSON.stringify(certificate ?? {})}
  const trust = { ca: tlsOptions.cert, servername: 'localhost' }`

/** What a program writes, which ends by itself with 0. `seen` holds what was said of the native handles that it made. */
async function output(text: string, type: 'module' | 'commonjs' = 'module'): Promise<string[]> {
  // A socket or server of the system's is counted by Node: there is to be none.
  const watched = `${text}
    process.on('exit', () => console.log('system sockets:', made))`
  const { code, stdout, stderr } = await program(
    type,
    `${type === 'module' ? HOOKS : REQUIRED_HOOKS}${watched}`,
    REGISTER,
  )
  assert.equal(code, 0, stderr)
  const lines = stdout.trim().split('\n')
  assert.equal(lines.pop(), 'system sockets: 0')
  return lines
}

const COUNT = `let made = 0
  createHook({ init(_id, type) { if (/^TCP(SERVER)?WRAP$/.test(type)) made++ } }).enable()
`
const HOOKS = `import { createHook } from 'node:async_hooks'\n${COUNT}`
const REQUIRED_HOOKS = `const { createHook } = require('node:async_hooks')\n${COUNT}`

test('import and require of node:net give the same net, which is estab', async () => {
  const lines = await output(`
    import net, { Socket } from 'node:net'
    import other from 'net'
    import { createRequire } from 'node:module'
    const require = createRequire(process.cwd() + '/x.js')
    console.log(net === other, require('net') === net, require('node:net').Socket === Socket)
    console.log('estab' in Socket.prototype, net.Socket === Socket)`)
  assert.deepEqual(lines, ['true true true', 'true true'])
})

test('a CommonJS program', async () => {
  const lines = await output(
    `const net = require('net')
     const server = net.createServer((socket) => socket.end('here')).listen(0, () => {
       net.connect(server.address().port).on('data', (data) => console.log(String(data))).on('close', () => server.close())
     })`,
    'commonjs',
  )
  assert.deepEqual(lines, ['here'])
})

test('http: server, client, agent, upgrade', async () => {
  const lines = await output(`
    import http from 'node:http'
    import net from 'node:net'
    const server = http.createServer((request, response) => response.end(request.method + ' ' + request.url))
    server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\\r\\nconnection: upgrade\\r\\nupgrade: x\\r\\n\\r\\n'))
    console.log(server instanceof net.Server, server instanceof http.Server)
    server.listen(0, async () => {
      const { port } = server.address()
      const agent = new http.Agent({ keepAlive: true })
      const get = (path) => new Promise((resolve) => http.get({ port, path, agent }, async (response) => {
        const { socket } = response
        let text = ''
        for await (const chunk of response) text += chunk
        console.log(text, 'estab' in socket)
        resolve()
      }))
      await get('/a')
      await get('/b')
      agent.destroy()
      http.get({ port, headers: { connection: 'upgrade', upgrade: 'x' } }).on('upgrade', (response, socket) => {
        console.log(response.statusCode)
        socket.destroy()
        server.close()
      })
    })`)
  assert.deepEqual(lines, ['true true', 'GET /a true', 'GET /b true', '101'])
})

test('fetch', async () => {
  const lines = await output(`
    import http from 'node:http'
    const server = http.createServer((request, response) => request.pipe(response)).listen(0, async () => {
      const response = await fetch('http://localhost:' + server.address().port, { method: 'POST', body: 'text' })
      console.log(response.status, await response.text())
      server.close()
      server.closeAllConnections()
    })`)
  assert.deepEqual(lines, ['200 text'])
})

test('tls, both sides: events, ends, data', secure, async () => {
  const lines = await output(`
    import tls from 'node:tls'
    ${TLS}
    const server = tls.createServer(tlsOptions, (socket) => socket.end('from ' + socket.remoteAddress)).listen(0, '127.0.0.1', () => {
      const socket = tls.connect({ port: server.address().port, host: '127.0.0.1', ...trust })
      console.log(socket.connecting, socket instanceof tls.TLSSocket)
      for (const name of ['connect', 'secureConnect', 'end', 'close']) socket.on(name, () => console.log(name))
      socket.on('secureConnect', () => console.log(socket.authorized, socket.remoteAddress, socket.remotePort === server.address().port))
      socket.on('data', (data) => console.log(String(data)))
      socket.on('close', () => server.close())
    })`)
  const ends = ['true 127.0.0.1 true', 'from 127.0.0.1', 'end', 'close']
  assert.deepEqual(lines, ['true true', 'connect', 'secureConnect', ...ends])
})

test('tls.connect to where nobody listens', async () => {
  const lines = await output(`
    import tls from 'node:tls'
    tls.connect(1, '127.0.0.1').on('error', (error) => console.log(error.message)).on('close', () => console.log('close'))`)
  assert.deepEqual(lines, ['connect ECONNREFUSED 127.0.0.1:1', 'close'])
})

test('https, server and client', secure, async () => {
  const lines = await output(`
    import https from 'node:https'
    ${TLS}
    const server = https.createServer(tlsOptions, (request, response) => response.end(request.url)).listen(0, () => {
      https.get({ port: server.address().port, path: '/here', ...trust }, async (response) => {
        for await (const chunk of response) console.log(String(chunk), response.socket.remoteFamily)
        server.close()
      })
    })`)
  assert.equal(lines.length, 1)
  assert.match(lines[0]!, /^\/here IPv[46]$/)
})

test('http2, plain and secure', secure, async () => {
  const lines = await output(`
    import http2 from 'node:http2'
    import { once } from 'node:events'
    ${TLS}
    for (const [scheme, server] of [['http', http2.createServer()], ['https', http2.createSecureServer(tlsOptions)]]) {
      server.on('stream', (stream) => { stream.respond({ ':status': 200 }); stream.end(scheme) }).listen(0)
      await once(server, 'listening')
      const session = http2.connect(scheme + '://localhost:' + server.address().port, trust)
      const request = session.request({ ':path': '/' })
      request.on('data', (data) => console.log(String(data)))
      await once(request, 'close')
      session.close()
      server.close()
    }`)
  assert.deepEqual(lines, ['http', 'https'])
})

test("what is the system's stays the system's: pipes, descriptors, paths, child processes", async () => {
  const lines = await output(`
    import net from 'node:net'
    import { execSync } from 'node:child_process'
    console.log(String(execSync('echo child')).trim())
    const error = await new Promise((resolve) => net.connect('/nowhere/at/all').on('error', resolve))
    console.log(error.code)
    try { net.createServer().listen('/nowhere/at/all') } catch (error) { console.log(error.code) }`)
  assert.deepEqual(lines, ['child', 'ENOENT', 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM'])
})
