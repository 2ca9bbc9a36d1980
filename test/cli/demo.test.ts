import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { describe, test } from 'node:test'
import { probeNamespace } from '../../src/host/namespace.ts'
import { ESTAB, estab, type Finished } from './run.ts'

/** A rung of a ladder, with both queues at its end. */
const RUNG = /^ +\d+\.\d{3} s {2}.* \d+\/\d+ +\d+\/\d+$/
/** A row of the meter. */
const METER = /^ +(\d+\.\d{3}) s {2}[█░]+ (\d+)\/64 +[█░]+ (\d+)\/64((?: +[\d,]+){4})$/

/** What the tour tells, wherever it takes place. */
function isTour({ status, stdout, stderr }: Finished): void {
  assert.equal(stderr, '')
  assert.equal(status, 0)
  assert.equal(stdout.includes('\u001b'), false)
  for (const line of stdout.split('\n')) assert.ok(line.length <= 100, `${line.length} columns: ${line}`)
  const scenes = stdout.split(/^ \d {2}/m).slice(1)
  assert.equal(scenes.length, 6)
  isHandshakes(scenes.slice(0, 4))
  isFlood(scenes[4]!)
  isDeferral(scenes[5]!)
  assert.equal(stdout.match(/✓.* → 200, /g)?.length, 5)
  addsUp(stdout)
}

function isHandshakes(scenes: readonly string[]): void {
  const [normal, lost, silent, full] = scenes.map(rungs)
  assert.match(scenes[0]!, /j = \d+ +k = \d+/)
  assert.deepEqual(steps(normal!), ['SYN▶ 1/4 0/4', '◀SYN+ACK 1/4 0/4', 'ACK▶ 0/4 1/4'])
  assert.deepEqual(steps(lost!), [
    'SYN▶ 1/4 0/4',
    '╳SYN+ACK 1/4 0/4',
    '╳SYN+ACK 1/4 0/4',
    '◀SYN+ACK 1/4 0/4',
    'ACK▶ 0/4 1/4',
  ])
  assert.deepEqual(steps(silent!), [
    'SYN▶ 1/4 0/4',
    '◀SYN+ACK 1/4 0/4',
    '◀SYN+ACK 1/4 0/4',
    '◀SYN+ACK 1/4 0/4',
    'deleted 0/4 0/4',
  ])
  const deletedAt = Number.parseFloat(silent!.at(-1)!)
  assert.ok(deletedAt >= 2.1 && deletedAt < 2.6, `deleted after ${deletedAt} s`)
  assert.ok(steps(full!).includes('SYN╳ 4/4 0/4'), full!.join('\n'))
  assert.deepEqual(steps(full!).slice(-4), ['deleted 0/4 0/4', 'SYN▶ 1/4 0/4', '◀SYN+ACK 1/4 0/4', 'ACK▶ 0/4 1/4'])
}

/** Without cookies the queue is full and the client stays out; with them the queue is as full, and it gets in at once. */
function isFlood(scene: string): void {
  const [without, withCookies] = scene.split(/^ {4}with cookies$/m)
  for (const [text, cookies] of [
    [without!, false],
    [withCookies!, true],
  ] as const) {
    const rows = text.split('\n').filter((line) => METER.test(line))
    assert.ok(rows.length >= 3, text)
    const [, , halfOpen, , numbers] = METER.exec(rows.at(-1)!)!
    const [syns, queued, cookied, dropped] = numbers!.trim().split(/ +/).map(numberOf) as [
      number,
      number,
      number,
      number,
    ]
    assert.deepEqual([halfOpen, queued], ['64', 64])
    assert.equal(syns, queued + cookied + dropped)
    assert.ok(syns > 2000)
    assert.equal(cookies ? dropped : cookied, 0)
  }
  assert.deepEqual([...new Set(steps(rungs(without!)))], ['SYN╳ 64/64 0/64'])
  assert.match(without!, /✗ .* → no answer within 2 s/)
  assert.deepEqual(steps(rungs(withCookies!)), ['SYN▶ 64/64 0/64', '◀SYN+ACK 64/64 0/64', 'ACK▶ 64/64 1/64'])
  const last = rungs(withCookies!).at(-1)!
  assert.ok(Number.parseFloat(last) < 0.5, last)
}

function isDeferral(scene: string): void {
  const drawn = rungs(scene)
  const deferred = ['SYN▶ 1/4 0/4', 'deferred 1/4 0/4']
  const accepted = [...deferred, '◀SYN+ACK 1/4 0/4', 'ACK▶ 0/4 1/4']
  assert.deepEqual(steps(drawn), [...accepted, ...deferred, '◀RST 0/4 0/4'])
  for (const answer of [drawn[2]!, drawn.at(-1)!]) {
    const at = Number.parseFloat(answer)
    assert.ok(at >= 0.49 && at < 1, answer)
  }
  assert.match(scene, /✗ .* → connection refused/)
}

function addsUp(stdout: string): void {
  const [, text] = /^Every SYN has its end:\n([\s\S]*?)\. /m.exec(stdout)!
  const [all, ...parts] = text!.match(/[\d,]+(?= )/g)!.map(numberOf)
  assert.ok(all! > 4000)
  assert.equal(
    parts.reduce((sum, part) => sum + part, 0),
    all,
  )
}

/** `4,012` */
function numberOf(text: string): number {
  return Number(text.replace(',', ''))
}

function rungs(scene: string): string[] {
  return scene.split('\n').filter((line) => RUNG.test(line) && !METER.test(line))
}

function steps(rungs: readonly string[]): string[] {
  return rungs.map((rung) => {
    const load = /(\d+\/\d+) +(\d+\/\d+)$/.exec(rung)!
    const arrow = /([◀╳]?)── (SYN\+ACK|SYN|ACK|RST).*?─([▶╳]?) /.exec(rung)
    const what = arrow === null ? /deleted|deferred/.exec(rung)?.[0] : `${arrow[1]}${arrow[2]}${arrow[3]}`
    return `${what} ${load[1]} ${load[2]}`
  })
}

// They mostly wait, so they wait together.
describe('the tour', { concurrency: true }, () => {
  test('on the embedded wire', async () => {
    const finished = await estab(['demo', '--link', 'embedded'])
    isTour(finished)
    assert.match(finished.stdout, /link +a wire inside this process, asked for/)
  })

  test('on a TUN device, with a client of the kernel', async (t) => {
    const probe = await probeNamespace()
    if (!probe.ok) return t.skip(probe.reason)
    const finished = await estab(['demo', '--link', 'tun'])
    isTour(finished)
    assert.match(finished.stdout, /link +TUN device estab0 in a network namespace of its own/)
  })

  test('of an ordinary user: where there can be no TUN device, on the embedded wire, saying why', async (t) => {
    const isRoot = process.geteuid?.() === 0
    const prefix = isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'] : []
    if (isRoot && spawnSync(prefix[0]!, [...prefix.slice(1), 'test', '-r', ESTAB.at(-1)!]).status !== 0) {
      return t.skip('no setpriv, or this folder is closed to other users')
    }
    const finished = await estab(['demo'], { prefix, env: { HOME: tmpdir() } })
    isTour(finished)
    assert.match(
      finished.stdout,
      /link +(TUN device|a wire inside this process, since there can be no private network)/,
    )
  })
})
