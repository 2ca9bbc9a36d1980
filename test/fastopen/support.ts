/** Fast Open in packet traces. */
import assert from 'node:assert/strict'
import type { ConnectOptions } from '../../src/stack/stack-options.ts'
import type { Incoming } from '../../src/tcp/incoming.ts'
import type { ListenOptions } from '../../src/tcp/listen-options.ts'
import type { Listener } from '../../src/tcp/listener.ts'
import { Segment } from '../../src/wire/segment.ts'
import { type HostOptions, host, listen, type Traced } from '../support/trace.ts'

/** A listener that does Fast Open. */
export function listenFast(options: HostOptions & Partial<ListenOptions> = {}): Traced {
  return listen({ fastOpen: 16, ...options })
}

/** The cookie, in hex, that a peer has been given, or would be. */
export function cookieFor(tcp: Traced, name = ''): string {
  const { address, localAddress } = tcp.peer(name)
  const synAck = new Segment()
  synAck.source = localAddress
  synAck.destination = address
  tcp.stack.tcp.fastOpen.cookies.offer(synAck)
  return Buffer.from(synAck.cookie.subarray(0, synAck.cookieLength)).toString('hex')
}

/** SYN-RECEIVED by Fast Open: ten octets have come, and are not read. */
export function opened(options: HostOptions & Partial<ListenOptions> = {}): Traced {
  const tcp = listenFast(options)
  tcp.trace`
    +0 < S  0:10(10)        win 65535 <mss 1000,FO ${cookieFor(tcp)}>
    +0 > S. 0:0(0)   ack 11           <mss 1460,FO *>
  `
  tcp.accept()
  tcp.takeEvents()
  return tcp
}

/** Those whose SYN waits for the application's word. */
export function deferred(tcp: Traced): Incoming[] {
  return tcp.events.flatMap(({ incoming }) => (incoming === undefined ? [] : [incoming]))
}

/** Every SYN is accounted for, and every connection by Fast Open (see `ListenerCounters`). */
export function sums({ counters, fastOpens, halfOpen }: Listener): void {
  const { syns, held, fastOpened, cookied, refused, ignored, queueFull } = counters
  assert.equal(syns, held + fastOpened + cookied + refused + ignored + queueFull)
  const { completed, reset, expired, evicted, acceptReset, deferRefused, deferIgnored, deferExpired, closed } = counters
  const ended =
    completed + reset + expired + evicted + acceptReset + deferRefused + deferIgnored + deferExpired + closed
  assert.equal(held + counters.cookieHeld, ended + halfOpen)
  assert.equal(fastOpened, counters.fastOpenCompleted + counters.fastOpenFailed + fastOpens.pending)
}

/** What a server has counted. */
export function serverCounters({ stack }: Traced): Record<string, number> {
  const { counters } = stack
  return {
    opened: counters.TCPFastOpenPassive,
    failed: counters.TCPFastOpenPassiveFail,
    overflow: counters.TCPFastOpenListenOverflow,
    requests: counters.TCPFastOpenCookieReqd,
  }
}

/** What the peer, as a server, gives to a client that asks. */
export const COOKIE = '0123456789abcdef'

const SERVERS = { 4: '192.0.2.2', 6: '2001:db8::2' }
const PLAIN = { timestamps: false, sack: false, windowScale: false }

/** A stack that connects to port 80 of the peer by Fast Open, with no option but the MSS beside, unless told otherwise. */
export function fastClient(options: HostOptions = {}): Traced {
  const { stack = {} } = options
  const tcp = host({ ...options, stack: { ...stack, tcp: { ...PLAIN, ...stack.tcp } } })
  again(tcp, '', 0, { address: SERVERS[options.family ?? 4] })
  return tcp
}

/** The same, once it has been given a cookie; `mss` 0 is none. */
export function knows(options: HostOptions = {}, cookie: string = COOKIE, mss = 1460): Traced {
  const tcp = fastClient(options)
  tcp.trace`+0 > S 0:0(0)`
  tcp.trace`
    +0 < S. 0:0(0) ack 1 win 65535 <${mss === 0 ? '' : `mss ${mss},`}FO ${cookie}>
    +0 > .  1:1(0) ack 1
  `
  tcp.takeEvents()
  return tcp
}

/** Connects by Fast Open, to the same server unless told otherwise, with so much to send. The peer gets that name. */
export function again(tcp: Traced, name: string, octets: number, options: Partial<ConnectOptions> = {}): void {
  const address = options.address ?? tcp.connection.remoteAddress
  tcp.connection = tcp.stack.connect({ address, port: 80, fastOpen: true, ...options })
  const { localAddress, localPort, remotePort: port } = tcp.connection
  tcp.peer(name, { address, port, localAddress, localPort })
  tcp.send(octets)
}
