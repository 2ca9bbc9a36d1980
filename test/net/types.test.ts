import assert from 'node:assert/strict'
import type nodeNet from 'node:net'
import { test } from 'node:test'
import estab, { createNet, type Net, type Server, type Socket } from '../../src/net/index.ts'

type NodeNet = typeof nodeNet

/** Where a library takes node:net itself, a net is taken; so are its parts. The compiler is the judge. */
function library(net: NodeNet, connect: NodeNet['connect'], createServer: NodeNet['createServer']): string {
  return [typeof net.connect, typeof connect, typeof createServer].join()
}

function sockets(socket: nodeNet.Socket, server: nodeNet.Server): [boolean, boolean] {
  return [socket.destroyed, server.listening]
}

test('a net is assignable to what node:net is', () => {
  assert.equal(library(estab, estab.connect, estab.createServer), 'function,function,function')
})

test("sockets and servers are assignable to node:net's, and can be extended", () => {
  class Mine extends estab.Server {}
  class Own extends estab.Socket {}
  const server: Server = estab.createServer({ estab: { backlog: 5 } }, (socket: Socket) =>
    socket.end(`${socket.estab.state}`),
  )
  const socket: Socket = new estab.Socket({ allowHalfOpen: true })
  assert.deepEqual(sockets(socket, server), [false, false])
  assert.deepEqual(sockets(new Own(), new Mine()), [false, false])
})

test('what is estab alone has types of its own', () => {
  const make: (options: Parameters<typeof createNet>[0]) => Net = createNet
  assert.equal(typeof make, 'function')
  assert.equal(estab.createServer().estab.listener, undefined)
})
