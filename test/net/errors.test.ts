/** The errors of connections, as node:net has them, where it takes a network to bring them about. */
import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { test } from 'node:test'
import { tap } from '../../src/link/tap.ts'
import { createWire } from '../../src/link/wire.ts'
import { createNet, type Net } from '../../src/net/net.ts'
import type { ConnectOptions } from '../../src/net/options.ts'
import type { Socket } from '../../src/net/socket.ts'
import { Simulation } from '../../src/sim/simulation.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { CLIENT, event, SERVER } from './support.ts'

interface Line {
  client: Net
  server: Net
  /** From now on nothing of this IP version reaches the server. */
  cut(...versions: number[]): void
  /** Moves the clock, a step at a time, and lets promises run. */
  pass(ms: number): Promise<void>
}

function line(): Line {
  const clock = new VirtualClock()
  const gone = new Set<number>()
  const [a, b] = createWire(clock)
  const link = tap(b, { filter: (octets, start) => !gone.has(octets[start]! >>> 4) })
  const server = createNet({ link: a, addresses: [`${SERVER}/24`, 'fd00::1/64'], scheduler: clock })
  const client = createNet({ link, addresses: [`${CLIENT}/24`, 'fd00::2/64'], scheduler: clock })
  const pass = async (ms: number): Promise<void> => {
    for (const end = clock.now() + ms; ; ) {
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
      if (clock.now() >= end) return
      clock.run(Math.min(end, Math.max(clock.next, clock.now() + 1)))
    }
  }
  return { client, server, cut: (...versions) => versions.forEach((version) => void gone.add(version)), pass }
}

function errorOf(socket: Socket): Promise<NodeJS.ErrnoException & { address?: string; port?: number }> {
  return new Promise((resolve) => socket.once('error', resolve))
}

test('ETIMEDOUT: nobody answers the SYN', async () => {
  const { client, cut, pass } = line()
  cut(4)
  const socket = client.connect(80, SERVER)
  const closed = event(socket, 'close')
  const error = errorOf(socket)
  await pass(200_000)
  const { message, code, errno, syscall, address, port } = await error
  assert.equal(message, `connect ETIMEDOUT ${SERVER}:80`)
  assert.deepEqual([code, errno, syscall], ['ETIMEDOUT', -constants.errno.ETIMEDOUT, 'connect'])
  assert.deepEqual([address, port], [SERVER, 80])
  assert.deepEqual(await closed, [true])
})

test('ETIMEDOUT: the peer is gone, and what was written waits', async () => {
  const { client, server, cut, pass } = line()
  server.createServer((socket) => socket.resume()).listen(80)
  const socket = client.connect(80, SERVER)
  await pass(100)
  cut(4)
  socket.write('anybody there?')
  const error = errorOf(socket)
  await pass(2_000_000)
  const { message, errno, ...rest } = await error
  assert.deepEqual([message, errno], ['read ETIMEDOUT', -constants.errno.ETIMEDOUT])
  assert.deepEqual(rest, { code: 'ETIMEDOUT', syscall: 'read' })
})

test('ENETUNREACH: no route', async () => {
  const clock = new VirtualClock()
  const [link] = createWire(clock, { medium: 'ethernet' })
  const net = createNet({ link, address: '10.0.0.2/24', scheduler: clock })
  const socket = net.connect(80, '192.0.2.1')
  const { message, code, errno, address, port } = await errorOf(socket)
  assert.equal(message, 'connect ENETUNREACH 192.0.2.1:80 - Local (0.0.0.0:0)')
  assert.deepEqual([code, errno], ['ENETUNREACH', -constants.errno.ENETUNREACH])
  assert.deepEqual([address, port], ['192.0.2.1', 80])
  net.close()
})

test('ENETUNREACH: no address of the family', async () => {
  const clock = new VirtualClock()
  const [link] = createWire(clock)
  const net = createNet({ link, address: '10.0.0.2/24', scheduler: clock })
  const { message } = await errorOf(net.connect(80, 'fd00::1'))
  assert.equal(message, 'connect ENETUNREACH fd00::1:80 - Local (:::0)')
  net.close()
})

test('EHOSTUNREACH: nobody has the address', async () => {
  const clock = new VirtualClock()
  const [link] = createWire(clock, { medium: 'ethernet' })
  const net = createNet({ link, address: '10.0.0.2/24', scheduler: clock })
  const socket = net.connect(80, '10.0.0.77')
  const error = errorOf(socket)
  for (let i = 0; i < 200; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    clock.run(clock.now() + 1000)
  }
  const { message, errno, syscall } = await error
  assert.deepEqual(
    [message, errno, syscall],
    ['connect EHOSTUNREACH 10.0.0.77:80', -constants.errno.EHOSTUNREACH, 'connect'],
  )
  net.close()
})

test('ENOTFOUND: no host of that name', async () => {
  const simulation = new Simulation({ seed: 1 })
  const host = simulation.host('a')
  await simulation.run(async () => {
    const { code } = await errorOf(host.connect(80, 'nobody'))
    assert.equal(code, 'ENOTFOUND')
  })
})

test('ERR_IP_BLOCKED: the address is on the list', async () => {
  const { client } = line()
  const blockList = new client.BlockList()
  blockList.addSubnet('10.0.0.0', 24)
  const { message, code } = await errorOf(client.connect({ port: 80, host: SERVER, blockList }))
  assert.deepEqual([message, code], [`IP(${SERVER}) is blocked by net.BlockList`, 'ERR_IP_BLOCKED'])
  assert.throws(() => new client.Socket({ blockList: {} as never }), {
    message: 'The "options.blockList" property must be an net.BlockList. Received an instance of Object',
  })
})

test('a link that goes while it connects: ENETDOWN, and the callbacks of writes', async () => {
  const { client, cut, pass } = line()
  cut(4)
  const socket = client.connect(80, SERVER)
  const written = new Promise((resolve) => socket.write('x', resolve))
  socket.on('error', () => {})
  await pass(10)
  const closed = event(socket, 'close')
  client.close()
  await closed
  assert.equal(((await written) as NodeJS.ErrnoException).code, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION')
})

/** Answers with both addresses of the server, IPv6 first. */
const lookup: ConnectOptions['lookup'] = (_name, _options, found) => {
  const both = [
    { address: 'fd00::1', family: 6 },
    { address: SERVER, family: 4 },
  ]
  setImmediate(() => found(null, both))
}

function story(socket: Socket): string[] {
  const told: string[] = []
  for (const name of ['connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout', 'connect', 'error']) {
    socket.on(name, (...values: unknown[]) => told.push(`${name} ${String(values[0] ?? '')}`.trim()))
  }
  return told
}

test('the second address is tried when the first has not answered for the attempt’s time', async () => {
  const { client, server, cut, pass } = line()
  server.createServer((socket) => socket.resume()).listen(80)
  cut(6)
  const socket = client.connect({ port: 80, host: 'server', lookup, autoSelectFamilyAttemptTimeout: 300 })
  const told = story(socket)
  await pass(299)
  assert.deepEqual(told, ['connectionAttempt fd00::1'])
  await pass(2)
  assert.equal(socket.readyState, 'open')
  assert.deepEqual(told, [
    'connectionAttempt fd00::1',
    'connectionAttemptTimeout fd00::1',
    `connectionAttempt ${SERVER}`,
    'connect',
  ])
  assert.deepEqual(socket.autoSelectFamilyAttemptedAddresses, ['fd00::1:80', `${SERVER}:80`])
  // The attempt that was given up leaves nothing behind.
  assert.equal(client.stack.tcp.connections.size, 1)
})

test('nobody answers at any address: the errors of all', async () => {
  const { client, cut, pass } = line()
  cut(4, 6)
  const socket = client.connect({ port: 80, host: 'server', lookup })
  const error = errorOf(socket) as Promise<unknown> as Promise<AggregateError & { code: string }>
  await pass(200_000)
  const { code, errors } = await error
  assert.equal(code, 'ETIMEDOUT')
  assert.deepEqual(
    errors.map(({ message }: Error) => message),
    ['connect ETIMEDOUT fd00::1:80', `connect ETIMEDOUT ${SERVER}:80`],
  )
})

test('destroyed while an attempt has its time: no other is made', async () => {
  const { client, cut, pass } = line()
  cut(6)
  const socket = client.connect({ port: 80, host: 'server', lookup })
  const told = story(socket)
  await pass(10)
  socket.destroy()
  await pass(5000)
  assert.deepEqual(told, ['connectionAttempt fd00::1'])
  assert.equal(client.stack.tcp.connections.size, 0)
})

test('what is sent carries the type of service', async () => {
  const { client, server, pass } = line()
  server.createServer((socket) => socket.resume()).listen(80)
  const socket = client.connect({ port: 80, host: SERVER, typeOfService: 0xb9 })
  assert.equal(socket.getTypeOfService(), 0xb9)
  await pass(10)
  assert.equal(socket.getTypeOfService(), 0xb8)
  assert.equal(socket.estab.connection?.ip.dscp, 46)
  assert.equal(socket.setTypeOfService(0x20), socket)
  assert.equal(socket.getTypeOfService(), 0x20)
  assert.throws(() => socket.setTypeOfService(256), { code: 'ERR_OUT_OF_RANGE' })
  assert.throws(() => new client.Socket({ typeOfService: '0' as never }), { code: 'ERR_INVALID_ARG_TYPE' })
})

test('estab.congestionControl is the connection’s', async () => {
  const { client, server, pass } = line()
  server.createServer((socket) => socket.resume()).listen(80)
  const socket = client.connect({ port: 80, host: SERVER, estab: { congestionControl: 'newreno' } })
  await pass(10)
  assert.equal(socket.estab.connection?.congestion?.name, 'newreno')
})
