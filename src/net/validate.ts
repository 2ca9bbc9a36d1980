import { invalidArgType, nodeError, outOfRange, received } from './node-errors.ts'

/** The longest span of Node's timers, ms. */
const LONGEST_TIMEOUT = 2 ** 31 - 1

/** @throws {TypeError} ERR_INVALID_ARG_TYPE */
export function validateBoolean(value: unknown, name: string): asserts value is boolean {
  if (typeof value !== 'boolean') throw invalidArgType(name, 'boolean', value)
}

/** @throws {TypeError} ERR_INVALID_ARG_TYPE */
export function validateString(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string') throw invalidArgType(name, 'string', value)
}

/** @throws {TypeError} ERR_INVALID_ARG_TYPE */
export function validateFunction(value: unknown, name: string): void {
  if (typeof value !== 'function') throw invalidArgType(name, 'Function', value)
}

/** @throws {TypeError} ERR_INVALID_ARG_TYPE */
export function validateNumber(value: unknown, name: string): asserts value is number {
  if (typeof value !== 'number') throw invalidArgType(name, 'number', value)
}

/**
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 */
export function validateInt32(
  value: unknown,
  name: string,
  least = -(2 ** 31),
  most = 2 ** 31 - 1,
): asserts value is number {
  validateNumber(value, name)
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value)
  if (value < least || value > most) throw outOfRange(name, `>= ${least} && <= ${most}`, value)
}

/** @throws {TypeError} ERR_INVALID_ARG_TYPE */
export function validateAbortSignal(value: unknown, name: string): asserts value is AbortSignal {
  if (value === null || typeof value !== 'object' || !('aborted' in value)) {
    throw invalidArgType(name, 'AbortSignal', value)
  }
}

/**
 * The port as a number; strings of numbers are taken.
 * @throws {RangeError} ERR_SOCKET_BAD_PORT
 */
export function validatePort(port: unknown, name = 'Port'): number {
  const isText = typeof port === 'string' && port.trim().length > 0
  const number = Number(typeof port === 'number' || isText ? port : Number.NaN)
  if (number === number >>> 0 && number <= 0xffff) return number | 0
  const message = `${name} should be >= 0 and < 65536. Received ${received(port)}.`
  throw nodeError(RangeError, 'ERR_SOCKET_BAD_PORT', message)
}

/**
 * Milliseconds for a timer, cut with a warning to what Node's timers take.
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 */
export function timerSpan(ms: unknown, name: string): number {
  validateNumber(ms, name)
  if (ms < 0 || !Number.isFinite(ms)) throw outOfRange(name, 'a non-negative finite number', ms)
  if (ms <= LONGEST_TIMEOUT) return ms
  const message = `${ms} does not fit into a 32-bit signed integer.\nTimer duration was truncated to ${LONGEST_TIMEOUT}.`
  process.emitWarning(message, 'TimeoutOverflowWarning')
  return LONGEST_TIMEOUT
}
