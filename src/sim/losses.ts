import type { Chance } from './chance.ts'
import type { BurstLoss } from './line-options.ts'

/** Which packets get lost by chance: evenly, or in bursts (Gilbert-Elliott). */
export class Losses {
  readonly #chance: Chance
  #model: number | BurstLoss = 0
  #bad = false

  constructor(chance: Chance) {
    this.#chance = chance
  }

  set model(model: number | BurstLoss) {
    this.#model = model
    this.#bad = false
  }

  /** The next packet's fate. */
  hits(): boolean {
    const model = this.#model
    if (typeof model === 'number') return model > 0 && this.#chance.chance(model)
    if (this.#chance.chance(this.#bad ? model.leave : model.enter)) this.#bad = !this.#bad
    return this.#chance.chance(this.#bad ? (model.bad ?? 1) : (model.good ?? 0))
  }
}
