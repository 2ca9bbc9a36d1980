/** The stack's side of a transfer both ways that is hashed at both ends, through `estab/net`. */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { openTun } from '../../src/host/tun.ts'
import { createNet } from '../../src/net/net.ts'
import type { Socket } from '../../src/net/socket.ts'
import { PORTS } from './hash-ports.ts'

const { values } = parseArgs({
  options: {
    tun: { type: 'string', default: 'tun0' },
    address: { type: 'string', default: '' },
    mtu: { type: 'string', default: '1500' },
    backlog: { type: 'string', default: '128' },
    verify: { type: 'boolean', default: false },
    offload: { type: 'boolean', default: false },
  },
})

async function receive(socket: Socket): Promise<void> {
  const hash = createHash('sha256')
  // A loop over the socket would destroy it at its end, answer and all.
  socket.on('data', (data: Buffer) => hash.update(data))
  await once(socket, 'end')
  socket.end(hash.digest())
}

async function send(socket: Socket): Promise<void> {
  const [request] = (await once(socket, 'data')) as [Buffer]
  const octets = Number(request.readBigUInt64LE())
  const chunk = randomBytes(1 << 20)
  const hash = createHash('sha256')
  for (let left = octets; left > 0; left -= chunk.length) {
    chunk.writeDoubleLE(left)
    const part = Buffer.from(chunk.subarray(0, Math.min(left, chunk.length)))
    hash.update(part)
    if (!socket.write(part)) await once(socket, 'drain')
  }
  socket.end(hash.digest())
}

const link = await openTun({ name: values.tun, offload: values.offload })
const net = createNet({ link, address: `${values.address}/16` })
const backlog = Number(values.backlog)
for (const [port, serve] of [
  [PORTS.receive, receive],
  [PORTS.send, send],
] as const) {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => void serve(socket))
  server.listen({ port, backlog })
  await once(server, 'listening')
}
process.on('SIGTERM', () => {
  net.close()
  process.exit(0)
})
console.log('ready')
