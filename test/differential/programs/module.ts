import http from 'node:http'
import type { Server } from 'node:net'
import { closed, ended, listening, next, type Program, portOf, thrown, told } from './server-tools.ts'

const ADDRESSES = [
  '127.0.0.1',
  '::1',
  '::ffff:1.2.3.4',
  'fe80::1%lo',
  '1.2.3',
  '256.1.1.1',
  '',
  'localhost',
  ' 1.2.3.4',
]

const face: Record<string, Program> = {
  'what the module has': (net, log) => {
    const names = ['BlockList', 'Server', 'Socket', 'SocketAddress', 'Stream', 'connect', 'createConnection']
    const more = [
      'createServer',
      'getDefaultAutoSelectFamily',
      'isIP',
      'isIPv4',
      'isIPv6',
      'setDefaultAutoSelectFamily',
    ]
    const last = [
      'getDefaultAutoSelectFamilyAttemptTimeout',
      'setDefaultAutoSelectFamilyAttemptTimeout',
      '_normalizeArgs',
    ]
    for (const name of [...names, ...more, ...last]) log(name, typeof Reflect.get(net, name))
    log(Reflect.get(net, 'Stream') === net.Socket, net.connect === net.createConnection)
  },
  'isIP and its kin': (net, log) => {
    for (const address of ADDRESSES) log(address, net.isIP(address), net.isIPv4(address), net.isIPv6(address))
    log(net.isIP(undefined as unknown as string), net.isIP({ toString: () => '::1' } as unknown as string))
  },
  'a BlockList': (net, log) => {
    const list = new net.BlockList()
    list.addAddress('10.0.0.1')
    list.addRange('10.1.0.0', '10.1.0.9')
    list.addSubnet('fd00::', 8, 'ipv6')
    log(list.rules, list.check('10.1.0.5'), list.check('10.2.0.5'), list.check('fd12::1', 'ipv6'))
  },
  'a SocketAddress': (net, log) => {
    const { address, family, port, flowlabel } = new net.SocketAddress({ address: '::1', family: 'ipv6', port: 80 })
    log(address, family, port, flowlabel)
  },
  'the default of autoSelectFamily': (net, log) => {
    const before = net.getDefaultAutoSelectFamily()
    net.setDefaultAutoSelectFamily(!before)
    log(before, net.getDefaultAutoSelectFamily())
    net.setDefaultAutoSelectFamily(before)
    log(thrown(() => net.setDefaultAutoSelectFamily(1 as unknown as boolean)))
  },
  'the default of autoSelectFamilyAttemptTimeout': (net, log) => {
    const before = net.getDefaultAutoSelectFamilyAttemptTimeout()
    net.setDefaultAutoSelectFamilyAttemptTimeout(1)
    log(before, net.getDefaultAutoSelectFamilyAttemptTimeout())
    net.setDefaultAutoSelectFamilyAttemptTimeout(before)
    for (const value of [0, -1, 1.5, '250', 2 ** 31]) {
      log(thrown(() => net.setDefaultAutoSelectFamilyAttemptTimeout(value as number)))
    }
  },
  _normalizeArgs: (net, log) => {
    const normalize = Reflect.get(net, '_normalizeArgs') as (args: unknown[]) => [object, unknown]
    const callback = (): void => {}
    const cases = [
      [],
      [80],
      ['80'],
      ['/path'],
      [80, 'host'],
      [80, callback],
      [{ port: 1 }, callback],
      [null],
      [80, 'h', 5, callback],
    ]
    for (const args of cases) {
      const [options, last] = normalize(args)
      log(options, last === callback)
    }
  },
  'functions need no this': async (net, log) => {
    const { connect, createServer } = net
    const server = createServer((socket) => socket.end('here'))
    const port = await listening(server)
    const client = connect(port, '127.0.0.1')
    client.on('data', (chunk) => log(`${chunk}`))
    await next(client, 'close')
    await closed(server)
  },
  'a server that is given to http': async (net, log) => {
    const site = http.createServer((request, response) => response.end(`${request.method} ${request.url}`))
    const server = net.createServer((socket) => site.emit('connection', socket))
    const port = await listening(server)
    const createConnection = (): ReturnType<typeof net.connect> => net.connect(port, '127.0.0.1')
    const request = http.get({ path: '/here', createConnection })
    const [response] = (await next(request, 'response')) as [http.IncomingMessage]
    for await (const chunk of response) log(response.statusCode, `${chunk}`)
    await closed(server)
  },
  'connecting to 0.0.0.0 and :: is connecting to oneself': async (net, log) => {
    for (const host of ['0.0.0.0', '::']) {
      const server = net.createServer()
      server.listen(0)
      await next(server, 'listening')
      const connection = next(server, 'connection')
      const client = net.connect(portOf(server), host)
      await next(client, 'connect')
      const [accepted] = (await connection) as [typeof client]
      log(client.remoteAddress, client.localAddress, accepted.remoteAddress)
      await ended(client, accepted)
      await closed(server)
    }
  },
  'nobody listens': async (net, log) => {
    const server = net.createServer()
    const port = await listening(server)
    await closed(server)
    for (const host of ['127.0.0.1', '::1', '127.0.0.9']) {
      const client = net.connect(port, host)
      client.on('close', (hadError) => log('close', hadError))
      log(told((await next(client, 'error'))[0], port))
      await next(client, 'close')
    }
  },
  'an old library that inherits from Server by hand': async (net, log) => {
    const create = net.createServer as (...args: unknown[]) => Server
    function Old(this: Server, options: object): void {
      Reflect.apply(net.Server as unknown as () => void, this, [options])
      this.on('connection', (socket) => socket.end('old'))
    }
    Old.prototype = Object.create(net.Server.prototype, { constructor: { value: Old } })
    const old = new (Old as unknown as new (options: object) => Server)({ allowHalfOpen: true })
    const port = await listening(old)
    const client = net.connect(port, '127.0.0.1')
    client.on('data', (chunk) => log(`${chunk}`))
    await next(client, 'close')
    await closed(old)
    log(create().constructor === net.Server)
  },
}

export const modulePrograms: readonly (readonly [string, Program])[] = Object.entries(face)
