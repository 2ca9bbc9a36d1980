import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { kernelTest } from '../support/namespace.ts'
import { REGISTER } from './run.ts'

const FLAGS = ['--import', 'tsx', '--import', REGISTER, '--input-type=module', '--eval']

kernelTest(import.meta.url, 'over TUN: an unchanged server serves curl, and ends when it is closed', async () => {
  const text = `
    import http from 'node:http'
    const server = http.createServer((request, response) => {
      response.end('served ' + request.url)
      server.close()
    })
    server.listen(80, () => console.log('ready'))`
  const env = {
    ...process.env,
    ESTAB_TUN: 'estab0',
    ESTAB_ADDRESS: '10.77.0.2/24',
    ESTAB_KERNEL_ADDRESS: '10.77.0.1/24',
  }
  const server = spawn(process.execPath, [...FLAGS, text], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(server, 'exit')
  await once(server.stdout, 'data')
  const { stdout } = await promisify(execFile)('curl', ['-sS', '--max-time', '10', 'http://10.77.0.2/here'])
  assert.equal(stdout, 'served /here')
  assert.deepEqual(await exit, [0, null])
})
