import type { Figures, Peer, Running } from './peer.ts'
import type { PeerResult, WorkResult } from './results.ts'
import type { Extent, Work } from './work.ts'

/** One work by turns: A B A B, so that what the machine does besides falls on all. Who fails is left out from there on. */
export async function compare(work: Work, peers: readonly Peer[], extent: Extent): Promise<WorkResult> {
  const turns = peers.map((peer) => new Turns(peer, work, extent))
  try {
    if (work.fresh !== true) {
      await Promise.all(turns.map((turn) => turn.start()))
      for (const turn of turns) await turn.warmUp()
    }
    for (let round = 0; round < extent.rounds; round++) {
      for (const turn of turns) await turn.round()
    }
  } finally {
    await Promise.all(turns.map((turn) => turn.close()))
  }
  const { name, title, metrics } = work
  return { name, title, metrics, peers: turns.map((turn) => turn.result()) }
}

class Turns {
  readonly #peer: Peer
  readonly #work: Work
  readonly #extent: Extent
  readonly #rounds: Figures[] = []
  #failed: string | undefined
  #running: Running | undefined
  #once: (() => Promise<Figures>) | undefined

  constructor(peer: Peer, work: Work, extent: Extent) {
    this.#peer = peer
    this.#work = work
    this.#extent = extent
  }

  start(): Promise<void> {
    return this.#tried(async () => {
      this.#running = await this.#peer.start(this.#work.setup)
    })
  }

  warmUp(): Promise<void> {
    return this.#tried(async () => {
      this.#once = await this.#work.begin(this.#running!, this.#extent)
    })
  }

  round(): Promise<void> {
    return this.#tried(async () => {
      const fresh = this.#work.fresh === true
      if (fresh) {
        await this.start()
        await this.warmUp()
      }
      if (this.#once !== undefined) this.#rounds.push(await this.#once())
      if (fresh) await this.close()
    })
  }

  result(): PeerResult {
    const { name, title } = this.#peer
    const failed = this.#failed
    return { name, title, rounds: this.#rounds, ...(failed === undefined ? {} : { failed }) }
  }

  async close(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    this.#once = undefined
    await running?.close()
  }

  async #tried(part: () => Promise<void>): Promise<void> {
    if (this.#failed !== undefined) return
    try {
      await part()
    } catch (error) {
      this.#failed = (error as Error).message
      await this.close()
    }
  }
}
