import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Echo } from '../../src/stack/echo.ts'
import { FAMILIES, type Host, KERNEL, openHost, STACK } from '../kernel/harness.ts'
import { kernelTest } from '../support/namespace.ts'

const run = promisify(execFile)

/** Sends echoes of these sizes, one after another, and waits for what becomes of them. */
async function pinged(host: Host, address: string, size: number, timeout = 5000): Promise<Echo> {
  const echo = host.act(() => host.stack.ping(address, { size, timeout }))
  await host.until(() => echo.roundTrip !== undefined || echo.error !== undefined)
  return echo
}

for (const family of FAMILIES) {
  kernelTest(import.meta.url, `IPv${family}: the kernel answers echoes of up to 64 KiB, in fragments`, async (t) => {
    const host = await openHost(t)
    for (const size of [0, 56, 1452, 1453, 4000, 65_000]) {
      const { error, roundTrip } = await pinged(host, KERNEL[family], size)
      assert.equal(error, undefined, `${size} octets`)
      assert.ok(roundTrip! >= 0 && roundTrip! < 5000)
    }
    const { counters } = host.stack
    const [reassembled, failed] =
      family === 4 ? [counters.IpReasmOKs, counters.IpReasmFails] : [counters.Ip6ReasmOKs, counters.Ip6ReasmFails]
    assert.deepEqual([reassembled, failed], [family === 4 ? 2 : 3, 0])
  })

  kernelTest(import.meta.url, `IPv${family}: the kernel's echoes are answered, in fragments both ways`, async (t) => {
    const host = await openHost(t)
    const answered = await pingByKernel(family)
    if (answered === undefined) {
      t.skip('there is neither ping nor python3')
      return
    }
    assert.equal(answered, 3)
    const { counters } = host.stack
    const counted =
      family === 4
        ? [counters.IpReasmReqds, counters.IpReasmOKs, counters.IpFragOKs, counters.IpFragCreates]
        : [counters.Ip6ReasmReqds, counters.Ip6ReasmOKs, counters.Ip6FragOKs, counters.Ip6FragCreates]
    assert.deepEqual(counted, [9, 3, 3, 9])
  })
}

/** Three echoes of 4000 octets through a raw socket; the answer's data must be the question's. */
const PYTHON = `
import socket, struct, sys
host, v6 = sys.argv[1], sys.argv[2] == '6'
s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_RAW, 58 if v6 else 1)
s.settimeout(5)
data = bytes(i & 255 for i in range(4000))
answered = 0
for number in range(3):
    def message(checksum):
        return struct.pack('!BBHHH', 128 if v6 else 8, 0, checksum, 0x4242, number) + data
    total = sum(struct.unpack('!2004H', message(0)))
    while total >> 16: total = (total & 65535) + (total >> 16)
    s.sendto(message(~total & 65535), (host, 0))
    while True:
        answer = s.recv(65535)[0 if v6 else 20:]
        if answer[0] == (129 if v6 else 0): break
    answered += answer[4:] == message(0)[4:]
print(answered)
`

/** How many of three echoes of 4000 octets to the stack were answered; undefined when nothing is here to send them. */
async function pingByKernel(family: 4 | 6): Promise<number | undefined> {
  const args = [`-${family}`, '-n', '-c', '3', '-i', '0.2', '-W', '2', '-s', '4000', STACK[family]]
  const ping = await ran('ping', args)
  if (ping !== undefined) return Number(/(\d+) received/.exec(ping)?.[1])
  const python = await ran('python3', ['-c', PYTHON, STACK[family], `${family}`])
  return python === undefined ? undefined : Number(python)
}

/** What the program printed; undefined when there is none of this name. */
async function ran(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return (await run(program, args)).stdout
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

kernelTest(import.meta.url, 'an echo to a host that the kernel does not forward to is not answered', async (t) => {
  const host = await openHost(t)
  const { error } = await pinged(host, '198.51.100.1', 56, 300)
  assert.equal(error, 'ETIMEDOUT')
})
