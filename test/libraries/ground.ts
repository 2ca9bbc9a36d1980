/** Where the libraries run: estab and the kernel on both ends of a TUN device, or two hosts of a simulation. */
import { once } from 'node:events'
import nodeNet, { type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { setLoopbackUp } from '../../src/host/network-interface.ts'
import { openTun } from '../../src/host/tun.ts'
import { createNet, type Net } from '../../src/net/net.ts'
import { createSimulation } from '../../src/sim/index.ts'

export const KERNEL = '10.77.0.1'
export const ESTAB = '10.77.0.2'

/** What a scenario is given of both ends. Sockets are those of node:net, to the types and to the libraries. */
export interface Ground {
  /** To the server's port. */
  connect(port: number): Socket
  /** The server's listening, each connection handed to `serve`. */
  listen(port: number, serve: (socket: Socket) => void): Promise<void>
  /** The server's address. */
  readonly host: string
  /** Octets to move in a scenario about much. */
  readonly much: number
}

/** Estab on a TUN device of this namespace, offload on. */
export async function openEstab(t: TestContext): Promise<Net> {
  await setLoopbackUp()
  const link = await openTun({ addresses: [`${KERNEL}/24`], offload: true })
  const net = createNet({ link, address: `${ESTAB}/24`, tcp: { msl: 100 } })
  t.after(() => net.close())
  return net
}

/** Estab serves the kernel. */
export async function estabServes(t: TestContext, much: number): Promise<Ground> {
  const net = await openEstab(t)
  return {
    connect: (port) => nodeNet.connect(port, ESTAB),
    listen: (port, serve) => listening(net.createServer({ allowHalfOpen: true }, serve as () => void), port),
    host: ESTAB,
    much,
  }
}

/** Estab asks the kernel. */
export async function estabAsks(t: TestContext, much: number): Promise<Ground> {
  const net = await openEstab(t)
  return {
    connect: (port) => net.connect(port, KERNEL),
    listen: async (port, serve) => {
      const server = nodeNet.createServer({ allowHalfOpen: true }, serve)
      t.after(() => server.close())
      await listening(server, port)
    },
    host: KERNEL,
    much,
  }
}

/** Both are estab, in virtual time; a frame takes 5 ms. */
export async function simulated(much: number, body: (ground: Ground) => Promise<void>): Promise<void> {
  const sim = createSimulation({ seed: 7 })
  // Frames as long as IP has them: what is moved is to be much, not the count of frames.
  const [client, server] = [sim.host('client', { mtu: 65_535 }), sim.host('server', { mtu: 65_535 })]
  sim.link(client, server, { delay: 5 })
  await sim.run(() =>
    body({
      connect: (port) => client.connect(port, server.address),
      listen: (port, serve) => listening(server.createServer({ allowHalfOpen: true }, serve as () => void), port),
      host: server.address,
      much,
    }),
  )
}

async function listening(server: nodeNet.Server, port: number): Promise<void> {
  server.listen(port)
  await once(server, 'listening')
}
