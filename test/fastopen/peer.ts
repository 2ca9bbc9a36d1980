/**
 * A program: the kernel's end of connections by Fast Open, in a process of its own, since every call blocks. Prints what
 * it read on each connection, a line each.
 *
 *     peer.ts connect HOST PORT TEXT...    a connection for each text, which goes out with the SYN if the kernel can
 *     peer.ts listen HOST PORT COUNT       so many connections; each is read up to `.`, echoed and closed
 */
import assert from 'node:assert/strict'
import { IpAddress } from '../../src/wire/address.ts'
import { writeUint16, writeUint32 } from '../../src/wire/octets.ts'

const SOCK_STREAM = 1
const AF_INET = 2
const AF_INET6 = 10
const IPPROTO_TCP = 6
const TCP_FASTOPEN = 23
const MSG_FASTOPEN = 0x2000_0000

const { load, errno } = (await import('koffi')).default
const libc = load(null)
const socket = libc.func('socket', 'int', ['int', 'int', 'int'])
const bind = libc.func('bind', 'int', ['int', 'void *', 'uint32'])
const listen = libc.func('listen', 'int', ['int', 'int'])
const accept = libc.func('accept', 'int', ['int', 'void *', 'void *'])
const setsockopt = libc.func('setsockopt', 'int', ['int', 'int', 'int', 'void *', 'uint32'])
const sendto = libc.func('sendto', 'int', ['int', 'void *', 'size_t', 'int', 'void *', 'uint32'])
const write = libc.func('write', 'int', ['int', 'void *', 'size_t'])
const read = libc.func('read', 'int', ['int', 'void *', 'size_t'])
const close = libc.func('close', 'int', ['int'])

const [mode, host, port, ...rest] = process.argv.slice(2)
const address = sockaddr(host!, Number(port))
const fd = (): number => done(socket(host!.includes(':') ? AF_INET6 : AF_INET, SOCK_STREAM, 0))

if (mode === 'connect') {
  for (const text of rest) {
    const client = fd()
    const octets = Buffer.from(text)
    done(sendto(client, octets, octets.length, MSG_FASTOPEN, address, address.length))
    console.log(readAll(client, () => false))
    close(client)
  }
} else {
  const server = fd()
  done(bind(server, address, address.length))
  done(setsockopt(server, IPPROTO_TCP, TCP_FASTOPEN, new Int32Array([16]), 4))
  done(listen(server, 16))
  console.log('listening')
  for (let left = Number(rest[0]); left > 0; left--) {
    const connection = done(accept(server, null, null))
    const text = readAll(connection, (got) => got.endsWith('.'))
    const octets = Buffer.from(text)
    done(write(connection, octets, octets.length))
    close(connection)
    console.log(text)
  }
}

function readAll(from: number, enough: (got: string) => boolean): string {
  const into = Buffer.alloc(4096)
  let got = ''
  while (!enough(got)) {
    const length = done(read(from, into, into.length))
    if (length === 0) break
    got += into.toString('latin1', 0, length)
  }
  return got
}

function done(result: number): number {
  assert.ok(result >= 0, `errno ${errno()}`)
  return result
}

function sockaddr(text: string, port: number): Uint8Array {
  const { family, a, b, c, d } = IpAddress.parse(text)!
  const octets = new Uint8Array(family === 4 ? 16 : 28)
  new Uint16Array(octets.buffer, 0, 1)[0] = family === 4 ? AF_INET : AF_INET6
  writeUint16(octets, 2, port)
  const words = family === 4 ? [d] : [0, a, b, c, d]
  words.forEach((word, i) => {
    writeUint32(octets, 4 + 4 * i, word)
  })
  return octets
}
