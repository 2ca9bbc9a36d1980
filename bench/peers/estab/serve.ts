/**
 * estab behind a TUN device that was prepared, through the public face: what `npm run bench -- peers` measures.
 *
 *     serve.ts --tun NAME --address 10.9.200.1 [--mtu 1500] [--offload] [--backlog 128] [--verify]
 */
import { parseArgs } from 'node:util'
import { openTun } from '../../../src/host/tun.ts'
import { createNet, type Net } from '../../../src/net/net.ts'
import type { Socket } from '../../../src/net/socket.ts'
import { Block } from './block.ts'

const block = new Block()

/** What each port does with a connection. */
const SERVICES: Readonly<Record<number, (socket: Socket) => void>> = {
  7: echo,
  9: discard,
  19: source,
  80: (socket) => socket.resume().end(),
  81: (socket) => socket.resume(),
}

const { values } = parseArgs({
  options: {
    tun: { type: 'string' },
    address: { type: 'string' },
    mtu: { type: 'string', default: '1500' },
    offload: { type: 'boolean', default: false },
    backlog: { type: 'string', default: '128' },
    verify: { type: 'boolean', default: false },
  },
})

function echo(socket: Socket): void {
  socket.setNoDelay()
  socket.on('data', (chunk: Buffer) => {
    if (socket.write(chunk)) return
    socket.pause()
    socket.once('drain', () => socket.resume())
  })
}

function discard(socket: Socket): void {
  if (!values.verify) {
    socket.resume()
    return
  }
  let at = 0
  socket.on('data', (chunk: Buffer) => {
    if (!block.matches(chunk, at)) fail(`octets from ${at} on are not those that were sent`)
    at += chunk.length
  })
}

function source(socket: Socket): void {
  let request = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    request = Buffer.concat([request, chunk])
    if (request.length !== 8) return
    send(socket, Number(request.readBigUInt64LE()))
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
    socket.end()
    socket.off('drain', more)
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
  const net = createNet({ link, address: `${address}/16` })
  for (const [port, service] of Object.entries(SERVICES)) {
    const server = net.createServer((socket) => {
      socket.on('error', () => {})
      service(socket)
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
