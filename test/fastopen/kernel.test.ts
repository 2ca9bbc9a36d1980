import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Connection } from '../../src/tcp/connection.ts'
import { ACK, type Segment, SYN } from '../../src/wire/segment.ts'
import { FAMILIES, type Host, KERNEL, openHost, STACK } from '../kernel/harness.ts'
import { kernelTest } from '../support/namespace.ts'

/** Both roles of the kernel's. */
const CLIENT_AND_SERVER = '3'

/** Whether the kernel of this namespace does Fast Open; where it doesn't, the test is skipped and says why. */
function fastOpens(t: TestContext): boolean {
  const setting = '/proc/sys/net/ipv4/tcp_fastopen'
  try {
    writeFileSync(setting, CLIENT_AND_SERVER)
    return true
  } catch (error) {
    t.skip(`the kernel's Fast Open cannot be turned on: ${(error as Error).message}`)
    return false
  }
}

/** A counter of the kernel's, by its name in `nstat -az` without `TcpExt`. */
function kernelCounter(name: string): number {
  const [names, values] = readFileSync('/proc/net/netstat', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' '))
  return Number(values![names!.indexOf(name)])
}

/** The lines that the kernel's end prints. */
function peer(t: TestContext, ...args: (string | number)[]): AsyncIterator<string> {
  const program = fileURLToPath(new URL('peer.ts', import.meta.url))
  const stdio = ['ignore', 'pipe', 'inherit'] as const
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...args.map(String)], { stdio: [...stdio] })
  t.after(() => child.kill())
  return createInterface(child.stdout!)[Symbol.asyncIterator]()
}

async function line(lines: AsyncIterator<string>): Promise<string> {
  return (await lines.next()).value
}

/** Reads up to the period, echoes, and closes. */
async function echo(host: Host, connection: Connection): Promise<void> {
  const octets = await readText(host, connection)
  await host.send(connection, octets)
  host.act(() => connection.close())
}

async function readText(host: Host, connection: Connection): Promise<Buffer> {
  const chunks: Buffer[] = []
  await host.until(() => {
    const chunk = Buffer.alloc(connection.readable)
    host.act(() => connection.receive(chunk))
    chunks.push(chunk)
    return Buffer.concat(chunks).includes('.')
  })
  return Buffer.concat(chunks)
}

/** Connects by Fast Open, sends the text, and reads up to the end. */
async function ask(host: Host, address: string, port: number, text: string): Promise<string> {
  const connection = host.act(() => {
    const opened = host.stack.connect({ address, port, fastOpen: true })
    opened.send(Buffer.from(text))
    return opened
  })
  const answer = await host.readAll(connection)
  host.act(() => connection.close())
  await host.until(() => host.closed.has(connection))
  return answer.toString()
}

const isSynWithData = (segment: Segment): boolean => (segment.flags & (SYN | ACK)) === SYN && segment.length > 0

for (const family of FAMILIES) {
  kernelTest(import.meta.url, `the kernel opens by Fast Open over IPv${family}: our cookie, its data`, async (t) => {
    if (!fastOpens(t)) return
    let onSyn = 0
    const host = await openHost(t, {
      passes: (segment, direction) => {
        if (direction === 'inward' && isSynWithData(segment)) onSyn += segment.length
        return true
      },
    })
    const listener = host.listen({ fastOpen: 4 })
    const lines = peer(t, 'connect', STACK[family], listener.port, 'first.', 'second.', 'third.')
    for (const text of ['first.', 'second.', 'third.']) {
      await echo(host, await host.accept(listener))
      assert.equal(await line(lines), text)
    }
    assert.equal(onSyn, 'second.third.'.length)
    const { TCPFastOpenPassive, TCPFastOpenCookieReqd, TCPFastOpenPassiveFail } = host.stack.counters
    assert.deepEqual([TCPFastOpenPassive, TCPFastOpenCookieReqd, TCPFastOpenPassiveFail], [2, 1, 0])
    assert.equal(kernelCounter('TCPFastOpenActive'), 2)
    assert.equal(kernelCounter('TCPFastOpenActiveFail'), 0)
  })

  kernelTest(import.meta.url, `we open by Fast Open over IPv${family}: the kernel's cookie, our data`, async (t) => {
    if (!fastOpens(t)) return
    let onSyn = 0
    const host = await openHost(t, {
      passes: (segment, direction) => {
        if (direction === 'outward' && isSynWithData(segment)) onSyn += segment.length
        return true
      },
    })
    const lines = peer(t, 'listen', KERNEL[family], 7001, 3)
    assert.equal(await line(lines), 'listening')
    for (const text of ['first.', 'second.', 'third.']) {
      assert.equal(await ask(host, KERNEL[family], 7001, text), text)
      assert.equal(await line(lines), text)
    }
    assert.equal(onSyn, 'second.third.'.length)
    const { TCPFastOpenActive, TCPFastOpenActiveFail } = host.stack.counters
    assert.deepEqual([TCPFastOpenActive, TCPFastOpenActiveFail], [2, 0])
    assert.equal(kernelCounter('TCPFastOpenPassive'), 2)
    assert.equal(kernelCounter('TCPFastOpenPassiveFail'), 0)
    assert.equal(kernelCounter('TCPFastOpenCookieReqd'), 1)
  })
}

kernelTest(import.meta.url, 'the kernel is sent data before its ACK of the SYN-ACK has come', async (t) => {
  if (!fastOpens(t)) return
  let deaf = false
  const host = await openHost(t, {
    passes: (segment, direction) => {
      if (direction === 'inward' && isSynWithData(segment)) deaf = true
      return direction === 'outward' || segment.has(SYN) || !deaf
    },
  })
  const listener = host.listen({ fastOpen: 4 })
  const lines = peer(t, 'connect', STACK[4], listener.port, 'first.', 'second.')
  await echo(host, await host.accept(listener))
  assert.equal(await line(lines), 'first.')
  const connection = await host.accept(listener)
  assert.equal((await readText(host, connection)).toString(), 'second.')
  assert.equal(connection.state, 'SYN-RECEIVED')
  deaf = false
  await host.send(connection, Buffer.from('early'))
  await host.until(() => connection.state === 'ESTABLISHED')
  host.act(() => connection.close())
  assert.equal(await line(lines), 'early')
})

kernelTest(
  import.meta.url,
  "a lost SYN-ACK: the kernel's SYN comes again, bare, and its data is there once",
  async (t) => {
    if (!fastOpens(t)) return
    let synAcks = 0
    const host = await openHost(t, {
      passes: (segment, direction) => direction === 'inward' || !segment.has(SYN) || ++synAcks !== 2,
    })
    const listener = host.listen({ fastOpen: 4, synAckWaits: [10_000] })
    const lines = peer(t, 'connect', STACK[4], listener.port, 'first.', 'second.')
    await echo(host, await host.accept(listener))
    assert.equal(await line(lines), 'first.')
    await echo(host, await host.accept(listener))
    assert.equal(await line(lines), 'second.')
    assert.equal(listener.counters.duplicates, 1)
    assert.equal(listener.counters.fastOpenCompleted, 1)
  },
)

kernelTest(
  import.meta.url,
  'a lost SYN with data: we go on without Fast Open, and the kernel reads it once',
  async (t) => {
    if (!fastOpens(t)) return
    const host = await openHost(t, {
      passes: (segment, direction) => direction === 'inward' || !isSynWithData(segment),
      tcp: { rtoInitial: 200 },
    })
    const lines = peer(t, 'listen', KERNEL[4], 7001, 3)
    assert.equal(await line(lines), 'listening')
    for (const text of ['first.', 'second.', 'third.']) {
      assert.equal(await ask(host, KERNEL[4], 7001, text), text)
      assert.equal(await line(lines), text)
    }
    const { TCPFastOpenActive, TCPFastOpenActiveFail } = host.stack.counters
    assert.deepEqual([TCPFastOpenActive, TCPFastOpenActiveFail], [0, 1])
  },
)

kernelTest(import.meta.url, 'the kernel with the cookie of a key that is gone is given another', async (t) => {
  if (!fastOpens(t)) return
  const host = await openHost(t)
  const listener = host.listen({ fastOpen: 4 })
  const lines = peer(t, 'connect', STACK[4], listener.port, 'first.', 'second.', 'third.')
  await echo(host, await host.accept(listener))
  assert.equal(await line(lines), 'first.')
  const { keys } = host.stack.tcp.fastOpen.cookies
  keys.update(host.scheduler.now() + 3 * 3_600_000)
  for (const text of ['second.', 'third.']) {
    await echo(host, await host.accept(listener))
    assert.equal(await line(lines), text)
  }
  const { TCPFastOpenPassive, TCPFastOpenPassiveFail } = host.stack.counters
  assert.deepEqual([TCPFastOpenPassive, TCPFastOpenPassiveFail], [1, 1])
})
