import { deepEqual, equal, match } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { networkInterfaces } from 'node:os'
import { type TestContext, test } from 'node:test'
import { probeNamespace } from '../../src/host/namespace.ts'
import { setLoopbackUp } from '../../src/host/network-interface.ts'
import { kernelTest } from '../support/namespace.ts'

const MODULE = JSON.stringify(new URL('../../src/host/namespace.ts', import.meta.url).href)

/** A program that runs itself again in a namespace, and says in both lives what it sees. */
function program(inside: string): string {
  return `
    import { readFileSync } from 'node:fs'
    import { enterNamespace, isInsideNamespace } from ${MODULE}
    const devices = () => readFileSync('/proc/net/dev', 'utf8').trim().split('\\n').slice(2).map((line) => line.split(':')[0].trim())
    if (isInsideNamespace()) {
      ${inside}
    } else {
      const result = await enterNamespace(process.execArgv)
      console.log('outside', JSON.stringify(result))
    }
  `
}

function start(t: TestContext, source: string) {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', source], { env })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  const ended = new Promise<string>((resolve) => child.once('close', () => resolve(output)))
  const said = (text: string): Promise<void> =>
    new Promise((resolve) => {
      child.stdout.on('data', () => output.includes(text) && resolve())
    })
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += data
    })
  }
  return { child, ended, said }
}

test('a program runs itself again in a network namespace, where nothing is but the loopback', async (t) => {
  const probe = await probeNamespace()
  if (!probe.ok) return t.skip(probe.reason)
  const { ended } = start(t, program(`console.log('inside', devices().join()); process.exitCode = 7`))
  deepEqual((await ended).trim().split('\n'), ['inside lo', 'outside {"ok":true,"exitCode":7}'])
})

test('a signal to the outer program ends the inner one in its own way', async (t) => {
  const probe = await probeNamespace()
  if (!probe.ok) return t.skip(probe.reason)
  const inside = `
    const life = setInterval(() => {}, 1000)
    process.on('SIGTERM', () => { console.log('inside SIGTERM'); clearInterval(life); process.exitCode = 3 })
    console.log('inside ready')
  `
  const { child, ended, said } = start(t, program(inside))
  await said('ready')
  child.kill('SIGTERM')
  match(await ended, /inside SIGTERM\noutside {"ok":true,"exitCode":3}/)
})

test('an inner program that dies by a signal gives the exit code that shells give', async (t) => {
  const probe = await probeNamespace()
  if (!probe.ok) return t.skip(probe.reason)
  const { ended } = start(t, program(`process.kill(process.pid, 'SIGKILL')`))
  match(await ended, /outside {"ok":true,"exitCode":137}/)
})

kernelTest(import.meta.url, 'the loopback comes up, with both its addresses', async () => {
  equal(networkInterfaces().lo, undefined)
  await setLoopbackUp()
  deepEqual(
    networkInterfaces().lo?.map(({ address }) => address),
    ['127.0.0.1', '::1'],
  )
})
