import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NET, program } from '../register/run.ts'

/** What a program writes, which ends by itself with 0. */
async function output(text: string, type: 'module' | 'commonjs' = 'module'): Promise<string[]> {
  const { code, stdout, stderr } = await program(type, text)
  assert.equal(code, 0, stderr)
  return stdout.trim().split('\n')
}

const IMPORT = `import net from '${NET}'\n`

test('import: the net by default, its parts by name, and createNet', async () => {
  const lines = await output(`
    import net, { connect, createNet, createServer, Server, Socket, Stream } from '${NET}'
    console.log([connect === net.connect, createServer === net.createServer, Server === net.Server].join())
    console.log([Socket === net.Socket, Stream === Socket, typeof createNet, net.createNet === createNet].join())`)
  assert.deepEqual(lines, ['true,true,true', 'true,true,function,true'])
})

test('require gives the net itself', async () => {
  const lines = await output(
    `const net = require('${NET}')
     console.log(typeof net.createServer, typeof net.createNet, net.default)`,
    'commonjs',
  )
  assert.deepEqual(lines, ['function function undefined'])
})

test('nothing is made before it is used, and nothing keeps the process alive', async () => {
  const lines = await output(`${IMPORT}
    const before = process.getActiveResourcesInfo().length
    net.createServer()
    new net.Socket()
    console.log(process.getActiveResourcesInfo().length - before)`)
  assert.deepEqual(lines, ['0'])
})

test('server and client in one process, by address and by name', async () => {
  const lines = await output(`${IMPORT}
    const server = net.createServer((socket) => socket.end(socket.remoteFamily)).listen(0, () => {
      const hosts = ['127.0.0.1', '127.9.9.9', '::1', 'localhost']
      const next = () => {
        const host = hosts.shift()
        if (host === undefined) return server.close()
        net.connect(server.address().port, host).on('data', (data) => console.log(host, String(data))).on('close', next)
      }
      next()
    })`)
  const families = lines.map((line) => line.split(' ')[1])
  assert.deepEqual(families, ['IPv6', 'IPv6', 'IPv6', 'IPv6'])
})

test('an open server keeps the process alive, unreferenced it does not', async () => {
  const lines = await output(`${IMPORT}
    const server = net.createServer().listen(0)
    const began = performance.now()
    setTimeout(() => server.unref(), 200).unref()
    const watch = setInterval(() => {}, 20).unref()
    process.on('exit', () => console.log(performance.now() - began >= 190 && server.listening))`)
  assert.deepEqual(lines, ['true'])
})

test('ref takes unref back, and so does closing', async () => {
  const lines = await output(`${IMPORT}
    const server = net.createServer().unref().listen(0).ref()
    setTimeout(() => { console.log('closes'); server.close() }, 50).unref()`)
  assert.deepEqual(lines, ['closes'])
})

test('open sockets keep the process alive, unreferenced they do not', async () => {
  const lines = await output(`${IMPORT}
    const server = net.createServer((accepted) => {
      server.close()
      accepted.unref()
      setTimeout(() => { console.log('unref'); client.unref() }, 100).unref()
    })
    let client
    server.listen(0, () => { client = net.connect(server.address().port) })
    process.on('exit', () => console.log('exit', client.readyState))`)
  assert.deepEqual(lines, ['unref', 'exit open'])
})

test('a closed connection leaves nothing that keeps the process alive', async () => {
  const lines = await output(`${IMPORT}
    const server = net.createServer((socket) => socket.end('bye')).listen(0, () => {
      net.connect(server.address().port).resume().on('close', () => server.close())
    })
    const began = performance.now()
    process.on('exit', () => console.log(performance.now() - began < 5000))`)
  assert.deepEqual(lines, ['true'])
})

test('what is not of this net is unreachable', async () => {
  const lines = await output(`${IMPORT}
    net.connect(80, '192.0.2.1').on('error', (error) => console.log(error.code))
    net.connect(1, '127.0.0.1').on('error', (error) => console.log(error.code, error.message))`)
  assert.deepEqual(lines.sort(), ['ECONNREFUSED connect ECONNREFUSED 127.0.0.1:1', 'ENETUNREACH'])
})
