import { isConnectedError } from './dgram-errors.ts'
import { invalidArgType, nodeError, received } from './node-errors.ts'

export type Octets = string | NodeJS.ArrayBufferView
/** `octets` only where there is no error. */
export type SendCallback = (error: Error | null, octets: number) => void

const MESSAGE_TYPES = ['Buffer', 'TypedArray', 'DataView', 'string']

/** What a call of `send` has said. */
export interface SendRequest {
  readonly list: readonly Buffer[]
  readonly port: unknown
  readonly address: unknown
  readonly callback: SendCallback | undefined
}

/**
 * `send(msg, offset?, length?, port?, address?, callback?)`: with an offset the message is one buffer; a connected socket is
 * given neither port nor address.
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_BUFFER_OUT_OF_BOUNDS
 * @throws {Error} ERR_SOCKET_DGRAM_IS_CONNECTED
 */
export function sendArguments(args: readonly unknown[], isConnected: boolean): SendRequest {
  return isConnected ? toPeer(args) : toAddress(args)
}

function toPeer([message, second, third, fourth, fifth, sixth]: readonly unknown[]): SendRequest {
  const isPart = typeof third === 'number'
  const isCallback = isPart && typeof fourth === 'function'
  if ((fourth && !isCallback) || fifth) throw isConnectedError()
  const callback = isPart ? (isCallback ? fourth : sixth) : second
  return requestOf(isPart ? partOf(message, second, third) : message, undefined, undefined, callback)
}

function toAddress([message, second, third, fourth, fifth, sixth]: readonly unknown[]): SendRequest {
  const isPart = Boolean(fifth || (fourth && typeof fourth !== 'function'))
  if (isPart) return requestOf(partOf(message, second, third), fourth, fifth, sixth)
  return requestOf(message, second, third, fourth)
}

function requestOf(message: unknown, port: unknown, address: unknown, callback: unknown): SendRequest {
  const list = listOf(message)
  const isCallback = typeof address === 'function'
  const done = isCallback ? address : callback
  return {
    list,
    port,
    address: isCallback ? undefined : address,
    callback: typeof done === 'function' ? (done as SendCallback) : undefined,
  }
}

/** The same as dgram's: 0 is no port to send to. @throws {RangeError} ERR_SOCKET_BAD_PORT */
export function peerPort(port: unknown): number {
  const isText = typeof port === 'string' && port.trim().length > 0
  const number = Number(typeof port === 'number' || isText ? port : Number.NaN)
  if (number === number >>> 0 && number > 0 && number <= 0xffff) return number
  const message = `Port should be > 0 and < 65536. Received ${received(port)}.`
  throw nodeError(RangeError, 'ERR_SOCKET_BAD_PORT', message)
}

function partOf(message: unknown, offset: unknown, length: unknown): Buffer {
  const whole = bufferOf(message) ?? refuse('buffer', message)
  const [from, span] = [(offset as number) >>> 0, (length as number) >>> 0]
  if (from > whole.length) throw outOfBounds('offset')
  if (from + span > whole.length) throw outOfBounds('length')
  return whole.subarray(from, from + span)
}

function listOf(message: unknown): Buffer[] {
  if (!Array.isArray(message)) return [bufferOf(message) ?? refuse('buffer', message)]
  return message.map((part) => bufferOf(part) ?? refuse('buffer list arguments', message))
}

function bufferOf(value: unknown): Buffer | undefined {
  if (typeof value === 'string') return Buffer.from(value)
  if (!ArrayBuffer.isView(value)) return undefined
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

function refuse(name: string, value: unknown): never {
  throw invalidArgType(name, MESSAGE_TYPES, value)
}

function outOfBounds(name: string): Error {
  return nodeError(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', `"${name}" is outside of buffer bounds`)
}
