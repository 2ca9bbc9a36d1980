import type { Server } from 'node:net'
import { inherits } from 'node:util'
import { type NodeNet, next, type Program, thrown, told } from './server-tools.ts'

const VALUES: readonly [name: string, value: unknown][] = [
  ['a number', 5],
  ['a string', 'text'],
  ['true', true],
  ['a symbol', Symbol('s')],
  ['a bigint', 1n],
  ['null', null],
  ['undefined', undefined],
  ['an array', []],
  ['a function', () => {}],
]

/** A port that is none, in an object and as the first argument. */
const PORTS: readonly [name: string, value: unknown][] = [
  ['65536', 65_536],
  ['-1', -1],
  ['a fraction', 1.5],
  ['NaN', Number.NaN],
  ['a long text', 'x'.repeat(40)],
  ['an object', {}],
  ['true', true],
  ['false', false],
  ['a function', () => {}],
  ['a symbol', Symbol('port')],
  ['a bigint', 1n],
  ['a date', new Date(0)],
  ['blanks', '  '],
]

const OPTIONS: readonly [name: string, options: object][] = [
  ['nothing in it', {}],
  ['a path that is a number', { path: 5 }],
  ['a host alone', { host: '127.0.0.1' }],
  ['a negative descriptor', { fd: -1 }],
  ['an array', []],
  ['a signal that is none', { port: 0, signal: 5 }],
  ['a signal that is null', { port: 0, signal: null }],
  ['a signal without aborted', { port: 0, signal: {} }],
  ['an empty path', { path: '' }],
]

/** Calls `listen`, and closes again where it is taken. */
async function tryListen(net: NodeNet, ...args: unknown[]): Promise<unknown> {
  const server = net.createServer()
  const result = thrown(() => Reflect.apply(server.listen, server, args))
  if (typeof result !== 'string') return [result, server.listening]
  const [outcome, error] = await Promise.race([
    next(server, 'listening').then(() => ['listening']),
    next(server, 'error').then(([error]) => ['error', told(error)]),
  ])
  const address = server.address()
  server.close()
  return [outcome, error, address !== null && typeof address === 'object' && { ...address, port: address.port > 0 }]
}

const constructing = VALUES.map(([name, value]): [string, Program] => [
  `createServer: ${name} in place of the options`,
  (net, log) => log(thrown(() => net.createServer(value as object))),
])

const badPorts = PORTS.flatMap(([name, port]): [string, Program][] => [
  [`listen({ port }): ${name}`, async (net, log) => log(await tryListen(net, { port }))],
])

const badFirst = PORTS.filter(([, port]) => typeof port !== 'string').map(([name, port]): [string, Program] => [
  `listen(port): ${name}`,
  async (net, log) => log(await tryListen(net, port)),
])

const badOptions = OPTIONS.map(([name, options]): [string, Program] => [
  `listen(options): ${name}`,
  async (net, log) => log(await tryListen(net, options)),
])

const goodForms: readonly [string, unknown[]][] = [
  ['listen()', []],
  ['listen(null)', [null]],
  ['listen(undefined)', [undefined]],
  ['listen(0)', [0]],
  ['listen("0")', ['0']],
  ['listen("0x0")', ['0x0']],
  ['listen(0, null)', [0, null]],
  ['listen(0, host)', [0, '127.0.0.1']],
  ['listen(0, backlog)', [0, 5]],
  ['listen(0, host, backlog)', [0, '127.0.0.1', 5]],
  ['listen(0, undefined, backlog)', [0, undefined, 5]],
  ['listen({ port: undefined })', [{ port: undefined }]],
  ['listen({ port: null })', [{ port: null }]],
  ['listen({ port, host })', [{ port: 0, host: '127.0.0.1' }]],
  ['listen({ port, host: "" })', [{ port: 0, host: '' }]],
  ['listen({ port, exclusive })', [{ port: 0, exclusive: true }]],
  ['listen({ port, backlog })', [{ port: 0, backlog: 1 }]],
  ['listen({ port, host: "::" })', [{ port: 0, host: '::' }]],
  ['listen({ port, host: "::", ipv6Only })', [{ port: 0, host: '::', ipv6Only: true }]],
  ['listen({ port, ipv6Only })', [{ port: 0, ipv6Only: true }]],
  ['listen({ port, host: "0.0.0.0" })', [{ port: 0, host: '0.0.0.0' }]],
  ['listen({ port, host: "::1" })', [{ port: 0, host: '::1' }]],
  ['listen({ port, host: "127.0.0.2" })', [{ port: 0, host: '127.0.0.2' }]],
  ['listen({ port, host: "localhost" })', [{ port: 0, host: 'localhost' }]],
]

const forms = goodForms.map(([name, args]): [string, Program] => [
  name,
  async (net, log) => log(await tryListen(net, ...args)),
])

/** How the class can be called, and what is made of it. */
const classes: Record<string, Program> = {
  'Server without new': (net, log) => {
    const server = (net.Server as unknown as () => Server)()
    log(server instanceof net.Server, server.listening, server.address())
  },
  'Server.call for an object that inherits': async (net, log) => {
    function Mine(this: Server, name: string): void {
      ;(net.Server as unknown as () => void).call(this)
      Object.assign(this, { label: name })
    }
    inherits(Mine, net.Server)
    const mine = new (Mine as unknown as new (name: string) => Server & { label: string })('mine')
    log(mine instanceof net.Server, mine.label, mine.listening)
    mine.listen(0, '127.0.0.1')
    await next(mine, 'listening')
    log(mine.listening)
    mine.close()
    await next(mine, 'close')
  },
  'a class that extends Server': async (net, log) => {
    class Mine extends net.Server {
      seen = 0
      override emit(name: string | symbol, ...args: unknown[]): boolean {
        this.seen++
        return super.emit(name as 'close', ...(args as []))
      }
    }
    const mine = new Mine({ allowHalfOpen: true })
    mine.listen(0)
    await next(mine, 'listening')
    mine.close()
    await next(mine, 'close')
    log(mine.seen, mine instanceof net.Server, Object.getPrototypeOf(Mine) === net.Server)
  },
  'what a server shows of itself': (net, log) => {
    const server = net.createServer({
      allowHalfOpen: true,
      pauseOnConnect: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 2500,
    })
    const keys = ['_connections', '_handle', '_usingWorkers', '_workers', '_unref', '_listeningId', 'allowHalfOpen']
    const more = ['pauseOnConnect', 'noDelay', 'keepAlive', 'keepAliveInitialDelay', 'highWaterMark']
    for (const key of [...keys, ...more]) log(key, Reflect.get(server, key), Object.hasOwn(server, key))
  },
  'a negative keepAliveInitialDelay is 0, a negative highWaterMark the default': (net, log) => {
    const server = net.createServer({ keepAliveInitialDelay: -1, highWaterMark: -1 })
    log(Reflect.get(server, 'keepAliveInitialDelay'), Reflect.get(server, 'highWaterMark'))
  },
  'options of the wrong type': (net, log) => {
    log(thrown(() => net.createServer({ keepAliveInitialDelay: 'soon' as unknown as number })))
    log(thrown(() => net.createServer({ highWaterMark: 'much' as unknown as number })))
  },
  'the listener of createServer': (net, log) => {
    const listener = (): void => {}
    log(net.createServer(listener).listeners('connection').length)
    log(net.createServer({}, listener).listeners('connection').length)
    log(net.createServer({}, 5 as unknown as () => void).listeners('connection').length)
    log(net.createServer().eventNames())
  },
  'options are copied': (net, log) => {
    const options = { keepAliveInitialDelay: -5, highWaterMark: -5 }
    net.createServer(options)
    log(options)
  },
  'methods of the class': (net, log) => {
    const methods = ['listen', 'address', 'getConnections', 'close', '_emitCloseIfDrained', 'ref', 'unref']
    for (const name of methods) log(name, typeof Reflect.get(net.Server.prototype, name))
    log(Object.getOwnPropertyDescriptor(net.Server.prototype, 'listening')?.set === undefined)
    log(typeof Reflect.get(net.Server.prototype, Symbol.asyncDispose))
    log(net.Server.name, net.Server.prototype.constructor === net.Server)
  },
}

export const argumentPrograms: readonly (readonly [string, Program])[] = [
  ...constructing,
  ...badPorts,
  ...badFirst,
  ...badOptions,
  ...forms,
  ...Object.entries(classes),
]
