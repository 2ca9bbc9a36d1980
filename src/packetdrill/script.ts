/**
 * A packetdrill script as data. What is undefined was not written down. Times in microseconds, as packetdrill counts;
 * sequence numbers as the script has them, 0 to 2^32 - 1.
 */

/** Where something stands in its file; both from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** When an event happens: `+0.1`, `0.1`, `+0.1~+0.2` or `~+0.2`, `0.1~0.2`, `*`. */
export type EventTime =
  | { readonly kind: 'relative' | 'absolute'; readonly us: number }
  | { readonly kind: 'relative-range' | 'absolute-range'; readonly us: number; readonly endUs: number }
  | { readonly kind: 'any' }

export type Ecn = 'noecn' | 'ect0' | 'ect1' | 'ce' | 'ect01'

/** `[ect0]`, `[tos 0x10]`, `[ttl 3]`, in front of a packet. */
export interface IpFields {
  readonly ecn: Ecn | undefined
  readonly tos: number | undefined
  readonly ttl: number | undefined
}

export interface Ports {
  readonly source: number
  readonly destination: number
}

export type TcpOption =
  | { readonly kind: 'nop' | 'eol' | 'sackOK' }
  | { readonly kind: 'mss' | 'wscale'; readonly value: number }
  | { readonly kind: 'TS'; readonly val: number; readonly ecr: number }
  | { readonly kind: 'sack'; readonly blocks: readonly (readonly [left: number, right: number])[] }
  | { readonly kind: 'FO'; readonly cookie: readonly number[] }
  /** An option that the notation has no word for: never written, but received. */
  | { readonly kind: 'unknown'; readonly octets: readonly number[] }

export interface TcpPacket {
  readonly kind: 'tcp'
  /** `<`: into the stack; `>`: out of it. */
  readonly way: '<' | '>'
  readonly ip: IpFields
  readonly ports: Ports | undefined
  /** Letters of {@link FLAG_LETTERS} in that order, but the dot last; or `-` for none. */
  readonly flags: string
  readonly seq: number
  /** Octets of payload. */
  readonly length: number
  readonly ack: number | undefined
  /** The header's field, not scaled. */
  readonly win: number | undefined
  readonly urg: number | undefined
  /** `any` is `<...>`. */
  readonly options: readonly TcpOption[] | 'any'
}

/** An ICMP error that quotes a segment of the stack's. */
export interface IcmpPacket {
  readonly kind: 'icmp'
  readonly way: '<'
  readonly ip: IpFields
  readonly type: string
  readonly code: string | undefined
  readonly mtu: number | undefined
  readonly quoted: { readonly seq: number; readonly length: number } | undefined
}

export type Packet = TcpPacket | IcmpPacket

/** An argument or a result of a socket call. */
export type Value =
  | { readonly kind: 'ellipsis' }
  | { readonly kind: 'number'; readonly value: number; readonly place: Place }
  | { readonly kind: 'word'; readonly name: string; readonly place: Place }
  | { readonly kind: 'string'; readonly text: string }
  /** `A|B` */
  | { readonly kind: 'or'; readonly left: Value; readonly right: Value }
  | { readonly kind: 'list'; readonly items: readonly Value[] }
  /** `{onoff=1, linger=0}` or `{..., 1000}` */
  | { readonly kind: 'struct'; readonly fields: readonly Field[] }
  /** `htons(8080)`, `inet_addr("192.0.2.1")` */
  | { readonly kind: 'call'; readonly name: string; readonly items: readonly Value[] }

export interface Field {
  /** Undefined for a field without a name. */
  readonly name: string | undefined
  readonly value: Value
}

export interface SocketCall {
  readonly name: string
  readonly place: Place
  /** When a blocking call returns, counted as its event's time is; undefined for one that returns at once. */
  readonly endUs: number | undefined
  readonly items: readonly Value[]
  readonly result: Value
  /** `EAGAIN` */
  readonly errno: string | undefined
}

export type Action =
  | { readonly kind: 'packet'; readonly packet: Packet }
  | { readonly kind: 'call'; readonly call: SocketCall }
  | { readonly kind: 'command'; readonly text: string; readonly place: Place }
  | { readonly kind: 'code'; readonly text: string; readonly place: Place }

export interface ScriptEvent {
  readonly time: EventTime
  readonly place: Place
  /** As it was written, without its time, on one line. */
  readonly text: string
  readonly action: Action
}

/** `--name=value` at the head of a script. */
export interface HeaderOption {
  readonly name: string
  readonly value: string | undefined
  readonly place: Place
}

export interface Command {
  readonly text: string
  readonly place: Place
}

export interface Script {
  readonly options: readonly HeaderOption[]
  /** Commands without a time, in front of the first event and behind the last. */
  readonly preamble: readonly Command[]
  readonly events: readonly ScriptEvent[]
  readonly cleanup: readonly Command[]
}

/** Each letter at the index of its bit in the TCP header. */
export const FLAG_LETTERS = 'FSRP.UEWA'

/** Flags as they are written. */
export function writtenFlags(isSet: (letter: string, bit: number) => boolean): string {
  const set = [...FLAG_LETTERS].filter(isSet)
  return [...set.filter((letter) => letter !== '.'), ...set.filter((letter) => letter === '.')].join('') || '-'
}

/** What a script says cannot be read: where, and what should stand there. */
export class ScriptSyntaxError extends SyntaxError {
  override readonly name = 'ScriptSyntaxError'
  readonly place: Place
  readonly problem: string

  constructor(place: Place, problem: string) {
    super(`${place.line}:${place.column}: ${problem}`)
    this.place = place
    this.problem = problem
  }
}
