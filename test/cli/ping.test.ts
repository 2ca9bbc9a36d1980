import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kernelTest } from '../support/namespace.ts'
import { estab } from './run.ts'

const ANSWER = /^\d+: answer from \S+ after \d+\.\d{3} ms$/

test('ping over the embedded wire: a line for each echo, one for all, status 0', async () => {
  for (const host of ['10.79.0.1', 'fd79::1']) {
    const args = ['ping', host, '--link', 'embedded', '--address', '10.79.0.2/24', '--address', 'fd79::2/64']
    const { stdout, stderr, status } = await estab([...args, '--count', '2', '--interval', '0.01', '--size', '3000'])
    const [title, first, second, all] = stdout.split('\n')
    assert.equal(title, `PING ${host}: 3000 octets of data`)
    assert.match(first!, ANSWER)
    assert.match(second!, ANSWER)
    assert.match(all!, /^2 sent, 2 answered; least /)
    assert.deepEqual([stderr, status], ['', 0])
  }
})

test('ping without an answer says so, and ends with status 1', async () => {
  const args = [
    'ping',
    '10.79.0.9',
    '--link',
    'embedded',
    '--address',
    '10.79.0.2/24',
    '--count',
    '1',
    '--timeout',
    '0.05',
  ]
  const { stdout, status } = await estab(args)
  assert.match(stdout, /^1: 10\.79\.0\.9: timed out: no answer\n1 sent, 0 answered$/m)
  assert.equal(status, 1)
})

test('ping: mistakes', async () => {
  for (const [args, cause] of [
    [['ping', '10.79.0.1', '--size', '65508'], /'65508' is invalid.*0 to 65507/],
    [['ping', '10.79.0.1', '--count', '0'], /'0' is invalid.*1 to/],
    [['ping'], /missing required argument 'host'/],
    [['ping', '10.79.0.255', '--link', 'embedded'], /not the address of one host/],
  ] as const) {
    const { stderr, status } = await estab(args)
    assert.match(stderr, cause)
    assert.doesNotMatch(stderr, /\n\s+at /)
    assert.equal(status, 1)
  }
})

kernelTest(import.meta.url, 'ping: the kernel answers, over IPv4 and IPv6, and in fragments', async () => {
  for (const host of ['10.79.0.1', 'fd79::1']) {
    const { stdout, stderr, status } = await estab(['ping', host, '--count', '1', '--size', '4000', '--timeout', '5'])
    assert.match(stdout, /^1 sent, 1 answered; /m)
    assert.deepEqual([stderr, status], ['', 0])
  }
})
