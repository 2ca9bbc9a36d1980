/** What is wrong with the arguments is thrown, in Node's words. */
import { differs, same } from './harness.ts'

const PORTS: [string, unknown][] = [
  ['nothing', undefined],
  ['-1', -1],
  ['65536', 65_536],
  ['1.5', 1.5],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['a bigint', 80n],
  ['null', null],
  ['an object', {}],
  ['an array', [80]],
  ['true', true],
  ['a function', () => 80],
  ['a symbol', Symbol('80')],
  ['empty text', ''],
  ['blank text', ' '],
  ['text', 'eighty'],
  ['long text', 'eighty '.repeat(20)],
  ['text with a quote', "it's"],
  ['text of a negative number', '-80'],
]

for (const [name, port] of PORTS) {
  same(`port: ${name}`, (net, t) => {
    const socket = t.own(new net.Socket())
    socket.on('error', () => {})
    t.logCall('connect', () => socket.connect({ port: port as number, host: t.host }))
    t.log('after', socket.connecting, socket.destroyed)
  })
}

const OPTIONS: [string, object][] = [
  ['no port and no path', {}],
  ['a path of null', { path: null }],
  ['a local address that is none', { port: 80, localAddress: 'here' }],
  ['a local address that is a number', { port: 80, localAddress: 5 }],
  ['a local port that is text', { port: 80, localPort: '80' }],
  ['a local port that is an object', { port: 80, localPort: {} }],
  ['a lookup that is no function', { port: 80, host: 'name', lookup: 'dns' }],
  ['a lookup that is not needed is not looked at', { port: 1, host: '127.0.0.1', lookup: 'dns' }],
  ['autoSelectFamily is no boolean', { port: 80, autoSelectFamily: 'yes' }],
  ['autoSelectFamilyAttemptTimeout of 0', { port: 80, autoSelectFamilyAttemptTimeout: 0 }],
  ['autoSelectFamilyAttemptTimeout of 1.5', { port: 80, autoSelectFamilyAttemptTimeout: 1.5 }],
  ['autoSelectFamilyAttemptTimeout of 2^31', { port: 80, autoSelectFamilyAttemptTimeout: 2 ** 31 }],
  ['autoSelectFamilyAttemptTimeout is text', { port: 80, autoSelectFamilyAttemptTimeout: '250' }],
]

for (const [name, options] of OPTIONS) {
  same(`connect: ${name}`, (net, t) => {
    const socket = t.own(new net.Socket())
    socket.on('error', () => {})
    t.logCall('connect', () => socket.connect(options as { port: number }))
  })
}

same('connect without any argument', (net, t) => {
  t.logCall('connect', () => (net.connect as () => unknown)())
  t.logCall('method', () => (t.own(new net.Socket()) as unknown as { connect(): unknown }).connect())
})

const CONSTRUCTED: [string, object][] = [
  ['objectMode', { objectMode: true }],
  ['readableObjectMode', { readableObjectMode: true }],
  ['writableObjectMode', { writableObjectMode: true }],
  ['keepAliveInitialDelay is text', { keepAliveInitialDelay: '1000' }],
  ['keepAliveInitialDelay below 0', { keepAliveInitialDelay: -1 }],
  ['highWaterMark below 0', { highWaterMark: -1 }],
  ['highWaterMark is text', { highWaterMark: 'much' }],
  ['readableHighWaterMark is NaN', { readableHighWaterMark: Number.NaN }],
  ['signal is none', { signal: 'stop' }],
  ['signal is an object', { signal: {} }],
  ['an encoding that there is not', { encoding: 'klingon' }],
  ['a default encoding that there is not', { defaultEncoding: 'klingon' }],
  ['onread without a callback', { onread: { buffer: Buffer.alloc(1) } }],
  ['onread is null', { onread: null }],
]

for (const [name, options] of CONSTRUCTED) {
  same(`new Socket: ${name}`, (net, t) => {
    t.logCall('new', () => new net.Socket(options))
    t.logCall('call', () => (net.Socket as unknown as (options: object) => unknown)(options))
  })
}

const TIMEOUTS: unknown[] = [-1, Number.NaN, Number.POSITIVE_INFINITY, '100', undefined, null, {}, 2 ** 31]

for (const timeout of TIMEOUTS) {
  same(`setTimeout(${typeof timeout === 'string' ? `'${timeout}'` : String(timeout)})`, (net, t) => {
    const socket = t.own(new net.Socket())
    t.logCall('setTimeout', () => socket.setTimeout(timeout as number))
    t.log('timeout', socket.timeout)
  })
}

same('setTimeout with something else than a function', (net, t) => {
  const socket = t.own(new net.Socket())
  t.logCall('set', () => socket.setTimeout(100, 'listener' as unknown as () => void))
  t.logCall('clear', () => socket.setTimeout(0, {} as unknown as () => void))
})

same('write: what is no chunk', (net, t) => {
  const socket = t.own(new net.Socket())
  for (const chunk of [null, undefined, 5, {}, true]) t.logCall('write', () => socket.write(chunk as never))
  t.logCall('encoding', () => socket.write('x', 'klingon' as BufferEncoding))
})

same('setEncoding: one that there is not', (net, t) => {
  const socket = t.own(new net.Socket())
  t.logCall('setEncoding', () => socket.setEncoding('klingon' as BufferEncoding))
})

differs('a UNIX path', 'UNIX paths', (net, t) => {
  const socket = t.own(new net.Socket())
  socket.on('error', () => {})
  t.logCall('connect', () => socket.connect('/nowhere/socket'))
})

differs('a file descriptor', 'File descriptors', async (net, t) => {
  t.logCall('new', () => new net.Socket({ fd: 0x7fff_fff0 }))
})

differs('a handle of another library', 'Handles of others', (net, t) => {
  t.logCall('new', () => t.own(new net.Socket({ handle: { close() {}, readStart() {} } } as never)))
})
