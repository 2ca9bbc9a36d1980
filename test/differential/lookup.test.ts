/** Names: what `lookup` is asked and answers, and several addresses for one name (Happy Eyeballs). */
import { differs, same, type Tools } from './harness.ts'

interface Found {
  address: string
  family: number
}
type Callback = (error: Error | null, found?: unknown, family?: unknown) => void

/** Answers with these, as `dns.lookup` does; logs what it is asked. */
function resolver(t: Tools, ...found: Found[]): never {
  const lookup = (host: string, options: { all?: boolean }, callback: Callback): void => {
    t.log('asked', host, options)
    process.nextTick(() => {
      if (options.all) callback(null, found)
      else callback(null, found[0]!.address, found[0]!.family)
    })
  }
  return lookup as never
}

const V4 = { address: '127.0.0.1', family: 4 }
const V6 = { address: '::1', family: 6 }
/** Refuses at once: nobody listens there. */
const OTHER = { address: '127.0.0.9', family: 4 }

for (const options of [{}, { family: 4 }, { family: 6 }, { family: 0 }, { family: 'IPv4' }, { family: 'IPv6' }]) {
  same(`what lookup is asked: ${JSON.stringify(options)}`, async (net, t) => {
    const port = await t.server()
    const lookup = resolver(t, V4)
    const socket = t.watch(net.connect({ port, host: 'name', lookup, ...(options as object) }), 'client')
    await t.event(socket, 'connect')
  })
}

for (const options of [
  { hints: 32 },
  { autoSelectFamily: false },
  { localAddress: '127.0.0.1' },
  { family: 4, hints: 8 },
]) {
  same(`what lookup is asked: ${JSON.stringify(options)}`, async (net, t) => {
    const port = await t.server()
    const socket = t.watch(net.connect({ port, host: 'name', lookup: resolver(t, V4), ...options }), 'client')
    await t.event(socket, 'connect')
  })
}

same('lookup is not asked about an address', async (net, t) => {
  const port = await t.server()
  const socket = t.watch(net.connect({ port, host: t.host, lookup: resolver(t, V6) }), 'client')
  await t.event(socket, 'connect')
})

same('lookup that throws', (net, t) => {
  const lookup = (): never => {
    throw new Error('no resolver')
  }
  t.logCall('connect', () => net.connect({ port: 80, host: 'name', lookup: lookup as never }))
})

same('lookup that answers within the call', async (net, t) => {
  const port = await t.server()
  const lookup = (_: string, options: { all?: boolean }, callback: Callback): void =>
    options.all ? callback(null, [V4]) : callback(null, V4.address, 4)
  const socket = t.watch(net.connect({ port, host: 'name', lookup: lookup as never }), 'client')
  t.log('client', 'the call is over')
  await t.event(socket, 'connect')
})

const WRONG: [string, unknown[], object][] = [
  ['no address', [null, 'here', 4], { family: 4 }],
  ['nothing', [null, undefined, undefined], { family: 4 }],
  ['a family that there is not', [null, '127.0.0.1', 5], { family: 4 }],
  ['no family', [null, '127.0.0.1'], { family: 4 }],
  ['no address, in a list', [null, [{ address: 'here', family: 4 }]], {}],
  ['a family that there is not, in a list', [null, [{ address: '127.0.0.1', family: 7 }]], {}],
  ['an error', [Object.assign(new Error('queryA ESERVFAIL'), { code: 'ESERVFAIL' })], { family: 4 }],
  ['an error, for all', [Object.assign(new Error('queryA ESERVFAIL'), { code: 'ESERVFAIL' })], {}],
]

for (const [name, answer, options] of WRONG) {
  same(`lookup answers ${name}`, async (net, t) => {
    const lookup = (_: string, __: object, callback: (...values: unknown[]) => void): void => callback(...answer)
    const socket = t.watch(net.connect({ port: 80, host: 'name', lookup: lookup as never, ...options }), 'client')
    await t.closed(socket)
  })
}

same('destroyed while the name is looked up', async (net, t) => {
  const socket = t.watch(net.connect({ port: 80, host: 'name', lookup: resolver(t, V4) }), 'client')
  socket.destroy()
  await t.turns(5)
})

same('destroyed by the listener of lookup', async (net, t) => {
  const port = await t.server()
  const socket = net.connect({ port, host: 'name', lookup: resolver(t, V4, V6) })
  socket.on('lookup', () => socket.destroy())
  t.watch(socket, 'client')
  await t.closed(socket)
})

same('the first of two addresses answers', async (net, t) => {
  const port = await t.server()
  const socket = t.watch(net.connect({ port, host: 'name', lookup: resolver(t, V4, V6) }), 'client')
  await t.event(socket, 'ready')
  t.log('client', socket.remoteAddress, socket.autoSelectFamilyAttemptedAddresses)
})

same('the first refuses, the second answers', async (net, t) => {
  const port = await t.server()
  const socket = t.watch(net.connect({ port, host: 'name', lookup: resolver(t, V6, V4) }), 'client')
  await t.event(socket, 'ready')
  t.log('client', socket.remoteAddress, socket.autoSelectFamilyAttemptedAddresses)
})

same('all refuse: an AggregateError', async (net, t) => {
  const port = await t.closedPort()
  const socket = t.watch(net.connect({ port, host: 'name', lookup: resolver(t, V4, V6, OTHER) }), 'client')
  await t.closed(socket)
  t.log('client', socket.autoSelectFamilyAttemptedAddresses, socket.connecting)
})

same('the families take turns', async (net, t) => {
  const port = await t.closedPort()
  const found = [V4, OTHER, V4, { address: '::2', family: 9 }, V6, { address: 'none', family: 4 }]
  const socket = t.watch(net.connect({ port, host: 'name', lookup: resolver(t, ...found) }), 'client')
  await t.closed(socket)
})

same('one address twice is one address', async (net, t) => {
  const port = await t.closedPort()
  const socket = t.watch(net.connect({ port, host: 'name', lookup: resolver(t, V4, V4) }), 'client')
  await t.closed(socket)
  t.log('client', socket.autoSelectFamilyAttemptedAddresses)
})

same('what was written goes to the one that answers', async (net, t) => {
  const port = await t.server((socket) => socket.on('data', (data) => t.log('server', data)))
  const socket = t.watch(net.connect({ port, host: 'name', lookup: resolver(t, V6, V4) }), 'client')
  socket.write('hello')
  await t.event(socket, 'connect')
})

differs('end before a second address is tried', 'An end before a second address', async (net, t) => {
  const port = await t.server((socket) => t.watch(socket, 'server').resume())
  const socket = t.watch(net.connect({ port, host: 'name', lookup: resolver(t, V6, V4) }), 'client')
  socket.resume().end('hello')
  await t.event(socket, 'connect')
  await t.turns(40)
})

same('destroyed by the listener of connectionAttemptFailed', async (net, t) => {
  const port = await t.closedPort()
  const socket = net.connect({ port, host: 'name', lookup: resolver(t, V4, V6) })
  socket.on('connectionAttemptFailed', () => socket.destroy())
  t.watch(socket, 'client')
  await t.closed(socket)
})

same('a local port for several addresses', async (net, t) => {
  const [port, localPort] = [await t.closedPort(), await t.closedPort()]
  const socket = t.watch(net.connect({ port, localPort, host: 'name', lookup: resolver(t, V4, V6) }), 'client')
  await t.closed(socket)
})

same('autoSelectFamily: false asks for one', async (net, t) => {
  const port = await t.closedPort()
  const lookup = resolver(t, V4, V6)
  const socket = t.watch(net.connect({ port, host: 'name', lookup, autoSelectFamily: false }), 'client')
  await t.closed(socket)
  t.log('client', socket.autoSelectFamilyAttemptedAddresses)
})

same('noDelay and keepAlive with several addresses', async (net, t) => {
  const port = await t.server()
  const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 1000 }
  const socket = t.watch(net.connect({ port, host: 'name', lookup: resolver(t, V6, V4), ...options }), 'client')
  await t.event(socket, 'connect')
})

same('an address that can’t be reached, then one that can', async (net, t) => {
  const port = await t.server()
  const far = { address: 'ff02::1', family: 6 }
  const socket = t.watch(net.connect({ port, host: 'name', lookup: resolver(t, far, V4) }), 'client')
  await t.event(socket, 'connect')
})
