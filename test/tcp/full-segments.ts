/** Lines of a trace in which the stack sends the n-th full segments of its stream, `from` up to `to`, counted from 0. */
export function fullSegments(from: number, to: number, lastFlags = '.'): string {
  return Array.from({ length: to - from }, (_, i) => {
    const n = from + i
    return `+0 > ${n === to - 1 ? lastFlags : '.'} ${startOf(n)}:${startOf(n + 1)}(1460) ack 1`
  }).join('\n')
}

/** The sequence number of the n-th full segment, from 0. */
export function startOf(n: number): number {
  return 1 + 1460 * n
}
