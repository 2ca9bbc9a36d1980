import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { estab, type Finished } from './run.ts'

/** A newcomer's mistake: one line for the cause, no stack trace, status 1. */
function isPlainError({ status, stdout, stderr }: Finished, cause: RegExp): void {
  assert.match(stderr, cause)
  assert.doesNotMatch(stderr, /\n\s+at /)
  assert.equal(stdout, '')
  assert.equal(status, 1)
}

test('--help and --version', async () => {
  const help = await estab(['--help'])
  assert.equal(help.status, 0)
  for (const word of ['demo', 'serve', 'connect', 'ping', 'Examples:']) assert.ok(help.stdout.includes(word), word)
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  assert.equal((await estab(['--version'])).stdout, `${version}\n`)
})

test('every option of serve is in its help, and every line fits 120 columns', async () => {
  const { stdout, status } = await estab(['serve', '--help'], { env: { COLUMNS: '120' } })
  assert.equal(status, 0)
  const options =
    '--link --tun --address --host-address --port --backlog --accept-backlog --accept-overflow --cookies --fast-open --synack-retries --synack-waits --http --echo --discard --quiet --json'
  for (const option of options.split(' ')) assert.ok(stdout.includes(option), option)
  for (const line of stdout.split('\n')) assert.ok(line.length <= 120, line)
})

test('an unknown command', async () => {
  isPlainError(await estab(['sreve']), /unknown command 'sreve'[\s\S]*serve/)
})

const MISTAKES: readonly [name: string, args: string[], cause: RegExp][] = [
  ['an unknown option', ['serve', '--prot', '80'], /unknown option '--prot'[\s\S]*--port/],
  [
    'an address without its prefix length',
    ['serve', '--address', '10.0.0.2'],
    /prefix length is missing: write 10\.0\.0\.2\/24/,
  ],
  ['a wrong CIDR', ['serve', '--address', '10.0.0.2/33'], /'10\.0\.0\.2\/33' is invalid.*as in 10\.77\.0\.2\/24/],
  ["a network's address", ['serve', '--address', '10.0.0.0/24'], /names a network, not a host/],
  ['a port out of range', ['serve', '--port', '65536'], /'65536' is invalid.*0 to 65535/],
  [
    'an unknown preset',
    ['serve', '--synack-waits', 'windows'],
    /'windows' is neither a list of seconds nor one of linux/,
  ],
  ['cookies neither on nor off', ['serve', '--cookies', 'yes'], /Allowed choices are on, off, always/],
  ['Fast Open for nobody', ['serve', '--fast-open', '0'], /'0' is invalid.*1 to/],
  ['an unknown policy', ['serve', '--accept-overflow', 'drop'], /Allowed choices are wait, reset/],
  ['no room to be accepted', ['serve', '--accept-backlog', '0'], /'0' is invalid.*1 to/],
  ['waits that are none', ['serve', '--synack-waits', '1,x'], /'x' is not a number of seconds/],
  ['too few waits', ['serve', '--synack-retries', '3', '--synack-waits', '1,2'], /needs 4 waits[\s\S]*Way out/],
  [
    'a preset with too few waits',
    ['serve', '--synack-retries', '4', '--synack-waits', 'freebsd'],
    /needs 5 waits.*--synack-waits freebsd gives 4/,
  ],
  ['two services at once', ['serve', '--echo', '--discard'], /exclude each other[\s\S]*Way out/],
  ['an unknown link', ['serve', '--link', 'tap'], /Allowed choices are tun, embedded/],
  ['a directory that is not there', ['serve', '--http', '/nowhere/at/all'], /no such directory[\s\S]*Way out/],
  ['connect without a port', ['connect', '10.0.0.1'], /missing required argument 'port'/],
]

for (const [name, args, cause] of MISTAKES) {
  test(`a mistake: ${name}`, async () => isPlainError(await estab(args), cause))
}
