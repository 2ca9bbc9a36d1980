/**
 * A program: the kernel's end of a bulk transfer, in a process of its own, through node:net. It sends, half-closes, and
 * reads to the end; then it prints what it sent and got, as JSON.
 *
 *     peer.ts connect HOST PORT OCTETS
 *     peer.ts listen HOST OCTETS       prints the port first
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Bulk } from './bulk.ts'

const [mode, host, ...rest] = process.argv.slice(2)
const octets = Number(rest.at(-1))

if (mode === 'connect') {
  const socket = connect({ host: host!, port: Number(rest[0]), allowHalfOpen: true })
  await once(socket, 'connect')
  await transfer(socket)
} else {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, host)
  await once(server, 'listening')
  console.log((server.address() as AddressInfo).port)
  const [socket] = (await once(server, 'connection')) as [Socket]
  server.close()
  await transfer(socket)
}

async function transfer(socket: Socket): Promise<void> {
  const hash = createHash('sha256')
  let received = 0
  socket.on('data', (chunk: Buffer) => {
    hash.update(chunk)
    received += chunk.length
  })
  const ended = once(socket, 'end')
  const bulk = new Bulk(octets, 1)
  while (!bulk.isEmpty) {
    const chunk = Buffer.from(bulk.peek())
    bulk.take(chunk.length)
    if (!socket.write(chunk)) await once(socket, 'drain')
  }
  socket.end()
  await ended
  console.log(JSON.stringify({ sent: bulk.digest(), received: hash.digest('hex'), octets: received }))
}
