/** The kernel's side of a transfer both ways that is hashed at both ends. Prints Gbit/s as JSON; fails if digests differ. */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { DIGEST_LENGTH, PORTS } from './hash-ports.ts'

const [host, count] = process.argv.slice(2) as [string, string]
const octets = Number(count)
const chunk = randomBytes(1 << 20)

async function open(port: number): Promise<Socket> {
  const socket = connect(port, host)
  await once(socket, 'connect')
  return socket
}

async function readAll(socket: Socket, expected: number): Promise<{ digest: Buffer; rest: Buffer }> {
  const hash = createHash('sha256')
  let seen = 0
  let rest = Buffer.alloc(0)
  for await (const data of socket as AsyncIterable<Buffer>) {
    const part = data.subarray(0, Math.max(0, expected - seen))
    hash.update(part)
    seen += part.length
    if (part.length < data.length) rest = Buffer.concat([rest, data.subarray(part.length)])
  }
  if (seen !== expected || rest.length !== DIGEST_LENGTH) throw new Error(`${seen + rest.length} octets have come`)
  return { digest: hash.digest(), rest }
}

function gigabits(began: number): number {
  return (8 * octets) / (performance.now() - began) / 1e6
}

/** To the stack, which answers with its digest. */
async function receive(): Promise<number> {
  const socket = await open(PORTS.receive)
  const answer = readAll(socket, 0)
  const hash = createHash('sha256')
  const began = performance.now()
  for (let left = octets; left > 0; left -= chunk.length) {
    // Each block is another, and each order of them gives another digest.
    chunk.writeDoubleLE(left)
    const part = Buffer.from(chunk.subarray(0, Math.min(left, chunk.length)))
    hash.update(part)
    if (!socket.write(part)) await once(socket, 'drain')
  }
  socket.end()
  compare(hash.digest(), (await answer).rest)
  return gigabits(began)
}

/** From the stack: the octets, then its digest of them. */
async function send(): Promise<number> {
  const socket = await open(PORTS.send)
  const request = Buffer.alloc(8)
  request.writeBigUInt64LE(BigInt(octets))
  const began = performance.now()
  socket.write(request)
  const { digest, rest } = await readAll(socket, octets)
  compare(digest, rest)
  return gigabits(began)
}

function compare(own: Buffer, other: Buffer): void {
  if (!own.equals(other))
    throw new Error(`SHA-256 differs: ${own.toString('hex')} here, ${other.toString('hex')} there`)
}

console.log(JSON.stringify({ receive: await receive(), send: await send() }))
