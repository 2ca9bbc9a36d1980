/**
 * A moment, in milliseconds since an origin that the clock's owner chose. May have a fraction. It never runs
 * backwards; `Infinity` is "never". The core has no clock: whoever drives it says what time it is.
 */
export type Instant = number

/** A span of time in milliseconds. */
export type Milliseconds = number
