/**
 * Plants bugs, one after the other, in a copy of src/, and shows that the explorer finds each. Ends with 1 if it does
 * not. `--traces` prints the test that shows each; a word or two restrict it to the bugs whose name has them;
 * `--part=1/3` takes the first of every three.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bug } from './mutate/bug.ts'
import { BUGS } from './mutate/bugs.ts'
import type { Hunt } from './mutate/hunt.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** What the hunt needs. */
const COPIED = ['package.json', 'src', 'test/explorer', 'test/support', 'test/transfer/leftovers.ts', 'scripts/mutate']
const MOST_STEPS = 6
/** A planted bug may make a loop endless. */
const PATIENCE = 180_000

const traces = process.argv.includes('--traces')
const words = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const [part = 1, parts = 1] = (/^--part=(\d+)\/(\d+)$/m.exec(process.argv.join('\n')) ?? []).slice(1).map(Number)
const bugs = BUGS.filter(({ name }) => words.every((word) => name.includes(word))).filter(
  (_, i) => i % parts === part - 1,
)
const stale = bugs.filter((bug) => occurrences(bug) !== 1)

if (stale.length > 0) {
  for (const bug of stale) {
    console.error(`"${bug.name}" cannot be planted: src/${bug.file} has ${occurrences(bug)} times\n  ${bug.text}`)
  }
  process.exitCode = 1
} else {
  const place = mkdtempSync(join(tmpdir(), 'estab-mutate-'))
  try {
    copyTo(place)
    const missed = bugs.filter((bug) => !report(bug, plantAndHunt(place, bug)))
    console.log(`\n${bugs.length - missed.length} of ${bugs.length} bugs found`)
    if (missed.length > 0) process.exitCode = 1
  } finally {
    rmSync(place, { recursive: true })
  }
}

function occurrences({ file, text }: Bug): number {
  return readFileSync(join(ROOT, 'src', file), 'utf8').split(text).length - 1
}

function copyTo(place: string): void {
  for (const path of COPIED) {
    mkdirSync(dirname(join(place, path)), { recursive: true })
    cpSync(join(ROOT, path), join(place, path), { recursive: true })
  }
}

/** What the explorer finds with the bug in place; undefined when it does not come to an end. */
function plantAndHunt(place: string, { file, text, planted }: Bug): Hunt | undefined {
  const path = join(place, 'src', file)
  const original = readFileSync(path, 'utf8')
  writeFileSync(
    path,
    original.replace(text, () => planted),
  )
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', join(place, 'scripts/mutate/hunt.ts'), String(MOST_STEPS)],
    { cwd: ROOT, encoding: 'utf8', timeout: PATIENCE },
  )
  writeFileSync(path, original)
  if (status !== 0) console.error(stderr)
  return status === 0 ? (JSON.parse(stdout) as Hunt) : undefined
}

/** Prints a row of the table; whether the bug was found. */
function report({ name }: Bug, hunt: Hunt | undefined): boolean {
  const found = hunt?.found
  if (hunt === undefined) console.log(`NOT FOUND  ${name}: the walk does not end`)
  else if (found === undefined) console.log(`NOT FOUND  ${name}: ${hunt.states} states seen`)
  else {
    console.log(`found      ${name}: ${hunt.states} states, ${found.path.length} steps`)
    console.log(`             ${found.start}: ${found.path.join(' → ')}`)
    console.log(`             ${found.problem.split('\n').slice(0, 2).join(' ').replace(/\s+/g, ' ')}`)
    if (traces) console.log(`\n${found.test}\n`)
  }
  return found !== undefined
}
