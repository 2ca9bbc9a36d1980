/** express and fastify as servers on estab, under the load of wrk and ab on the kernel's side of a TUN device. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import http from 'node:http'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import express from 'express'
import fastify from 'fastify'
import type { Net } from '../../src/net/net.ts'
import { kernelTest } from '../support/namespace.ts'
import { programs } from './daemon.ts'
import { ESTAB, openEstab } from './ground.ts'

const BODY = { hello: 'world', list: [1, 2, 3] }

async function withExpress(net: Net): Promise<void> {
  const app = express()
  app.get('/', (_, response) => void response.json(BODY))
  await serve(net, http.createServer(app))
}

async function withFastify(net: Net): Promise<void> {
  let server: http.Server | undefined
  const app = fastify({
    serverFactory: (handler) => {
      server = http.createServer(handler)
      return server
    },
  })
  app.get('/', async () => BODY)
  await app.ready()
  await serve(net, server!)
}

function serve(net: Net, server: http.Server): Promise<void> {
  const listener = net.createServer({ noDelay: true, estab: { backlog: 1024 } }, (socket) =>
    server.emit('connection', socket),
  )
  return new Promise((resolve) => listener.listen(80, resolve))
}

for (const [name, open] of [
  ['express', withExpress],
  ['fastify', withFastify],
] as const) {
  kernelTest(import.meta.url, `${name} under wrk: 64 connections, no error`, async (t) => {
    const found = programs(t, 'wrk')
    if (found === undefined) return
    await open(await openEstab(t))
    const { stdout } = await promisify(execFile)(found[0], ['-t1', '-c64', '-d2s', `http://${ESTAB}/`])
    assert.doesNotMatch(stdout, /Socket errors|Non-2xx/, stdout)
    say(t, stdout, /Requests\/sec: +([\d.]+)/)
  })

  kernelTest(
    import.meta.url,
    `${name} under ab: 3000 connections of one request each, and 3000 requests kept alive`,
    async (t) => {
      const found = programs(t, 'ab')
      if (found === undefined) return
      await open(await openEstab(t))
      for (const mode of [[], ['-k']]) {
        const { stdout } = await promisify(execFile)(found[0], [...mode, '-q', '-n3000', '-c50', `http://${ESTAB}/`])
        assert.match(stdout, /Complete requests: +3000\n/, stdout)
        assert.match(stdout, /Failed requests: +0\n/, stdout)
        say(t, stdout, /Requests per second: +([\d.]+)/)
      }
    },
  )
}

function say(t: TestContext, output: string, pattern: RegExp): void {
  t.diagnostic(`${pattern.exec(output)?.[1]} requests/s`)
}
