import assert from 'node:assert/strict'
import test from 'node:test'
import { createSimulation, type Recording, ReplayError, type Simulation } from '../../src/sim/index.ts'

/** A transfer over a bad line, both ways, cut in the middle; with a knob. */
async function program(options: Parameters<typeof createSimulation>[0], size = 20_000): Promise<Simulation> {
  const sim = createSimulation(options)
  const [a, b, r] = [sim.host('a'), sim.host('b'), sim.router('r')]
  sim.link(a, r, { delay: 5, jitter: 3, loss: 0.03, reorder: 0.05, duplicate: 0.02, corrupt: 0.01 })
  const link = sim.link(r, b, { delay: 10, rate: 5_000_000, queue: { discipline: 'codel', packets: 20 } })
  await sim.run(async () => {
    b.createServer((socket) => socket.pipe(socket)).listen(7)
    link.flap({ up: 60, down: 100, times: 1 })
    const socket = a.connect(7, 'b')
    socket.end(Buffer.alloc(size, 7))
    let length = 0
    for await (const chunk of socket) length += (chunk as Buffer).length
    assert.equal(length, size)
  })
  return sim
}

test('a seed gives the same octets at the same instants; another seed does not', async () => {
  const [one, same, other] = await Promise.all([program({ seed: 9 }), program({ seed: 9 }), program({ seed: 10 })])
  assert.equal(one.digest, same.digest)
  assert.equal(one.trace(), same.trace())
  assert.deepEqual(one.recording(), same.recording())
  assert.notEqual(one.digest, other.digest)
})

test('on every machine: the digest of what no TCP takes part in', async () => {
  const sim = createSimulation({ seed: 2026 })
  const [a, b] = [sim.network.bareHost('a'), sim.network.bareHost('b')]
  const link = sim.link(a, b, {
    delay: 7.3,
    jitter: 2.9,
    rate: 1_200_000,
    queue: { discipline: 'codel', packets: 50 },
    loss: { enter: 0.05, leave: 0.3 },
    duplicate: 0.1,
    reorder: 0.1,
    corrupt: 0.1,
  })
  const chance = sim.chance()
  for (let i = 0; i < 500; i++) {
    const octets = chance.bytes(100 + chance.below(1000))
    sim.after(chance.next() * 1500, () => link.forward.send(octets, 0, octets.length))
  }
  await sim.idle()
  const { sent, lost, late, duplicated, reordered, corrupted } = link.forward.counters
  assert.deepEqual({ sent, lost, late, duplicated, reordered, corrupted, digest: sim.digest }, GOLDEN)
})

const GOLDEN = {
  sent: 500,
  lost: 31,
  late: 66,
  duplicated: 33,
  reordered: 41,
  corrupted: 38,
  digest: '11a5d512c2d6a400',
}

test('a recording is JSON, and a run that repeats it is told so', async () => {
  const recorded = await program({ seed: 9 })
  const recording = JSON.parse(JSON.stringify(recorded.recording())) as Recording
  assert.equal(recording.seed, 9)
  assert.deepEqual(
    recording.events.map(({ at, text }) => `${at} ${text}`),
    ['60 r - b down', '160 r - b up'],
  )
  const again = await program({ replay: recording })
  assert.equal(again.seed, 9)
  again.verify()
})

test('a run that differs ends at the first packet that does, and names it', async () => {
  const recording = (await program({ seed: 9 })).recording()
  await assert.rejects(program({ replay: recording }, 20_001), (error: ReplayError) => {
    assert.ok(error instanceof ReplayError)
    assert.match(
      error.message,
      /^happening \d+ differs: here\n {2}\d+\.\d+ {2}\S+ > \S+ sent .*\nwhere the recorded run had another at \d/,
    )
    assert.ok(error.index > 10 && error.index < recording.happenings)
    return true
  })
})

test('a change to the network that differs is named, too', async () => {
  const build = async (replay: Recording | undefined, at: number): Promise<Simulation> => {
    const sim = createSimulation(replay === undefined ? { seed: 3 } : { replay })
    const link = sim.link(sim.host('a'), sim.host('b'))
    sim.after(at, () => link.down())
    await sim.sleep(100)
    return sim
  }
  const recording = (await build(undefined, 20)).recording()
  await assert.rejects(
    build(recording, 30),
    /happening 0 differs: here\n {2}0\.030000 {2}a - b down\nwhere .* at 0\.020000 s/,
  )
})

test('a run that ends early, or goes on, is not the same', async () => {
  const recorded = await program({ seed: 9 })
  const short = recorded.recording()
  await recorded.idle()
  const long = recorded.recording()
  if (long.happenings > short.happenings) {
    const again = await program({ replay: long })
    assert.throws(() => again.verify(), ReplayError)
  }
  const cut = { ...short, happenings: short.happenings - 1 }
  await assert.rejects(program({ replay: cut }), /the recorded run was over/)
})
