import { PAIRS, pairName } from './fairness-table.ts'
import { FAIRNESS, percent, type Snapshot } from './goodput-table.ts'

/** What `npm run linux:goodput` and `linux:fairness` have measured. */
export interface LinuxSnapshot {
  /** Its version. */
  kernel: string
  /** What the path between the kernel and itself carries when it limits nothing, bits a second. */
  carries: number
  shares: Snapshot
}

/** `before` with the cells of `own` in their places. */
export function merged(before: Snapshot, own: Snapshot): Snapshot {
  const names = [...new Set([...Object.keys(before), ...Object.keys(own)])]
  return Object.fromEntries(names.map((name) => [name, { ...before[name], ...own[name] }]))
}

/** Behind Linux is what carries less than this part of what Linux does. */
const LEAST = 0.9

/** Linux's share, and ours as a part of it. */
export function compared(own: number | undefined, theirs: number | undefined): string {
  if (own === undefined || theirs === undefined) return percent(theirs)
  return `${percent(theirs)} (${ratio(own, theirs)})`
}

export function aboutLinux({ kernel, carries }: LinuxSnapshot): string {
  return `## How Linux is measured

Linux ${kernel}, with itself, by \`npm run linux:goodput\`: in a network namespace, through a TUN device whose packets come back with
source and destination swapped. In between, a process of ours gives them the same rate, queue, loss and delay as the
simulator does, in real time. So both ends are the kernel's, with its defaults but for the buffers, which are as large.

- What this way carries when it limits nothing: ${(carries / 1e9).toFixed(1)} Gbit/s on two cores. So 1 Gbit/s is the path's limit, not the machine's.
- It is measured behind 20 round trips and 1 s, too; with loss for 4 to 40 s, four connections at the same time where it is
  slowest. These cells are a matter of chance: expect 10 % more or less where loss is 1 % and more at 100 ms and 300 ms.
- A round trip of 1 ms is some 0.1 ms longer in real time, and the acknowledgments come in small bursts.
`
}

/** The cells in which we are behind, the worst first. */
export function behind(snapshot: Snapshot, linux: LinuxSnapshot): string {
  const cells = Object.entries(linux.shares).flatMap(([name, shares]) => {
    if (name === FAIRNESS) return []
    return Object.entries(shares).flatMap(([cell, theirs]) => {
      const own = snapshot[name]?.[cell]
      return own === undefined || own >= LEAST * theirs ? [] : [{ name, cell, own, theirs }]
    })
  })
  cells.sort((a, b) => a.own / a.theirs - b.own / b.theirs)
  const lines = cells.map(({ name, cell, own, theirs }) => {
    return `- ${name}, ${cell}: ${percent(own)}, Linux ${percent(theirs)} (${ratio(own, theirs)})`
  })
  const list = lines.length > 0 ? lines.join('\n') : 'Nowhere.'
  return `## Where estab is behind Linux by more than 10 %\n\n${list}\n`
}

/** How two connections share 10 Mbit/s. */
export function fairness(snapshot: Snapshot, linux: LinuxSnapshot | undefined): string {
  const rows = PAIRS.map((pair) => {
    const cells = [snapshot, linux?.shares].flatMap((shares) => {
      const of = (what: string): number | undefined => shares?.[FAIRNESS]?.[`${pairName(pair)}, ${what}`]
      return [`${percent(of('first'))} : ${percent(of('second'))}`, percent(of('apart'))]
    })
    return `| ${pair.controls.join(' : ')} | ${pair.rtt} ms | ${cells.join(' | ')} |`
  })
  return `## Fairness

Two connections over one bottleneck of 10 Mbit/s with a queue as above, which begin within 0.2 s: what each gets of the rate in
60 s, and how far apart they are as a part of their sum; means of five seeds. Linux's are means of three runs of 50 s.
\`npm run sim:fairness\` prints more.

| | RTT | estab | apart | Linux | apart |
|--|--:|--:|--:|--:|--:|
${rows.join('\n')}
`
}

function ratio(own: number, theirs: number): string {
  return (own / theirs).toFixed(2)
}
