import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { estab, type Finished, finished, start } from './run.ts'

interface Event {
  event: string
  [field: string]: unknown
}

interface Serving {
  child: ChildProcess
  ended: Promise<Finished>
  port: number
  url: string
}

/** `estab serve` on the embedded wire, behind a free port of 127.0.0.1. */
async function serving(t: TestContext, args: readonly string[]): Promise<Serving> {
  const child = start(['serve', '--link', 'embedded', '--port', '0', '--json', ...args])
  t.after(() => child.kill('SIGKILL'))
  const ended = finished(child)
  const port = await new Promise<number>((resolve, reject) => {
    let output = ''
    child.stdout!.on('data', (chunk) => {
      output += chunk
      if (output.includes('\n')) resolve((JSON.parse(output.split('\n')[0]!) as { reach: { port: number } }).reach.port)
    })
    ended.then(({ stderr }) => reject(new Error(stderr)))
  })
  return { child, ended, port, url: `http://127.0.0.1:${port}` }
}

async function stopped({ child, ended }: Serving): Promise<Event[]> {
  child.kill('SIGTERM')
  const { status, stdout, stderr } = await ended
  assert.equal(stderr, '')
  assert.equal(status, 0)
  const lines = stdout.trim().split('\n')
  return lines.map((line) => JSON.parse(line) as Event)
}

test('a directory: GET and HEAD serve files, PUT and POST are answered with a digest, the rest is refused', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'estab-'))
  t.after(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'page.txt'), 'a page')
  writeFileSync(join(directory, '.secret'), 'not for you')
  const server = await serving(t, ['--http', directory])
  const { url } = server
  const page = await fetch(`${url}/page.txt`)
  assert.equal(await page.text(), 'a page')
  const head = await fetch(`${url}/page.txt`, { method: 'HEAD' })
  assert.deepEqual([head.status, head.headers.get('content-length'), await head.text()], [200, '6', ''])
  assert.equal((await fetch(`${url}/other`)).status, 404)
  assert.equal((await fetch(`${url}/.secret`)).status, 404)
  assert.equal((await fetch(`${url}/%2esecret`)).status, 404)
  const gone = await fetch(`${url}/page.txt`, { method: 'DELETE' })
  assert.deepEqual([gone.status, gone.headers.get('allow')], [405, 'GET, HEAD, PUT, POST'])
  const body = Buffer.alloc(3_000_000, 'estab')
  const digest = createHash('sha256').update(body).digest('hex')
  for (const method of ['PUT', 'POST']) {
    const answer = await fetch(`${url}/up`, { method, body })
    assert.equal(await answer.text(), `sha256: ${digest}\nlength: ${body.length}\n`)
  }
  const events = await stopped(server)
  const requests = events.filter(({ event }) => event === 'request').map(({ method, status }) => `${method} ${status}`)
  assert.deepEqual(requests, [
    'GET 200',
    'HEAD 200',
    'GET 404',
    'GET 404',
    'GET 404',
    'DELETE 405',
    'PUT 200',
    'POST 200',
  ])
})

test('without a directory there is a page', async (t) => {
  const server = await serving(t, [])
  assert.match(await (await fetch(server.url)).text(), /^Hello from estab/)
  await stopped(server)
})

test('echo, and the events of its connection', async (t) => {
  const server = await serving(t, ['--echo', '--backlog', '7', '--synack-waits', '0.5,1'])
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
  socket.end('there and back')
  let text = ''
  for await (const chunk of socket) text += chunk
  assert.equal(text, 'there and back')
  const events = await stopped(server)
  assert.deepEqual(
    events.map(({ event }) => event),
    'listening syn-received syn-ack-sent completed connection connection-closed stopping stopped'.split(' '),
  )
  const [listening, syn, , completed, , closed] = events
  assert.deepEqual([listening!.backlog, listening!.survivalTime], [7, 1500])
  assert.deepEqual([syn!.remoteAddress, syn!.localAddress], ['10.77.0.1', '10.77.0.2'])
  assert.deepEqual([syn!.synQueue, syn!.backlog, syn!.acceptQueue, syn!.acceptBacklog], [1, 7, 0, 7])
  assert.deepEqual([completed!.synQueue, completed!.acceptQueue], [0, 1])
  assert.deepEqual([completed!.irs, completed!.iss], [syn!.irs, syn!.iss])
  assert.deepEqual([closed!.bytesRead, closed!.bytesWritten], [14, 14])
})

test('what the listener is told, and how its count adds up in the end', async (t) => {
  const options = '--accept-backlog 3 --accept-overflow reset --cookies off --synack-waits freebsd --synack-retries 2'
  const server = await serving(t, options.split(' '))
  for (let i = 0; i < 2; i++) await (await fetch(server.url, { headers: { connection: 'close' } })).text()
  const events = await stopped(server)
  const { acceptBacklog, acceptOverflow, cookies, survivalTime } = events[0]!
  assert.deepEqual([acceptBacklog, acceptOverflow, cookies, survivalTime], [3, 'reset', false, 7000])
  const { counters, halfOpen } = events.at(-1)! as unknown as { counters: Record<string, number>; halfOpen: number }
  const sum = (...names: string[]): number => names.reduce((total, name) => total + counters[name]!, 0)
  assert.equal(counters.syns, sum('held', 'cookied', 'refused', 'ignored', 'queueFull'))
  const ends = ['completed', 'reset', 'expired', 'evicted', 'acceptReset', 'closed']
  assert.equal(counters.held, sum(...ends, 'deferRefused', 'deferIgnored', 'deferExpired') + halfOpen)
  assert.deepEqual([counters.completed, counters.accepted], [2, 2])
})

test('--fast-open and --cookies always reach the listener', async (t) => {
  const server = await serving(t, ['--fast-open', '16', '--cookies', 'always'])
  await (await fetch(server.url)).text()
  const [listening] = await stopped(server)
  assert.deepEqual([listening!.fastOpen, listening!.cookies], [16, 'always'])
})

test('discard reads everything, and ends when the client does', async (t) => {
  const server = await serving(t, ['--discard'])
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
  socket.end(Buffer.alloc(5_000_000))
  let length = 0
  for await (const chunk of socket) length += (chunk as Buffer).length
  assert.equal(length, 0)
  const events = await stopped(server)
  assert.equal(events.find(({ event }) => event === 'connection-closed')!.bytesRead, 5_000_000)
})

test('a stop closes connections that are open', async (t) => {
  const server = await serving(t, ['--echo'])
  const socket = connect(server.port, '127.0.0.1')
  const ended = new Promise((resolve) => socket.once('end', resolve))
  socket.write('hello')
  await new Promise((resolve) => socket.once('data', resolve))
  const events = await stopped(server)
  await ended
  assert.equal(events.find(({ event }) => event === 'stopping')!.connections, 1)
})

test('a port of 127.0.0.1 that is taken', async (t) => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  t.after(() => other.close())
  const { port } = other.address() as AddressInfo
  const { status, stdout, stderr } = await estab(['serve', '--link', 'embedded', '--port', `${port}`])
  assert.equal(status, 1)
  assert.equal(stdout, '')
  assert.equal(stderr, `estab: port ${port} of 127.0.0.1 is taken by another program\n  Way out: another --port.\n`)
})

test('ladders by default, and nothing of what happens with --quiet', async (t) => {
  const port = await freePort()
  for (const [args, drawn] of [
    [[], true],
    [['--quiet'], false],
  ] as const) {
    const child = start(['serve', '--link', 'embedded', '--port', `${port}`, ...args])
    t.after(() => child.kill('SIGKILL'))
    const ended = finished(child)
    await new Promise<void>((resolve) =>
      child.stdout!.on('data', (chunk) => `${chunk}`.includes('Ctrl-C') && resolve()),
    )
    await (await fetch(`http://127.0.0.1:${port}/`)).text()
    child.kill('SIGINT')
    const { status, stdout } = await ended
    assert.equal(status, 0)
    assert.equal(/◀── SYN\+ACK \(ack=j\+1, seq=k\)/.test(stdout), drawn)
    assert.equal(stdout.includes('GET / → 200'), drawn)
    assert.match(stdout, /backlog 128, cookies beyond it; an unanswered SYN lives 63\.000 s/)
    assert.match(stdout, /^ {2}1 SYN = 1 connection\.$/m)
  }
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
