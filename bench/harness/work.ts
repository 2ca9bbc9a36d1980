import type { Figures, Peer, Running, Setup } from './peer.ts'

/** What a figure of a work says. */
export interface Metric {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly better: 'more' | 'less'
}

/** How much of each work is done. */
export interface Extent {
  readonly rounds: number
  /** About so long is a round of one peer, s. */
  readonly seconds: number
  readonly short: boolean
}

export interface Work {
  readonly name: string
  readonly title: string
  readonly peers: readonly Peer[]
  readonly setup: Setup
  /** The first is what the peers are compared by. */
  readonly metrics: readonly Metric[]
  /** Not part of the short form. */
  readonly longOnly?: boolean
  /** A round takes long: one of them in the short form. */
  readonly slow?: boolean
  /** What is measured changes the peer: each round has a new one. */
  readonly fresh?: boolean
  /** Warms a peer up, and finds out how much of the work takes about so long; then each call is a round. */
  begin(running: Running, extent: Extent): Promise<() => Promise<Figures>>
}
