import type { HandshakeKind } from '../tcp/observer.ts'
import { CLASSIC_NAMES, type State } from '../tcp/state.ts'
import type { Milliseconds } from '../wire/instant.ts'
import type { Colors } from './colors.ts'

/** How full a listener's two queues are, and what they hold at most. */
export interface QueueLoad {
  readonly synQueue: number
  readonly backlog: number
  readonly acceptQueue: number
  readonly acceptBacklog: number
}

/** A step of a handshake; `dropped` is a SYN that found the SYN queue full, and no cookies. */
export type StepKind = HandshakeKind | 'dropped'

export interface LadderStep {
  readonly kind: StepKind
  /** Since the handshake's first SYN; undefined where nobody remembers it. */
  readonly at: Milliseconds | undefined
  readonly load: QueueLoad
  /** Whether the SYN,ACK reaches the client; undefined where nobody can know. */
  readonly arrives?: boolean | undefined
  /** In place of the client's state, where there is no client that has one. */
  readonly clientText?: string | undefined
  /** A remark, for a line of its own. */
  readonly note?: string | undefined
}

/** Both ends of a handshake, as `address:port`, and their initial sequence numbers. */
export interface LadderEnds {
  readonly client: string
  readonly server: string
  /** j: IRS, the client's initial sequence number; or a remark where a ladder stands for several clients. */
  readonly irs: number | string
  /** k: ISS, the server's. Undefined where the server never answered. */
  readonly iss: number | string | undefined
}

interface Rung {
  readonly segment?: 'SYN' | 'SYN+ACK' | 'ACK' | 'RST'
  readonly direction?: 'right' | 'left'
  readonly client: State
  readonly server: State
  /** In place of an arrow. */
  readonly text?: string
}

/** What was on the wire, and the state of both sides once it has arrived, as RFC 9293 figure 6 draws them. */
const RUNGS: Record<StepKind, Rung> = {
  'syn-received': { segment: 'SYN', direction: 'right', client: 'SYN-SENT', server: 'SYN-RECEIVED' },
  'syn-ack-sent': { segment: 'SYN+ACK', direction: 'left', client: 'ESTABLISHED', server: 'SYN-RECEIVED' },
  'syn-ack-retransmitted': { segment: 'SYN+ACK', direction: 'left', client: 'ESTABLISHED', server: 'SYN-RECEIVED' },
  waiting: { segment: 'ACK', direction: 'right', client: 'ESTABLISHED', server: 'SYN-RECEIVED' },
  completed: { segment: 'ACK', direction: 'right', client: 'ESTABLISHED', server: 'ESTABLISHED' },
  expired: { text: 'survival time over: deleted', client: 'SYN-SENT', server: 'LISTEN' },
  reset: { segment: 'RST', direction: 'right', client: 'CLOSED', server: 'LISTEN' },
  closed: { segment: 'RST', direction: 'left', client: 'CLOSED', server: 'CLOSED' },
  evicted: { text: 'evicted for a lighter prefix', client: 'SYN-SENT', server: 'LISTEN' },
  'cookie-sent': { segment: 'SYN+ACK', direction: 'left', client: 'ESTABLISHED', server: 'LISTEN' },
  'cookie-completed': { segment: 'ACK', direction: 'right', client: 'ESTABLISHED', server: 'ESTABLISHED' },
  'cookie-failed': { text: 'ACK: no cookie', client: 'ESTABLISHED', server: 'LISTEN' },
  'cookie-replayed': { text: 'ACK: cookie used before', client: 'ESTABLISHED', server: 'LISTEN' },
  'fast-opened': { segment: 'SYN', direction: 'right', client: 'SYN-SENT', server: 'SYN-RECEIVED' },
  'fast-completed': { segment: 'ACK', direction: 'right', client: 'ESTABLISHED', server: 'ESTABLISHED' },
  'fast-failed': { text: 'Fast Open: ended before the ACK', client: 'CLOSED', server: 'CLOSED' },
  deferred: { text: 'deferred: no answer yet', client: 'SYN-SENT', server: 'SYN-RECEIVED' },
  refused: { segment: 'RST', direction: 'left', client: 'CLOSED', server: 'LISTEN' },
  ignored: { text: 'ignored: no answer', client: 'SYN-SENT', server: 'LISTEN' },
  dropped: { segment: 'SYN', direction: 'right', client: 'SYN-SENT', server: 'LISTEN' },
}

/** Comes before a cookie: of that SYN there is no step of its own, since it gets no entry. */
const SYN_TO_LISTENER: Rung = { segment: 'SYN', direction: 'right', client: 'SYN-SENT', server: 'LISTEN' }

const LABELS = { SYN: 'SYN (seq=j)', 'SYN+ACK': 'SYN+ACK (ack=j+1, seq=k)', ACK: 'ACK (ack=k+1)', RST: 'RST' }

const INDENT = 1
const TIME = 8
const CLIENT = 19
const WIRE = 31
const SERVER = 23
const QUEUE = 7

/** A state by its standard name, with the classic one beside it where that differs: `SYN-SENT (SYN_SEND)`. */
export function stateName(state: State): string {
  const classic = CLASSIC_NAMES[state]
  return classic === undefined ? state : `${state} (${classic})`
}

/** A line for a number k that became known below the heading. */
export function ladderIss(iss: number | string, colors: Colors): string {
  return ' '.repeat(INDENT + TIME + 2 + CLIENT + 1 + WIRE + 1) + colors.yellow(`k = ${iss}`)
}

/** The two lines above a ladder: who speaks, and the numbers that j and k stand for. */
export function ladderHeading(ends: LadderEnds, colors: Colors): string[] {
  const gap = ' '.repeat(INDENT + TIME + 2)
  const width = CLIENT + 1 + WIRE + 1
  const client = `client ${ends.client}`.padEnd(width)
  const server = `server ${ends.server}`.padEnd(SERVER + 1)
  const j = `j = ${ends.irs}`.padEnd(width)
  const k = (ends.iss === undefined ? '' : `k = ${ends.iss}`).padEnd(SERVER + 1)
  return [
    `${gap}${colors.bold(client)}${colors.bold(server)}${colors.dim(`${'SYN'.padEnd(QUEUE)}accept`)}`,
    `${gap}${colors.yellow(j)}${colors.yellow(k)}${colors.dim(`${'queue'.padEnd(QUEUE)}queue`)}`,
  ]
}

/** One rung, or two: time, the client's state, what was on the wire, the server's state, and both queues. */
export function ladderRung(step: LadderStep, colors: Colors): string[] {
  const rungs = [RUNGS[step.kind]]
  if (step.kind === 'cookie-sent') rungs.unshift(SYN_TO_LISTENER)
  const rows = rungs.map((rung) => row(step, rung, colors))
  if (step.note === undefined) return rows
  return [...rows, `${' '.repeat(INDENT + TIME + 2 + CLIENT + 1)}${colors.dim(`└ ${step.note}`)}`]
}

function row(step: LadderStep, rung: Rung, colors: Colors): string {
  const { synQueue, backlog, acceptQueue, acceptBacklog } = step.load
  return [
    ' '.repeat(INDENT) + (step.at === undefined ? '' : seconds(step.at)).padStart(TIME),
    ` ${clientCell(step, rung, colors)}`,
    wireCell(step, rung, colors),
    paintState(rung.server, SERVER, colors),
    queueCell(synQueue, backlog, QUEUE - 1, colors),
    queueCell(acceptQueue, acceptBacklog, 0, colors),
  ].join(' ')
}

function clientCell(step: LadderStep, rung: Rung, colors: Colors): string {
  const text = step.clientText ?? (step.kind === 'expired' ? 'no answer' : undefined)
  if (text !== undefined) return colors.dim(text.padEnd(CLIENT))
  // Until its answer comes, a server knows only what the SYN has said.
  const state = rung.segment === 'SYN+ACK' && step.arrives !== true ? 'SYN-SENT' : rung.client
  return paintState(state, CLIENT, colors)
}

function wireCell(step: LadderStep, rung: Rung, colors: Colors): string {
  if (rung.segment === undefined) {
    const text = (rung.text ?? '').padEnd(WIRE)
    return step.kind === 'deferred' ? colors.yellow(text) : colors.red(text)
  }
  const cut = step.kind === 'dropped' || (rung.segment === 'SYN+ACK' && step.arrives === false)
  return cut ? colors.red(arrow(rung, true)) : colors.cyan(arrow(rung, false))
}

function arrow(rung: Rung, cut: boolean): string {
  const label = LABELS[rung.segment!]
  if (rung.direction === 'right') return `── ${label} `.padEnd(WIRE - 1, '─') + (cut ? '╳' : '▶')
  return `${cut ? '╳' : '◀'}── ${label} `.padEnd(WIRE, '─')
}

function paintState(state: State, width: number, colors: Colors): string {
  const text = stateName(state).padEnd(width)
  if (state === 'ESTABLISHED') return colors.green(text)
  return state === 'LISTEN' || state === 'CLOSED' ? colors.dim(text) : colors.yellow(text)
}

function queueCell(entries: number, most: number, width: number, colors: Colors): string {
  const text = `${entries}/${most}`.padEnd(width)
  if (entries === 0) return colors.dim(text)
  return entries === most ? colors.red(text) : text
}

/** `0.300 s` */
export function seconds(span: Milliseconds): string {
  return `${(span / 1000).toFixed(3)} s`
}

/** `address:port`, an IPv6 address in brackets. */
export function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
