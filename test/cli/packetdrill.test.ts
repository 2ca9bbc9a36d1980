import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { estab } from './run.ts'

const folder = mkdtempSync(join(tmpdir(), 'estab-packetdrill-'))
after(() => rmSync(folder, { recursive: true }))

function script(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

const good = script('good.pkt', '+0 < S 0:0(0) win 1000\n+0 > R. 0:0(0) ack 1\n')
const bad = script('bad.pkt', '+0 < S 0:0(0) win 1000\n+0 > R. 0:0(0) ack 2\n')

test('scripts that pass: one line, and status 0', async () => {
  const { status, stdout } = await estab(['packetdrill', good, good])
  assert.equal(stdout, '2 of 2 scripts passed\n')
  assert.equal(status, 0)
})

test('a script that fails: file, line, expected against got, and status 1', async () => {
  const { status, stdout } = await estab(['packetdrill', good, bad])
  assert.ok(
    stdout.startsWith(`${bad}:2:1: the stack sent another packet: ack\n  expected  0.000000 > R. 0:0(0) ack 2\n`),
    stdout,
  )
  assert.ok(stdout.endsWith('1 of 2 scripts passed\n'))
  assert.equal(status, 1)
})

test('--verbose shows the packets, --tap is TAP', async () => {
  const verbose = await estab(['packetdrill', '--verbose', good])
  assert.match(
    verbose.stdout,
    /^0\.000000 < S 0:0\(0\) win 1000\n0\.000000 > R\. 0:0\(0\) ack 1 win 0\n1 of 1 script passed\n$/,
  )
  const tap = await estab(['packetdrill', '--tap', good, bad])
  assert.match(tap.stdout, /^TAP version 13\n1\.\.2\nok 1 - .*good\.pkt\nnot ok 2 - .*bad\.pkt\n# .*bad\.pkt:2:1: /)
  assert.equal(tap.status, 1)
})

test('a file that is not there, and none at all', async () => {
  const missing = await estab(['packetdrill', join(folder, 'missing.pkt')])
  assert.match(missing.stderr, /missing\.pkt cannot be read: there is no such file/)
  assert.equal(missing.status, 1)
  const none = await estab(['packetdrill'])
  assert.match(none.stderr, /missing required argument 'file'/)
  assert.notEqual(none.status, 0)
})
