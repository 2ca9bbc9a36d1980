/** node:dgram and the dgram of a net: the same program on both. */
import nodeDgram, { type RemoteInfo, type Socket } from 'node:dgram'
import { type NodeNet, same, type Tools } from './harness.ts'

type Dgram = typeof nodeDgram
type Program = (dgram: Dgram, t: Tools) => Promise<unknown> | unknown

const EVENTS = ['listening', 'connect', 'message', 'error', 'close']

function sameDgram(name: string, program: Program): void {
  same(`dgram: ${name}`, (net: NodeNet, t) => program('dgram' in net ? (net.dgram as Dgram) : nodeDgram, t))
}

/** Closed when the program is over, however it stands then. */
function own(t: Tools, socket: Socket): Socket {
  t.own({
    close: () => {
      socket.removeAllListeners()
      socket.on('error', () => {})
      try {
        socket.close()
      } catch {
        // It is closed.
      }
    },
  })
  return socket
}

function watched(t: Tools, socket: Socket, label: string): Socket {
  own(t, socket)
  for (const name of EVENTS) {
    socket.on(name, (...values: unknown[]) => t.log(label, name, ...values.map(withoutPort)))
  }
  return socket
}

/** The port of a client is another in each run. */
function withoutPort(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'port' in value && 'size' in value
    ? { ...value, port: '$ephemeral' }
    : value
}

async function bound(
  t: Tools,
  dgram: Dgram,
  label = 'server',
  host = t.host,
): Promise<{ socket: Socket; port: number }> {
  const socket = watched(t, dgram.createSocket('udp4'), label)
  await new Promise<void>((resolve) => socket.bind(0, host, resolve))
  return { socket, port: t.name(socket.address().port) }
}

sameDgram('a datagram and its answer', async (dgram, t) => {
  const { socket, port } = await bound(t, dgram)
  socket.on('message', (message, from) => socket.send(`you said ${message}`, from.port, from.address))
  const client = watched(t, dgram.createSocket('udp4'), 'client')
  client.send('hello', port, t.host, (error, octets) => t.log('sent', error, octets))
  await t.event(client, 'message')
  client.close()
  await t.event(client, 'close')
})

sameDgram('over IPv6', async (dgram, t) => {
  const server = watched(t, dgram.createSocket({ type: 'udp6' }), 'server')
  await new Promise<void>((resolve) => server.bind({ port: 0, address: t.host6 }, resolve))
  const { address, family, port } = server.address()
  t.log('address', address, family)
  const client = own(t, dgram.createSocket('udp6'))
  client.send('six', port, t.host6)
  await t.event(server, 'message')
})

sameDgram('the listener of createSocket is one of message', async (dgram, t) => {
  const { port } = await bound(t, dgram)
  const socket = own(
    t,
    dgram.createSocket('udp4', (message: Buffer) => t.log('message', message)),
  )
  t.log('listeners', socket.listenerCount('message'), Reflect.get(socket, 'type'))
  await new Promise<void>((resolve) => socket.bind(0, t.host, resolve))
  const client = own(t, dgram.createSocket('udp4'))
  client.send('x', socket.address().port, t.host)
  await t.event(socket, 'message')
  t.log('port', port)
})

sameDgram('kinds of messages: empty, views, lists', async (dgram, t) => {
  const { socket, port } = await bound(t, dgram)
  const client = own(t, dgram.createSocket('udp4'))
  const messages = [
    '',
    Buffer.from('buffer'),
    new Uint16Array([0x6261]),
    new DataView(new ArrayBuffer(2)),
    ['a', Buffer.from('b')],
    [],
  ]
  for (const message of messages) {
    const came = t.event(socket, 'message')
    client.send(message as string, port, t.host, (error, octets) => t.log('sent', error, octets))
    await came
  }
})

sameDgram('offset and length', async (dgram, t) => {
  const { socket, port } = await bound(t, dgram)
  const client = own(t, dgram.createSocket('udp4'))
  for (const [offset, length] of [
    [0, 3],
    [4, 5],
    [9, 0],
  ] as const) {
    const came = t.event(socket, 'message')
    client.send('the whole', offset, length, port, t.host)
    await came
  }
  t.logCall('offset', () => client.send('x', 2, 0, port, t.host))
  t.logCall('length', () => client.send('x', 0, 2, port, t.host))
})

sameDgram('arguments of send', (dgram, t) => {
  const client = own(t, dgram.createSocket('udp4')) as unknown as { send(...args: unknown[]): void }
  for (const message of [undefined, null, 1, {}, [1], ['a', null]])
    t.logCall('message', () => client.send(message, 9, '127.0.0.1'))
  for (const port of [0, -1, 65_536, 1.5, 'x', '', null, undefined, {}]) {
    t.logCall('port', () => client.send('m', port, '127.0.0.1'))
  }
  for (const address of [1, {}, true]) t.logCall('address', () => client.send('m', 9, address))
})

sameDgram('without an address: localhost', async (dgram, t) => {
  const { socket, port } = await bound(t, dgram)
  const client = own(t, dgram.createSocket('udp4'))
  client.send('here', port, () => t.log('sent', 'callback'))
  await t.event(socket, 'message')
  client.send('there', `${port}` as unknown as number)
  await t.event(socket, 'message')
})

sameDgram('several sends before it is bound go out in order', async (dgram, t) => {
  const { socket, port } = await bound(t, dgram)
  const client = watched(t, dgram.createSocket('udp4'), 'client')
  for (let i = 0; i < 5; i++) client.send(`${i}`, port, t.host)
  let came = 0
  await new Promise<void>((resolve) => socket.on('message', () => void (++came === 5 && resolve())))
})

sameDgram('bind: its forms', async (dgram, t) => {
  for (const args of [[], [0], [0, t.host], [undefined, t.host], [{ port: 0 }], [{ address: t.host }]]) {
    const socket = own(t, dgram.createSocket('udp4')) as Socket & { bind(...args: unknown[]): Socket }
    const listening = t.event(socket, 'listening')
    t.log('this', socket.bind(...args) === socket)
    await listening
    const { address, family } = socket.address()
    t.log('address', address, family)
    const late = own(t, dgram.createSocket('udp4')) as Socket & { bind(...args: unknown[]): Socket }
    await new Promise<void>((resolve) => late.bind(...args, resolve))
  }
})

sameDgram('bind twice: error, once it is bound and before', async (dgram, t) => {
  const socket = watched(t, dgram.createSocket('udp4'), 'socket')
  socket.bind(0, t.host)
  t.logCall('at once', () => socket.bind(0, t.host))
  await t.event(socket, 'listening')
  t.logCall('later', () => socket.bind(0, t.host))
})

sameDgram('a port that is taken: EADDRINUSE, and another try succeeds', async (dgram, t) => {
  const { port } = await bound(t, dgram)
  const socket = watched(t, dgram.createSocket('udp4'), 'socket')
  socket.bind(port, t.host, () => t.log('callback', 'called'))
  await t.event(socket, 'error')
  socket.bind(0, t.host)
  await t.event(socket, 'listening')
})

sameDgram('an address of others: EADDRNOTAVAIL', async (dgram, t) => {
  const socket = watched(t, dgram.createSocket('udp4'), 'socket')
  socket.bind(0, '203.0.113.1')
  await t.event(socket, 'error')
})

sameDgram('what waited to be sent when binding fails is forgotten', async (dgram, t) => {
  const { port } = await bound(t, dgram)
  const socket = watched(t, dgram.createSocket('udp4'), 'socket')
  socket.bind(port, t.host)
  socket.send('lost', port, t.host, () => t.log('sent', 'callback'))
  await t.event(socket, 'error')
  await t.turns()
})

sameDgram('address() before it is bound, and after it is closed', async (dgram, t) => {
  const socket = own(t, dgram.createSocket('udp4'))
  t.logCall('unbound', () => socket.address())
  await new Promise<void>((resolve) => socket.bind(0, t.host, resolve))
  await new Promise<void>((resolve) => void socket.close(resolve))
  t.logCall('closed', () => socket.address())
})

sameDgram('after close nothing works', async (dgram, t) => {
  const socket = own(t, dgram.createSocket('udp4'))
  t.log('this', socket.close() === socket)
  t.logCall('close', () => socket.close())
  t.logCall('bind', () => socket.bind())
  t.logCall('send', () => socket.send('x', 9, t.host))
  t.logCall('remoteAddress', () => socket.remoteAddress())
  t.logCall('ref', () => socket.ref() === socket)
  t.logCall('unref', () => socket.unref() === socket)
  await t.event(socket, 'close')
})

sameDgram('close while it is being bound waits for that', async (dgram, t) => {
  const { socket: server, port } = await bound(t, dgram)
  const socket = watched(t, dgram.createSocket('udp4'), 'socket')
  socket.send('last', port, t.host)
  socket.close(() => t.log('callback', 'closed'))
  t.log('still', 'running')
  await t.event(socket, 'close')
  await t.turns()
  t.log('server', server.listenerCount('message'))
})

sameDgram('connect: the peer, and what it says', async (dgram, t) => {
  const { socket, port } = await bound(t, dgram)
  socket.on('message', (message, from) => socket.send(message, from.port))
  const client = watched(t, dgram.createSocket('udp4'), 'client')
  t.logCall('before', () => client.remoteAddress())
  client.connect(port, t.host, () => t.log('callback', 'connected'))
  t.logCall('at once', () => client.remoteAddress())
  await t.event(client, 'connect')
  const { address, family, port: peerPort } = client.remoteAddress()
  t.log('peer', address, family, peerPort)
  for (const send of [
    () => client.send('all', (error, octets) => t.log('sent', error, octets)),
    () => client.send('a part', 2, 4, (error, octets) => t.log('sent', error, octets)),
    () => client.send(['a', ' list']),
  ]) {
    send()
    await t.event(client, 'message')
  }
  t.logCall('send to another', () => client.send('x', 0, 1, 9, t.host))
  t.logCall('send to another, at length', () =>
    (client as unknown as { send(...args: unknown[]): void }).send('x', 0, 1, 9),
  )
  t.logCall('connect again', () => client.connect(port, t.host))
})

sameDgram('connect without a callback, to localhost', async (dgram, t) => {
  const { port } = await bound(t, dgram)
  const client = watched(t, dgram.createSocket('udp4'), 'client')
  client.connect(port)
  t.logCall('again', () => client.connect(port))
  await t.event(client, 'connect')
  t.log('peer', client.remoteAddress())
})

sameDgram('arguments of connect', (dgram, t) => {
  for (const port of [0, -1, 65_536, 'x', null, undefined]) {
    t.logCall('port', () => own(t, dgram.createSocket('udp4')).connect(port as number, t.host))
  }
  for (const address of [1, {}, null]) {
    t.logCall('address', () => own(t, dgram.createSocket('udp4')).connect(9, address as unknown as string))
  }
})

sameDgram('disconnect, and send with an address again', async (dgram, t) => {
  const { socket, port } = await bound(t, dgram)
  const client = watched(t, dgram.createSocket('udp4'), 'client')
  t.logCall('not connected', () => client.disconnect())
  await new Promise<void>((resolve) => client.connect(port, t.host, resolve))
  t.logCall('disconnect', () => client.disconnect())
  t.logCall('peer', () => client.remoteAddress())
  t.logCall('twice', () => client.disconnect())
  client.send('again', port, t.host)
  await t.event(socket, 'message')
})

sameDgram('a connected socket hears nobody else', async (dgram, t) => {
  const { socket, port } = await bound(t, dgram)
  const client = watched(t, dgram.createSocket('udp4'), 'client')
  await new Promise<void>((resolve) => client.connect(port, t.host, resolve))
  const own = client.address().port
  const { socket: stranger } = await bound(t, dgram, 'stranger')
  stranger.send('psst', own, t.host)
  await t.turns()
  socket.send('it is me', own, t.host)
  await t.event(client, 'message')
})

sameDgram('nobody is there: a connected socket hears ECONNREFUSED, another nothing', async (dgram, t) => {
  const { socket, port } = await bound(t, dgram)
  await new Promise<void>((resolve) => void socket.close(resolve))
  const stranger = watched(t, dgram.createSocket('udp4'), 'stranger')
  stranger.send('?', port, t.host, (error, octets) => t.log('sent', error, octets))
  await t.turns()
  const client = watched(t, dgram.createSocket('udp4'), 'client')
  await new Promise<void>((resolve) => client.connect(port, t.host, resolve))
  client.send('?')
  await t.event(client, 'error')
})

sameDgram('too long a datagram: EMSGSIZE to the callback', async (dgram, t) => {
  const { port } = await bound(t, dgram)
  const client = watched(t, dgram.createSocket('udp4'), 'client')
  await new Promise<void>((resolve) => {
    client.send(Buffer.alloc(65_508), port, t.host, (error, octets) => {
      t.log('sent', error, octets)
      resolve()
    })
  })
})

sameDgram('the longest datagram', async (dgram, t) => {
  const { socket, port } = await bound(t, dgram)
  const client = own(t, dgram.createSocket('udp4'))
  client.send(Buffer.alloc(65_507, 'x'), port, t.host)
  const [message, from] = (await t.event(socket, 'message')) as [Buffer, RemoteInfo]
  t.log('came', message.length, from.size)
})

sameDgram('names: a lookup of the caller that finds, and one that fails', async (dgram, t) => {
  const { socket, port } = await bound(t, dgram)
  const lookup = ((
    name: string,
    family: number,
    callback: (error: Error | null, address: string, of: number) => void,
  ) => {
    t.log('lookup', name, family)
    const error = name === 'nowhere' ? Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }) : null
    process.nextTick(callback, error, name === 'server.test' ? t.host : name, 4)
  }) as never
  const client = watched(t, dgram.createSocket({ type: 'udp4', lookup }), 'client')
  client.send('found', port, 'server.test')
  await t.event(socket, 'message')
  client.send('lost', port, 'nowhere', (error) => t.log('sent', error))
  client.send('lost', port, 'nowhere')
  await t.event(client, 'error')
  client.connect(port, 'nowhere', ((error?: Error) => t.log('connect', error)) as () => void)
  await t.turns()
})

sameDgram('createSocket: kinds and options', (dgram, t) => {
  const make = dgram.createSocket as (...args: unknown[]) => Socket
  for (const type of ['udp', 'tcp4', '', undefined, null, 4, {}, { type: 'x' }])
    t.logCall('type', () => own(t, make(type)))
  t.logCall('lookup', () => own(t, make({ type: 'udp4', lookup: 1 })))
  t.logCall('signal', () => own(t, make({ type: 'udp4', signal: 1 })))
  t.logCall('listener', () => own(t, make('udp4', 'not a function')))
})

sameDgram('a signal closes it', async (dgram, t) => {
  const controller = new AbortController()
  const socket = watched(t, dgram.createSocket({ type: 'udp4', signal: controller.signal }), 'socket')
  await new Promise<void>((resolve) => socket.bind(0, t.host, resolve))
  controller.abort()
  await t.event(socket, 'close')
  const late = watched(t, dgram.createSocket({ type: 'udp4', signal: controller.signal }), 'late')
  await t.event(late, 'close')
})

sameDgram('setTTL, ref, unref, sizes of queues', async (dgram, t) => {
  const socket = own(t, dgram.createSocket('udp4'))
  await new Promise<void>((resolve) => socket.bind(0, t.host, resolve))
  t.logCall('ttl', () => socket.setTTL(5))
  for (const ttl of ['1', undefined, null]) t.logCall('bad ttl', () => socket.setTTL(ttl as unknown as number))
  for (const ttl of [0, 256]) t.logCall('ttl out of range', () => socket.setTTL(ttl))
  t.log('chained', socket.ref() === socket, socket.unref() === socket)
  t.log('queue', socket.getSendQueueSize(), socket.getSendQueueCount())
})
