import assert from 'node:assert/strict'
import { type ChildProcess, execFile, execFileSync } from 'node:child_process'
import { createHash, randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { type AddressInfo, createConnection, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { kernelTest } from '../support/namespace.ts'
import { estab, finished, start as run } from './run.ts'

const LENGTH = 100_000_000

kernelTest(import.meta.url, 'serve: 100 MB down and up over IPv4 and IPv6; SIGTERM removes the device', async (t) => {
  const { directory, path, digest } = file(t)
  const server = start(t, ['serve', '--json', '--http', directory])
  const ended = finished(server)
  const closed = said(server, '"connection-closed"', 4)
  await said(server, '"listening"')
  assert.equal(isInterface('estab0'), true)
  for (const host of ['10.77.0.2', '[fd77::2]']) {
    assert.equal(sha256(await fetched(`http://${host}/file`)), digest)
    assert.equal((await fetched(`http://${host}/`, path)).toString(), `sha256: ${digest}\nlength: ${LENGTH}\n`)
  }
  await closed
  server.kill('SIGTERM')
  const { status, stdout, stderr } = await ended
  assert.equal(stderr, '')
  assert.equal(status, 0)
  assert.equal(isInterface('estab0'), false)
  const lines = stdout.trim().split('\n')
  const events = lines.map((line) => (JSON.parse(line) as { event: string }).event)
  // Which of the two ends first, the request or its connection, the peer decides.
  const ends = ['request', 'connection-closed']
  const handshake = ['syn-received', 'syn-ack-sent', 'completed', 'connection']
  assert.deepEqual(
    events.filter((event) => !ends.includes(event)),
    ['listening', ...Array(4).fill(handshake).flat(), 'stopping', 'stopped'],
  )
  assert.deepEqual(
    ends.map((end) => events.filter((event) => event === end).length),
    [4, 4],
  )
})

kernelTest(import.meta.url, 'serve: a stop in the midst of a transfer closes its connection, and ends', async (t) => {
  const server = start(t, ['serve', '--discard', '--port', '9', '--quiet'])
  const ended = finished(server)
  await said(server, 'Ctrl-C')
  const socket = createConnection(9, '10.77.0.2')
  socket.on('error', () => {})
  await once(socket, 'connect')
  const pump = (): void => {
    while (socket.writable && socket.write(Buffer.alloc(65_536)));
  }
  socket.on('drain', pump)
  pump()
  await once(socket, 'drain')
  server.kill('SIGINT')
  assert.equal((await ended).status, 0)
  assert.equal(isInterface('estab0'), false)
})

kernelTest(import.meta.url, 'connect: 100 MB both ways with a server of the kernel, over IPv4 and IPv6', async (t) => {
  const { path, digest } = file(t)
  const server = await returning(t, path)
  const { port } = server.address() as AddressInfo
  for (const host of ['10.78.0.1', 'fd78::1']) {
    const client = start(t, ['connect', host, `${port}`])
    const hash = createHash('sha256')
    client.stdout!.on('data', (chunk: Buffer) => hash.update(chunk))
    createReadStream(path).pipe(client.stdin!)
    const [[received], [status]] = await Promise.all([once(server, 'received'), once(client, 'close')])
    assert.equal(received, digest)
    assert.equal(hash.digest('hex'), digest)
    assert.equal(status, 0)
  }
})

kernelTest(import.meta.url, 'connect: refused, and no answer: one line, status 1', async () => {
  const refused = await estab(['connect', '10.78.0.1', '7'])
  assert.equal(refused.stderr, 'estab: 10.78.0.1 port 7: connection refused: nobody listens there\n')
  assert.equal(refused.status, 1)
  const silent = await estab(['connect', '10.78.0.9', '7', '--timeout', '0.2'])
  assert.equal(silent.stderr, 'estab: 10.78.0.9 port 7: timed out: no answer\n')
  assert.equal(silent.status, 1)
})

kernelTest(
  import.meta.url,
  'what a newcomer meets: a device in use, an address in use, a device of another kind',
  async (t) => {
    const server = start(t, ['serve', '--json'])
    const ended = finished(server)
    await said(server, '"listening"')
    const mistakes: [args: string[], cause: RegExp][] = [
      [[], /estab0 is in use by another process/],
      [['--tun', 'estab9', '--address', '10.77.0.3/24'], /10\.77\.0\.1 is an address of estab0 already/],
      [['--tun', 'lo'], /lo is a network device already, and no TUN device/],
    ]
    for (const [args, cause] of mistakes) {
      const { status, stderr } = await estab(['serve', ...args])
      assert.match(stderr, cause)
      assert.doesNotMatch(stderr, /\n\s+at /)
      assert.equal(status, 1)
    }
    server.kill('SIGTERM')
    assert.equal((await ended).status, 0)
  },
)

/** Starts `estab`; what still runs when the test ends is ended. */
function start(t: TestContext, args: readonly string[]): ChildProcess {
  const child = run(args)
  t.after(() => child.kill('SIGKILL'))
  return child
}

function file(t: TestContext): { directory: string; path: string; digest: string } {
  const directory = mkdtempSync(join(tmpdir(), 'estab-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const octets = randomFillSync(Buffer.allocUnsafe(LENGTH))
  const path = join(directory, 'file')
  writeFileSync(path, octets)
  return { directory, path, digest: sha256(octets) }
}

function isInterface(name: string): boolean {
  return readFileSync('/proc/net/dev', 'utf8').includes(`${name}:`)
}

function sha256(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex')
}

/** Resolves when the command has written `text`, so many times. */
function said(child: ChildProcess, text: string, times = 1): Promise<void> {
  let output = ''
  return new Promise((resolve) => {
    child.stdout!.on('data', (chunk) => {
      output += chunk
      if (output.split(text).length > times) resolve()
    })
  })
}

/** Downloads; with a path, uploads the file there. By curl, or by Node where it is not installed: the TCP is the kernel's. */
async function fetched(url: string, path?: string): Promise<Buffer> {
  if (!hasCurl()) return fetchedByNode(url, path)
  const args = ['-sS', '-g', '--noproxy', '*', ...(path === undefined ? [] : ['--upload-file', path]), url]
  const { stdout } = await promisify(execFile)('curl', args, { encoding: 'buffer', maxBuffer: 2 * LENGTH })
  return stdout
}

function fetchedByNode(url: string, path?: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: path === undefined ? 'GET' : 'PUT' }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve(Buffer.concat(chunks)))
    })
    request.on('error', reject)
    if (path === undefined) request.end()
    else createReadStream(path).pipe(request)
  })
}

function hasCurl(): boolean {
  try {
    execFileSync('curl', ['--version'])
    return true
  } catch {
    return false
  }
}

/** A server of the kernel's: reads to the end, tells the digest as 'received', and sends the file at `path`. */
async function returning(t: TestContext, path: string): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const hash = createHash('sha256')
    socket.on('data', (chunk) => hash.update(chunk))
    socket.on('end', () => {
      server.emit('received', hash.digest('hex'))
      createReadStream(path).pipe(socket)
    })
  })
  server.listen(0, '::')
  await once(server, 'listening')
  t.after(() => server.close())
  return server
}
