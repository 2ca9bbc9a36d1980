/**
 * estab behind a TUN device that was prepared, through the public face: what `npm run bench -- peers` measures.
 *
 *     serve.ts --tun NAME --address 10.9.200.1 [--mtu 1500] [--offload] [--backlog 128] [--verify] [--data]
 *
 * Octets to discard are read into one buffer (`onread`), or with --data as chunks by 'data' events.
 */
import { parseArgs } from 'node:util'
import { openTun } from '../../../src/host/tun.ts'
import { createNet, type Net } from '../../../src/net/net.ts'
import type { ServerOptions } from '../../../src/net/server-options.ts'
import type { Socket } from '../../../src/net/socket.ts'
import { Block } from './block.ts'

interface Service {
  readonly options?: ServerOptions
  serve(socket: Socket): void
}

const { values } = parseArgs({
  options: {
    tun: { type: 'string' },
    address: { type: 'string' },
    mtu: { type: 'string', default: '1500' },
    offload: { type: 'boolean', default: false },
    backlog: { type: 'string', default: '128' },
    verify: { type: 'boolean', default: false },
    data: { type: 'boolean', default: false },
  },
})

const block = new Block()

/** What is done on each port. */
const SERVICES: Readonly<Record<number, Service>> = {
  7: { options: { noDelay: true }, serve: echo },
  9: values.data
    ? { serve: (socket) => socket.on('data', checker()) }
    : { options: { estab: { onread } }, serve: () => {} },
  19: { serve: source },
  80: { serve: (socket) => socket.resume().end() },
  81: { serve: (socket) => socket.resume() },
}

function echo(socket: Socket): void {
  socket.on('data', (chunk: Buffer) => {
    if (socket.write(chunk)) return
    socket.pause()
    socket.once('drain', () => socket.resume())
  })
}

function onread(): { buffer: Uint8Array; callback: (octets: number) => boolean } {
  const buffer = Buffer.allocUnsafeSlow(65_536)
  const check = checker()
  return {
    buffer,
    callback: (octets) => {
      check(octets === buffer.length ? buffer : buffer.subarray(0, octets))
      return true
    },
  }
}

/** Compares what comes with what was sent, where that is wanted. */
function checker(): (octets: Buffer) => void {
  let at = 0
  return (octets) => {
    if (values.verify && !block.matches(octets, at)) fail(`the octets from ${at} on are not those that were sent`)
    at += octets.length
  }
}

function source(socket: Socket): void {
  let request = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    request = Buffer.concat([request, chunk])
    if (request.length === 8) send(socket, Number(request.readBigUInt64LE()))
  })
}

function send(socket: Socket, octets: number): void {
  let at = 0
  const more = (): void => {
    while (at < octets) {
      const chunk = block.from(at, octets - at)
      at += chunk.length
      if (!socket.write(chunk)) return
    }
    socket.off('drain', more)
    socket.end()
  }
  socket.on('drain', more)
  more()
}

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}

async function serve(): Promise<Net> {
  const { tun: name, address, mtu, offload, backlog } = values
  if (name === undefined || address === undefined) fail('--tun NAME and --address ADDRESS are needed')
  const link = await openTun({ name, mtu: Number(mtu), offload })
  if (offload && link.offload.segmentation === 0) fail(`no offload: ${link.offloadRefusal}`)
  const net = createNet({ link, address: `${address}/16` })
  for (const [port, { options = {}, serve }] of Object.entries(SERVICES)) {
    const server = net.createServer(options, (socket) => {
      socket.on('error', () => {})
      serve(socket)
    })
    server.listen({ port: Number(port), backlog: Number(backlog) })
  }
  return net
}

try {
  const net = await serve()
  console.log('ready')
  process.once('SIGTERM', () => {
    net.close()
    process.exit(0)
  })
} catch (error) {
  fail((error as Error).message)
}
