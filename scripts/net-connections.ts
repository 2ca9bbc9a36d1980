/**
 * Connections by the thousand through `estab/net` and node:net, server and client in this process:
 * node --expose-gc --import tsx scripts/net-connections.ts [--open 10000] [--row 100000]
 */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import nodeNet, { type AddressInfo, type Server } from 'node:net'
import { parseArgs } from 'node:util'
import estab from '../src/net/index.ts'

type Net = typeof nodeNet

const { values } = parseArgs({
  options: { open: { type: 'string' }, row: { type: 'string' }, only: { type: 'string' }, work: { type: 'string' } },
})
const OPEN = Number(values.open ?? 10_000)
const ROW = Number(values.row ?? 100_000)
/** Connections that are on their way at once. */
const AT_ONCE = 64

const collect = (globalThis as { gc?: () => void }).gc
if (collect === undefined) throw new Error('run it with node --expose-gc')

/** Octets in use once all that was waiting to be done and freed is. */
async function memory(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    collect!()
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + Math.max(external, arrayBuffers)
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Calls `work` so many times, a few at once. */
async function each(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const run = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, run))
}

function report(name: string, what: string, began: number, octets: number, per: number): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  const each = Math.round(octets / per)
  process.stdout.write(
    `${name.padEnd(9)} ${what.padEnd(42)} ${seconds.padStart(6)} s  ${String(each).padStart(7)} octets each\n`,
  )
}

/** Both ends of a connection count: it is one connection's server and client. */
async function idle(name: string, net: Net): Promise<void> {
  const server = net.createServer()
  const port = await listening(server)
  const before = await memory()
  const began = performance.now()
  const sockets: nodeNet.Socket[] = []
  await each(OPEN, async () => {
    const socket = net.connect(port, '127.0.0.1')
    sockets.push(socket)
    await once(socket, 'connect')
  })
  report(name, `${OPEN} idle connections, both ends`, began, (await memory()) - before, OPEN)
  for (const socket of sockets) socket.destroy()
  server.close()
  await once(server, 'close')
  sockets.length = 0
  report(name, '  when they are closed', began, (await memory()) - before, OPEN)
}

/** A request on each of so many connections, which are all open at once, and stay so until all have been answered. */
async function throughHttp(name: string, net: Net): Promise<void> {
  const before = await memory()
  const began = performance.now()
  const site = http.createServer((_request, response) => response.end('ok'))
  // Those whose agent is destroyed: the kernel tells of some as reset.
  const server = net.createServer((socket) =>
    site.emit(
      'connection',
      socket.on('error', () => {}),
    ),
  )
  const port = await listening(server)
  const agent = new http.Agent({ keepAlive: true, maxSockets: OPEN, maxFreeSockets: OPEN })
  agent.createConnection = () => net.connect(port, '127.0.0.1').on('error', () => {})
  let answered = 0
  await Promise.all(
    Array.from({ length: OPEN }, async () => {
      const request = http.get({ agent, host: '127.0.0.1', port })
      // The kernel resets some of so many that come at once.
      const [response] = (await once(request, 'response').catch(() => [])) as [http.IncomingMessage?]
      if (response === undefined) return
      response.resume()
      await once(response, 'end')
      answered++
    }),
  )
  const open = await new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)))
  report(name, `${answered} answers over ${open} connections of http`, began, (await memory()) - before, OPEN)
  agent.destroy()
  server.close()
  await once(server, 'close')
  report(name, '  when they are closed', began, (await memory()) - before, OPEN)
}

/** Opened and closed, one after another, a few at once. */
async function inARow(name: string, net: Net, count: number): Promise<void> {
  const server = net.createServer((socket) => socket.end())
  const port = await listening(server)
  const one = async (): Promise<void> => {
    await once(net.connect(port, '127.0.0.1').resume(), 'close')
  }
  const before = await memory()
  const began = performance.now()
  await each(count, one)
  report(name, `${count} opened and closed`, began, (await memory()) - before, count)
  server.close()
}

/** What there is to be made once is made before anything is counted. */
async function warmUp(net: Net): Promise<void> {
  const server = net.createServer((socket) => socket.end())
  const port = await listening(server)
  await each(500, async () => void (await once(net.connect(port, '127.0.0.1').resume(), 'close')))
  server.close()
}

const NETS: Record<string, Net> = { estab, 'node:net': nodeNet }
const WORK: Record<string, (name: string, net: Net) => Promise<void>> = {
  idle,
  http: throughHttp,
  row: (name, net) => inARow(name, net, ROW),
}

/** Each in a process of its own, so that none finds what another has left. */
function inProcesses(): void {
  for (const work of Object.keys(WORK)) {
    for (const name of Object.keys(NETS)) {
      // The kernel runs out of ports.
      if (work === 'row' && name === 'node:net') continue
      const only = ['--only', name, '--work', work, '--open', `${OPEN}`, '--row', `${ROW}`]
      spawnSync(process.execPath, [...process.execArgv, process.argv[1]!, ...only], { stdio: 'inherit' })
    }
  }
}

if (values.only === undefined) {
  inProcesses()
} else {
  const net = NETS[values.only]!
  await warmUp(net)
  await WORK[values.work!]!(values.only, net)
}
