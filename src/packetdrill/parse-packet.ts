import {
  type Ecn,
  FLAG_LETTERS,
  type IcmpPacket,
  type IpFields,
  type Packet,
  ScriptSyntaxError,
  type TcpOption,
  writtenFlags,
} from './script.ts'
import type { TokenReader } from './token-reader.ts'

const NO_IP_FIELDS: IpFields = { ecn: undefined, tos: undefined, ttl: undefined }
const ECN: readonly string[] = ['noecn', 'ect0', 'ect1', 'ce', 'ect01']
const OPTIONS = 'an option: mss N, wscale N, sackOK, TS val N ecr N, sack A:B, FO COOKIE, nop, eol'
/** Headers that packetdrill can put around or in place of TCP, and we cannot. */
const OTHER_HEADERS: readonly string[] = ['udp', 'ipv4', 'ipv6', 'gre', 'GREv0', 'mpls']

/** A packet, from its `<` or `>` on. @throws {ScriptSyntaxError} */
export function parsePacket(reader: TokenReader): Packet {
  const way = reader.next().text as '<' | '>'
  const ip = parseIpFields(reader, way)
  if (reader.is('word', 'icmp')) return parseIcmp(reader, way, ip)
  if (OTHER_HEADERS.includes(reader.peek().text)) reader.fail('TCP or "icmp": no other packets are supported here')
  const ports = parsePorts(reader)
  const flags = parseFlags(reader)
  const { seq, length } = parseRange(reader)
  const acknowledges = flags.includes('.')
  if (acknowledges !== reader.is('word', 'ack'))
    reader.fail(acknowledges ? '"ack N", as the flag . says' : 'no "ack" without the flag .')
  const ack = reader.takeWord('ack') ? reader.integer('an acknowledgment number') : undefined
  if (way === '<' && !reader.is('word', 'win')) reader.fail('"win N": what goes into the stack has a window')
  const win = reader.takeWord('win') ? reader.integer('a window', 0, 0xffff) : undefined
  const urg = reader.takeWord('urg') ? reader.integer('an urgent pointer', 0, 0xffff) : undefined
  const options = parseOptions(reader, way)
  return { kind: 'tcp', way, ip, ports, flags, seq, length, ack, win, urg, options }
}

/** `[ect0]`, `(ce)`, `[tos 0x10]`, `[ttl 3]`; none is empty. */
function parseIpFields(reader: TokenReader, way: '<' | '>'): IpFields {
  const close = reader.take('[') ? ']' : reader.take('(') ? ')' : undefined
  if (close === undefined) return NO_IP_FIELDS
  let fields = NO_IP_FIELDS
  if (reader.takeWord('ttl')) {
    fields = { ...fields, ttl: reader.integer('a time to live', 0, 255) }
  } else if (reader.takeWord('tos')) {
    const value = reader.is('hex') ? Number(reader.peek().text) : -1
    if (value < 0 || value > 255) reader.fail('a type of service as 0xNN')
    reader.next()
    fields = { ...fields, tos: value }
  } else {
    if (!ECN.includes(reader.peek().text)) reader.fail(`one of ${ECN.join(', ')}, tos 0xNN, ttl N`)
    if (way === '<' && reader.is('word', 'ect01')) reader.fail('ect0 or ect1: ect01 can be expected, not sent')
    fields = { ...fields, ecn: reader.next().text as Ecn }
  }
  reader.expect(close, 'behind what is said of the IP header')
  return fields
}

function parsePorts(reader: TokenReader): { source: number; destination: number } | undefined {
  if (!reader.is('integer')) return undefined
  const source = reader.integer('a source port', 1, 0xffff)
  reader.expect('>', 'between the source port and the destination port')
  return { source, destination: reader.integer('a destination port', 1, 0xffff) }
}

function parseFlags(reader: TokenReader): string {
  const what = `TCP flags: letters of ${FLAG_LETTERS}, or - for none`
  if (reader.take('-')) return '-'
  let text = ''
  if (reader.is('word')) {
    text = reader.peek().text
    if (![...text].every((letter) => FLAG_LETTERS.includes(letter)) || new Set(text).size < text.length)
      reader.fail(what)
    reader.next()
  }
  if (reader.take('.')) text += '.'
  if (text === '') reader.fail(what)
  return writtenFlags((letter) => text.includes(letter))
}

/** `1:1001(1000)` */
function parseRange(reader: TokenReader): { seq: number; length: number } {
  const seq = reader.integer('a sequence range, as in 1:1001(1000)')
  reader.expect(':', 'in a sequence range, as in 1:1001(1000)')
  const endToken = reader.peek()
  const end = reader.integer('the number behind the last octet')
  reader.expect('(', 'in a sequence range, as in 1:1001(1000)')
  const length = reader.integer('the octets of payload', 0, 0xffff)
  const right = (seq + length) % 2 ** 32
  if (right !== end)
    throw new ScriptSyntaxError(endToken, `expected ${right}, which is ${seq} + ${length}, found "${end}"`)
  reader.expect(')', 'behind the octets of payload')
  return { seq, length }
}

function parseOptions(reader: TokenReader, way: '<' | '>'): readonly TcpOption[] | 'any' {
  if (!reader.take('<')) return []
  if (reader.is('punctuation', '...')) {
    if (way === '<') reader.fail('options: <...> can be expected, not sent')
    reader.next()
    reader.expect('>', 'behind the options')
    return 'any'
  }
  const options: TcpOption[] = []
  do options.push(parseOption(reader))
  while (reader.take(','))
  reader.expect('>', 'or "," behind an option')
  return options
}

function parseOption(reader: TokenReader): TcpOption {
  const name = reader.peek().text
  switch (reader.is('word') ? name : '') {
    case 'nop':
    case 'eol':
    case 'sackOK':
      reader.next()
      return { kind: name as 'nop' | 'eol' | 'sackOK' }
    case 'mss':
      reader.next()
      return { kind: 'mss', value: reader.integer('a maximum segment size', 0, 0xffff) }
    case 'wscale':
      reader.next()
      return { kind: 'wscale', value: reader.integer('a window scale', 0, 255) }
    case 'TS':
      return parseTimestamps(reader)
    case 'sack':
      return parseSack(reader)
    case 'FO':
      return parseFastOpen(reader)
    default:
      return reader.fail(OPTIONS)
  }
}

function parseTimestamps(reader: TokenReader): TcpOption {
  reader.next()
  if (!reader.takeWord('val')) reader.fail('"val N ecr N" behind TS')
  const val = reader.integer('a timestamp')
  if (!reader.takeWord('ecr')) reader.fail('"ecr N" behind the timestamp')
  return { kind: 'TS', val, ecr: reader.integer('the timestamp that is echoed') }
}

function parseSack(reader: TokenReader): TcpOption {
  reader.next()
  const blocks: [number, number][] = []
  do {
    const left = reader.integer('a SACK block, as in 1001:2001')
    reader.expect(':', 'in a SACK block, as in 1001:2001')
    blocks.push([left, reader.integer('the right edge of a SACK block')])
  } while (reader.is('integer'))
  if (blocks.length > 4) reader.fail('at most 4 SACK blocks')
  return { kind: 'sack', blocks }
}

/** The cookie in hexadecimal digits, or none to ask for one. */
function parseFastOpen(reader: TokenReader): TcpOption {
  reader.next()
  const { kind, text } = reader.peek()
  if (kind !== 'integer' && kind !== 'word') return { kind: 'FO', cookie: [] }
  if (!/^(?:[0-9a-fA-F]{2}){1,16}$/.test(text)) reader.fail('a cookie: 2 to 32 hexadecimal digits, an even number')
  reader.next()
  return { kind: 'FO', cookie: text.match(/../g)!.map((octet) => Number.parseInt(octet, 16)) }
}

/** `icmp unreachable frag_needed mtu 1400 [1:1461(1460)]` */
function parseIcmp(reader: TokenReader, way: '<' | '>', ip: IpFields): IcmpPacket {
  if (way === '>') reader.fail('a TCP segment: icmp can be sent to the stack (<), not expected from it')
  reader.next()
  const type = reader.word('the type of an ICMP error, such as "unreachable"')
  const code = reader.is('word') && !reader.is('word', 'mtu') ? reader.next().text : undefined
  const mtu = reader.takeWord('mtu') ? reader.integer('an MTU', 0, 0xffff) : undefined
  let quoted: IcmpPacket['quoted']
  if (reader.take('[')) {
    quoted = parseRange(reader)
    reader.expect(']', 'behind the segment that the error quotes')
  }
  return { kind: 'icmp', way: '<', ip, type, code, mtu, quoted }
}
