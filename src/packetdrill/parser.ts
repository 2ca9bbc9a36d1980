import { parseCall } from './parse-call.ts'
import { parsePacket } from './parse-packet.ts'
import {
  type Action,
  type Command,
  type EventTime,
  type HeaderOption,
  type Script,
  type ScriptEvent,
  ScriptSyntaxError,
} from './script.ts'
import { TokenReader } from './token-reader.ts'

const US_PER_SECOND = 1e6
/** The longest time in a script: a year. */
const MOST_SECONDS = 365 * 24 * 3600

/** Reads a packetdrill script; docs/packetdrill.md has the notation. @throws {ScriptSyntaxError} and nothing else */
export function parseScript(source: string): Script {
  const reader = new TokenReader(source)
  const options = parseHeader(reader)
  const preamble = parseCommands(reader)
  const events: ScriptEvent[] = []
  while (!reader.is('end') && !reader.is('command')) events.push(parseEvent(reader))
  const cleanup = parseCommands(reader)
  if (!reader.is('end')) reader.fail('the end of the script: a command without a time stands first or last')
  if (events.length === 0) reader.fail('an event, such as "+0 < S 0:0(0) win 65535"')
  return { options, preamble, events, cleanup }
}

function parseHeader(reader: TokenReader): HeaderOption[] {
  const options: HeaderOption[] = []
  while (reader.is('option')) {
    const { text, line, column } = reader.next()
    const [name, ...rest] = text.slice(2).split('=')
    const value = rest.length === 0 ? undefined : rest.join('=').replace(/^"(.*)"$/, '$1')
    options.push({ name: name!, value, place: { line, column } })
  }
  return options
}

function parseCommands(reader: TokenReader): Command[] {
  const commands: Command[] = []
  while (reader.is('command')) {
    const { text, line, column } = reader.next()
    commands.push({ text, place: { line, column } })
  }
  return commands
}

function parseEvent(reader: TokenReader): ScriptEvent {
  const { line, column } = reader.peek()
  const place = { line, column }
  const time = parseTime(reader)
  const { start } = reader.peek()
  const action = parseAction(reader)
  const expectsPacket = action.kind === 'packet' && action.packet.way === '>'
  if (time.kind !== 'relative' && time.kind !== 'absolute' && !expectsPacket) {
    throw new ScriptSyntaxError(place, '* and ranges of time are for packets that the stack sends (>)')
  }
  const text = reader.source.slice(start, reader.last.end).replace(/\s+/g, ' ')
  return { time, place, text, action }
}

/** `+0.1`, `0.1`, `*`, `0.1~0.2`, `+0.1~+0.2`, `~+0.2`. */
function parseTime(reader: TokenReader): EventTime {
  if (reader.take('*')) return { kind: 'any' }
  if (reader.take('~')) {
    reader.expect('+', 'behind ~, as in ~+0.1')
    return { kind: 'relative-range', us: 0, endUs: parseSeconds(reader) }
  }
  const relative = reader.take('+')
  const us = parseSeconds(reader)
  if (!reader.take('~')) return { kind: relative ? 'relative' : 'absolute', us }
  if (relative) reader.expect('+', 'behind ~, as in +0.1~+0.2')
  const endUs = parseSeconds(reader)
  if (endUs < us) {
    const { line, column } = reader.last
    throw new ScriptSyntaxError({ line, column }, 'the range of time goes backwards')
  }
  return { kind: relative ? 'relative-range' : 'absolute-range', us, endUs }
}

/** Seconds, as microseconds. */
function parseSeconds(reader: TokenReader): number {
  const { text } = reader.peek()
  const value = reader.is('integer') || reader.is('float') ? Number(text) : -1
  if (!(value >= 0 && value <= MOST_SECONDS)) reader.fail('a time in seconds, such as +0.1, 1.5, +0~+0.1 or *')
  reader.next()
  return Math.round(value * US_PER_SECOND)
}

function parseAction(reader: TokenReader): Action {
  const { kind, text, line, column } = reader.peek()
  const place = { line, column }
  if (reader.is('punctuation', '<') || reader.is('punctuation', '>'))
    return { kind: 'packet', packet: parsePacket(reader) }
  if (kind === 'word' || reader.is('punctuation', '...')) return { kind: 'call', call: parseCall(reader, parseSeconds) }
  if (kind !== 'command' && kind !== 'code') reader.fail('a packet (< or >), a socket call, `command` or %{ code }%')
  reader.next()
  return { kind, text, place }
}
