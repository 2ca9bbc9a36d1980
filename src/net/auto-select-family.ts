import { getDefaultAutoSelectFamily, getDefaultAutoSelectFamilyAttemptTimeout } from 'node:net'
import { validateBoolean, validateInt32 } from './validate.ts'

/** The shortest time that an attempt is given, ms. */
const SHORTEST = 10

/** Whether sockets of a net try several addresses of a name, one after the other (RFC 8305), where they are not told. */
export class AutoSelectFamily {
  #enabled: boolean = getDefaultAutoSelectFamily()
  #attemptTimeout: number = getDefaultAutoSelectFamilyAttemptTimeout()

  get enabled(): boolean {
    return this.#enabled
  }

  /** @throws {TypeError} ERR_INVALID_ARG_TYPE */
  set enabled(value: boolean) {
    validateBoolean(value, 'value')
    this.#enabled = value
  }

  /** How long an attempt has before the next one, ms. */
  get attemptTimeout(): number {
    return this.#attemptTimeout
  }

  /**
   * At least 10.
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE: not an integer of 1 to 2,147,483,647
   */
  set attemptTimeout(value: number) {
    this.#attemptTimeout = validAttemptTimeout(value, 'value')
  }
}

/**
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 */
export function validAttemptTimeout(value: unknown, name: string): number {
  validateInt32(value, name, 1)
  return Math.max(value, SHORTEST)
}
