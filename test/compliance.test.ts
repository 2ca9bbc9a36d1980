import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { citedIn } from '../scripts/compliance/citations.ts'
import { DEVIATIONS, REMARKS } from '../scripts/compliance/remarks.ts'
import { gather, report, unknownCitations } from '../scripts/compliance/report.ts'
import { REQUIREMENTS } from '../scripts/compliance/requirements.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

test('the list has the 69 MUST and 31 SHLD of RFC 9293', () => {
  const count = (kind: string): number => REQUIREMENTS.filter(({ id }) => id.startsWith(kind)).length
  assert.deepEqual([count('MUST-'), count('SHLD-')], [69, 31])
  assert.equal(new Set(REQUIREMENTS.map(({ id }) => id)).size, 100)
})

test('nobody cites a requirement that RFC 9293 does not have', () => {
  assert.deepEqual(unknownCitations(gather(root)), [])
})

test('deviations and remarks are about requirements that there are', () => {
  const known = new Set(REQUIREMENTS.map(({ id }) => id))
  assert.deepEqual(
    [...Object.keys(DEVIATIONS), ...Object.keys(REMARKS)].filter((id) => !known.has(id)),
    [],
  )
})

test('docs/compliance.md is up to date', () => {
  const page = readFileSync(`${root}/docs/compliance.md`, 'utf8')
  assert.ok(page === report(gather(root)), 'run `npm run compliance`')
})

test('lists and ranges of citations', () => {
  assert.deepEqual(citedIn('RFC 9293 MUST-2, MUST-3'), ['MUST-2', 'MUST-3'])
  assert.deepEqual(citedIn('RFC 9293 MUST-2/3 and SHLD-4'), ['MUST-2', 'MUST-3', 'SHLD-4'])
  assert.deepEqual(citedIn('RFC 9293 MUST-24..26.'), ['MUST-24', 'MUST-25', 'MUST-26'])
  assert.deepEqual(citedIn('a MUST of no RFC'), [])
})
