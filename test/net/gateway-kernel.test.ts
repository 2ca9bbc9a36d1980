/** The gateway of examples/, with the kernel behind a TUN device as its guest. */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { promisify } from 'node:util'
import { openGateway } from '../../examples/gateway.ts'
import { setLoopbackUp } from '../../src/host/network-interface.ts'
import { openTun } from '../../src/host/tun.ts'
import { createNet } from '../../src/net/net.ts'
import { kernelTest } from '../support/namespace.ts'
import { pattern } from './support.ts'

/** Of this machine, and not to be reached but through the gateway: the kernel as a guest has another route to it. */
const FAR = '198.51.100.7'

kernelTest(import.meta.url, 'curl as a guest, through forward(), to a server of this machine', async (t) => {
  try {
    execFileSync('curl', ['--version'])
    execFileSync('ip', ['-V'])
  } catch {
    t.skip('curl or ip is missing')
    return
  }
  await setLoopbackUp()
  const body = pattern(3_000_000)
  const server = http.createServer((_, response) => response.end(body)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const link = await openTun({ addresses: ['10.77.0.1/24'] })
  execFileSync('ip', ['route', 'add', `${FAR}/32`, 'via', '10.77.0.2'])
  const inside = createNet({ link, address: '10.77.0.2/24', tcp: { msl: 100 } })
  const asked: string[] = []
  const forward = openGateway(inside, ({ localAddress, localPort }) => {
    asked.push(`${localAddress}:${localPort}`)
    // In the place of the far host, this one.
    return localPort === 9 ? undefined : { host: '127.0.0.1', port: localPort }
  })
  t.after(() => {
    inside.close()
    server.close()
  })
  const options = { encoding: 'buffer', maxBuffer: 10_000_000 } as const
  const { stdout } = await promisify(execFile)('curl', ['-sS', `http://${FAR}:${port}/`], options)
  assert.ok(stdout.equals(body))
  for (const closed of [9, port + 1]) {
    const [error] = await once(connect(closed, FAR), 'error')
    assert.equal((error as NodeJS.ErrnoException).code, 'ECONNREFUSED')
  }
  assert.deepEqual(asked, [`${FAR}:${port}`, `${FAR}:9`, `${FAR}:${port + 1}`])
  await inside.drained()
  assert.equal(forward.pending, 0)
})
