/** Writes docs/compliance.md; with --check only looks whether it is up to date. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gather, report, unknownCitations } from './compliance/report.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const page = `${root}/docs/compliance.md`
const evidence = gather(root)
const unknown = unknownCitations(evidence)

if (unknown.length > 0) {
  console.error(`RFC 9293 has no such requirement:\n  ${unknown.join('\n  ')}`)
  process.exitCode = 1
} else if (!process.argv.includes('--check')) {
  writeFileSync(page, report(evidence))
} else if (readFileSync(page, 'utf8') !== report(evidence)) {
  console.error('docs/compliance.md is out of date: run `npm run compliance`')
  process.exitCode = 1
}
