import { copyOctets, readInt32, readUint16, viewOf, writeUint32 } from './octets.ts'
import { ABSENT, MAX_COOKIE_LENGTH, MAX_SACK_BLOCKS, type Segment } from './segment.ts'

const EOL = 0
const NOP = 1
const MSS = 2
const WINDOW_SCALE = 3
const SACK_PERMITTED = 4
const SACK = 5
const TIMESTAMPS = 8
const USER_TIMEOUT = 28
const FAST_OPEN = 34

// What they look like in words of a header: with their lengths, and the NOPs before them.
const MSS_OPTION = (MSS << 8) | 4
const SCALE_OPTION = (NOP << 16) | (WINDOW_SCALE << 8) | 3
const STAMPED = (NOP << 24) | (NOP << 16) | (TIMESTAMPS << 8) | 10
const SACK_AND_STAMPED = (SACK_PERMITTED << 24) | (2 << 16) | (TIMESTAMPS << 8) | 10
const SACK_ALONE = (NOP << 24) | (NOP << 16) | (SACK_PERMITTED << 8) | 2

/** Octets of options that a header has room for. */
export const MAX_OPTIONS_LENGTH = 40

/**
 * Reads the options at octets[start] up to octets[end] in whatever segment they come (RFC 9293 MUST-4, MUST-5) and at
 * any alignment (MUST-64). Unknown ones are skipped by their length (MUST-6, MUST-68), known ones of a wrong length
 * too; a length that cannot be ends the reading, and what was read until then stands (MUST-7).
 */
export function parseTcpOptions(
  octets: Uint8Array,
  start: number,
  end: number,
  into: Segment,
  view: DataView = viewOf(octets),
): void {
  if (isUsual(view, start, end - start, into)) {
    into.sackBlocks = 0
    into.cookieLength = ABSENT
    into.optionsStart = start
    into.optionsEnd = end
    return
  }
  readOptions(octets, start, end, into)
}

function readOptions(octets: Uint8Array, start: number, end: number, into: Segment): void {
  into.clearOptions()
  into.optionsStart = start
  into.optionsEnd = end
  let at = start
  while (at < end) {
    const kind = octets[at]!
    if (kind === EOL) return
    if (kind === NOP) {
      at += 1
      continue
    }
    if (at + 1 >= end) return
    const length = octets[at + 1]!
    if (length < 2 || at + length > end) return
    readOption(octets, at, kind, length, into)
    at += length
  }
}

/** The layouts of Linux, and many others, at a glance: of a SYN, and of all that follow. */
function isUsual(view: DataView, at: number, length: number, into: Segment): boolean {
  if (length === 12) return isStamped(view, at, into)
  return length === 20 && isUsualSyn(view, at, into)
}

function isStamped(view: DataView, at: number, into: Segment): boolean {
  if (view.getInt32(at) !== STAMPED) return false
  into.mss = ABSENT
  into.windowScale = ABSENT
  into.sackPermitted = false
  into.timestamps = true
  into.tsVal = view.getUint32(at + 4)
  into.tsEcr = view.getUint32(at + 8)
  return true
}

function isUsualSyn(view: DataView, at: number, into: Segment): boolean {
  if (view.getInt32(at + 4) !== SACK_AND_STAMPED) return false
  const mss = view.getInt32(at)
  const scale = view.getInt32(at + 16)
  if (mss >>> 16 !== MSS_OPTION || scale >>> 8 !== SCALE_OPTION) return false
  into.mss = mss & 0xffff
  into.sackPermitted = true
  into.timestamps = true
  into.tsVal = view.getUint32(at + 8)
  into.tsEcr = view.getUint32(at + 12)
  into.windowScale = scale & 0xff
  return true
}

function readOption(octets: Uint8Array, at: number, kind: number, length: number, into: Segment): void {
  if (kind === TIMESTAMPS && length === 10) {
    into.timestamps = true
    into.tsVal = readInt32(octets, at + 2) >>> 0
    into.tsEcr = readInt32(octets, at + 6) >>> 0
  } else if (kind === SACK && length % 8 === 2) {
    into.sackBlocks = Math.min((length - 2) / 8, MAX_SACK_BLOCKS)
    for (let i = 0; i < 2 * into.sackBlocks; i++) into.sackEdges[i] = readInt32(octets, at + 2 + 4 * i)
  } else if (kind === MSS && length === 4) {
    into.mss = readUint16(octets, at + 2)
  } else if (kind === WINDOW_SCALE && length === 3) {
    into.windowScale = octets[at + 2]!
  } else if (kind === SACK_PERMITTED && length === 2) {
    into.sackPermitted = true
  } else if (kind === USER_TIMEOUT && length === 4) {
    readUserTimeout(readUint16(octets, at + 2), into)
  } else if (kind === FAST_OPEN && isCookieLength(length - 2)) {
    into.cookieLength = length - 2
    copyOctets(octets, at + 2, length - 2, into.cookie, 0)
  }
}

/** RFC 5482 §3: a bit that says minutes, and 15 bits of a number that is not 0. */
function readUserTimeout(field: number, into: Segment): void {
  const count = field & 0x7fff
  if (count > 0) into.userTimeout = field > 0x7fff ? 60 * count : count
}

/** RFC 7413 §4.1.1 with erratum 4238: none at all, which asks for one, or 4 to 16 octets, an even number. */
function isCookieLength(length: number): boolean {
  return length === 0 || (length >= 4 && length <= MAX_COOKIE_LENGTH && length % 2 === 0)
}

/** Octets that the options of `segment` take, a multiple of 4 up to 40: SACK blocks that don't fit are left out. */
export function tcpOptionsLength(segment: Segment): number {
  const length = lengthBeforeSack(segment)
  const blocks = fittingSackBlocks(segment, length)
  return blocks > 0 ? length + 4 + 8 * blocks : length
}

function lengthBeforeSack(segment: Segment): number {
  let length = segment.mss === ABSENT ? 0 : 4
  if (segment.timestamps) length += 12
  else if (segment.sackPermitted) length += 4
  if (segment.windowScale !== ABSENT) length += 4
  if (segment.cookieLength !== ABSENT) length += fastOpenLength(segment)
  else if (segment.userTimeout !== ABSENT) length += 4
  return length
}

/** With its padding. */
function fastOpenLength(segment: Segment): number {
  return (segment.cookieLength + 2 + 3) & ~3
}

function fittingSackBlocks(segment: Segment, before: number): number {
  return Math.min(segment.sackBlocks, (MAX_OPTIONS_LENGTH - 4 - before) >> 3)
}

/**
 * Writes the options at into[at] in the order and alignment of Linux: NOPs before an option, or behind a Fast Open
 * cookie, bring it to a multiple of four octets, so that no padding is left to do (RFC 9293 MUST-69). Returns where they
 * end.
 */
export function writeTcpOptions(into: Uint8Array, at: number, segment: Segment, view: DataView = viewOf(into)): number {
  let end = at
  if (segment.mss !== ABSENT) {
    view.setInt32(end, (MSS_OPTION << 16) | segment.mss)
    end += 4
  }
  if (segment.timestamps) {
    view.setInt32(end, segment.sackPermitted ? SACK_AND_STAMPED : STAMPED)
    view.setInt32(end + 4, segment.tsVal | 0)
    view.setInt32(end + 8, segment.tsEcr | 0)
    end += 12
  } else if (segment.sackPermitted) {
    view.setInt32(end, SACK_ALONE)
    end += 4
  }
  if (segment.windowScale !== ABSENT) {
    view.setInt32(end, (SCALE_OPTION << 8) | segment.windowScale)
    end += 4
  }
  const rare = segment.cookieLength !== ABSENT || segment.userTimeout !== ABSENT || segment.sackBlocks > 0
  return rare ? writeRareOptions(into, at, end, segment) : end
}

/** What few segments have of the options at into[at]: from into[from] on. */
function writeRareOptions(into: Uint8Array, at: number, from: number, segment: Segment): number {
  let end = from
  // A cookie may fill the header: the user timeout can wait.
  if (segment.cookieLength !== ABSENT) end = writeFastOpen(into, end, segment)
  else if (segment.userTimeout !== ABSENT) end = writeUserTimeout(into, end, segment.userTimeout)
  return segment.sackBlocks === 0 ? end : writeSack(into, end, segment, fittingSackBlocks(segment, end - at))
}

/** Minutes where seconds do not fit, rounded up. */
function writeUserTimeout(into: Uint8Array, at: number, seconds: number): number {
  into[at] = USER_TIMEOUT
  into[at + 1] = 4
  viewOf(into).setUint16(at + 2, seconds <= 0x7fff ? seconds : 0x8000 | Math.min(Math.ceil(seconds / 60), 0x7fff))
  return at + 4
}

function writeFastOpen(into: Uint8Array, at: number, segment: Segment): number {
  const { cookie, cookieLength } = segment
  const end = at + fastOpenLength(segment)
  into[at] = FAST_OPEN
  into[at + 1] = 2 + cookieLength
  copyOctets(cookie, 0, cookieLength, into, at + 2)
  for (let padding = at + 2 + cookieLength; padding < end; padding++) into[padding] = NOP
  return end
}

function writeSack(into: Uint8Array, at: number, segment: Segment, blocks: number): number {
  if (blocks <= 0) return at
  into[at] = NOP
  into[at + 1] = NOP
  into[at + 2] = SACK
  into[at + 3] = 2 + 8 * blocks
  for (let i = 0; i < 2 * blocks; i++) writeUint32(into, at + 4 + 4 * i, segment.sackEdges[i]! | 0)
  return at + 4 + 8 * blocks
}
