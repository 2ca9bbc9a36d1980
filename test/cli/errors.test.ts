import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explain, UserError } from '../../src/cli/errors.ts'

test("a user's error is its cause and the ways out", () => {
  assert.deepEqual(explain(new UserError('no such device', 'Way out: another one.')), [
    'no such device',
    'Way out: another one.',
  ])
})

test("a connection's error is one sentence, with the place", () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), {
    code: 'ECONNREFUSED',
    address: '10.0.0.1',
    port: 7,
  })
  assert.deepEqual(explain(refused), ['10.0.0.1 port 7: connection refused: nobody listens there'])
  const unknown = Object.assign(new Error('getaddrinfo ENOTFOUND x'), { code: 'ENOTFOUND', hostname: 'x' })
  assert.deepEqual(explain(unknown), ['x: no such host'])
})

test('an error that nobody foresaw tells all that it has', () => {
  const [line] = explain(new Error('what?'))
  assert.match(line!, /^internal error: Error: what\?\n\s+at /)
})
