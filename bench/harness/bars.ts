import { median, type Results } from './results.ts'

/** What is to be reached, and what was. */
export interface Bar {
  readonly text: string
  readonly goal: string
  /** undefined where something was not measured. */
  readonly figure: number | undefined
  readonly reached: boolean | undefined
}

interface Wanted {
  readonly text: string
  readonly work: string
  readonly metric: string
  /** The other side of a ratio; without one, the figure itself is meant. */
  readonly to?: { readonly peer: string; readonly title: string }
  readonly least?: number
  readonly most?: number
}

const VETH = { peer: 'kernel-veth', title: 'Linux, veth' }
const GVISOR = { peer: 'gvisor', title: 'gVisor' }
const SMOLTCP = { peer: 'smoltcp', title: 'smoltcp' }
const LWIP = { peer: 'lwip', title: 'lwIP' }

const WANTED: readonly Wanted[] = [
  ...(['receive', 'send'] as const).flatMap((way): Wanted[] => {
    const fast = { text: `bulk ${way}`, work: `bulk-${way}`, metric: 'rate' }
    const plain = { text: `bulk ${way}, no offloads`, work: `bulk-${way}-plain`, metric: 'rate' }
    return [
      { ...fast, least: 20 },
      { ...fast, to: VETH, least: 0.5 },
      { ...fast, to: GVISOR, least: 10 },
      { ...fast, to: SMOLTCP, least: 3 },
      { ...fast, to: LWIP, least: 3 },
      { ...plain, to: LWIP, least: 1 },
      { ...plain, to: GVISOR, least: 1.5 },
    ]
  }),
  { text: 'connections, 64 at once', work: 'connections-64', metric: 'rate', to: VETH, least: 1 },
  { text: 'connections, 64 at once', work: 'connections-64', metric: 'rate', to: GVISOR, least: 2 },
  { text: 'connections, one after another', work: 'connections-1', metric: 'rate', to: VETH, least: 0.7 },
  { text: 'ping-pong, p50', work: 'pingpong', metric: 'p50', to: VETH, most: 1.3 },
  { text: 'ping-pong, p99', work: 'pingpong', metric: 'p99', to: VETH, most: 2 },
  { text: 'honest clients served at 20,000 SYNs a second, %', work: 'flood-20k', metric: 'served', least: 100 },
  { text: 'honest clients served at 200,000 SYNs a second, %', work: 'flood-200k', metric: 'served', least: 100 },
  // Timers that run once a second at the most cost less than this.
  { text: 'CPU at idle, % of a core', work: 'idle', metric: 'cpu', most: 0.1 },
]

export function bars(results: Results): Bar[] {
  return WANTED.map((wanted) => {
    const { work, metric, to, least, most } = wanted
    const own = median(results, work, 'estab', metric)
    const other = to === undefined ? 1 : median(results, work, to.peer, metric)
    const figure = own === undefined || other === undefined ? undefined : own / other
    const bound = least === undefined ? `≤ ${most}` : `≥ ${least}`
    return {
      text: wanted.text,
      goal: to === undefined ? bound : `${bound} × ${to.title}`,
      figure,
      reached: figure === undefined ? undefined : least === undefined ? figure <= most! : figure >= least,
    }
  })
}
