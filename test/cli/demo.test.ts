import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { describe, test } from 'node:test'
import { probeNamespace } from '../../src/host/namespace.ts'
import { ESTAB, estab, type Finished } from './run.ts'

/** A number that both sides of a ladder name, and the rest of a line. */
const RUNG = / +\d+\.\d{3} s {2}.*\d\/4 +\d\/4$/

/** What the tour tells, wherever it takes place. */
function isTour({ status, stdout, stderr }: Finished): void {
  assert.equal(stderr, '')
  assert.equal(status, 0)
  assert.equal(stdout.includes('\u001b'), false)
  for (const line of stdout.split('\n')) assert.ok(line.length <= 100, `${line.length} columns: ${line}`)
  const scenes = stdout.split(/^ \d {2}/m).slice(1)
  assert.equal(scenes.length, 4)
  const [normal, lost, silent, full] = scenes.map((scene) => scene.split('\n').filter((line) => RUNG.test(line)))
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
  assert.equal(scenes.join('').match(/✓.* → 200, /g)?.length, 3)
  const [, all, connections, deleted, dropped] = /: (\d+) SYNs = (\d+) connections \+ (\d+) .* \+ (\d+) dropped/.exec(
    stdout,
  )!
  assert.equal(Number(all), Number(connections) + Number(deleted) + Number(dropped))
}

function steps(rungs: readonly string[]): string[] {
  return rungs.map((rung) => {
    const load = /(\d\/4) +(\d\/4)$/.exec(rung)!
    const arrow = /([◀╳]?)── (SYN\+ACK|SYN|ACK).*?─([▶╳]?) /.exec(rung)
    const what = arrow === null ? 'deleted' : `${arrow[1]}${arrow[2]}${arrow[3]}`
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
