/** Nothing is silent: why TCP drops something has a name, and each name is met by a test. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const ROOT = new URL('../../', import.meta.url)

test('at least 25 reasons of TCP and its listeners, each of which some test brings about', () => {
  const source = readFileSync(new URL('src/tcp/drop-reason.ts', ROOT), 'utf8')
  const reasons = [...source.matchAll(/^ {2}\| '((?:tcp|syn|accept|cookie|connection)-[a-z-]+)'/gm)].map(
    ([, name]) => name!,
  )
  assert.ok(reasons.length >= 25, `${reasons.length} reasons`)
  const tests = readdirSync(new URL('test/', ROOT), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts') && path !== 'listener/reasons.test.ts')
    .map((path) => readFileSync(new URL(`test/${path}`, ROOT), 'utf8'))
  for (const reason of reasons) {
    assert.ok(
      tests.some((text) => text.includes(`'${reason}'`)),
      `no test meets ${reason}`,
    )
  }
})
