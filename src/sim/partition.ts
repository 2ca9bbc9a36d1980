import type { IpAddress } from '../wire/address.ts'

/** A split that lasts until it is healed. */
export interface Partition {
  heal(): void
}

type Side = readonly IpAddress[]

/** Which hosts can't hear each other. */
export class Partitions {
  #splits: (readonly Side[])[] = []

  get any(): boolean {
    return this.#splits.length > 0
  }

  /** No address of one side reaches one of another. */
  split(sides: readonly Side[]): Partition {
    this.#splits.push(sides)
    return {
      heal: () => {
        this.#splits = this.#splits.filter((split) => split !== sides)
      },
    }
  }

  separates(source: IpAddress, destinations: Side): boolean {
    return this.#splits.some((sides) => {
      const from = sideOf(sides, source)
      return from >= 0 && destinations.some((destination) => ![-1, from].includes(sideOf(sides, destination)))
    })
  }
}

function sideOf(sides: readonly Side[], address: IpAddress): number {
  return sides.findIndex((side) => side.some((each) => each.equals(address)))
}
