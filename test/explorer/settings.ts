/** Small buffers and round, constant times, so that states which differ in nothing that matters are equal. */
export const CONFIG = {
  sendBuffer: 4096,
  receiveBuffer: 4096,
  windowScale: false,
  timestamps: false,
  sack: false,
  delayedAck: 0,
  quickAcks: 0,
  rfc1337: false,
  rtoInitial: 1000,
  rtoMin: 1000,
  rtoMax: 1000,
  connectTimeout: 3000,
  userTimeout: 3000,
  msl: 1000,
  finWait2Timeout: 2000,
  challengeInterval: 500,
  maxReplies: 16,
} as const

/** The stack's port. */
export const LISTEN_PORT = 80
export const CONNECT_PORT = 50_000
export const SECRET: Uint8Array = Uint8Array.from({ length: 64 }, (_, i) => i * 37 + 11)
/** How long a SYN waits for the application, ms. */
export const DEFER_TIMEOUT = 1500

/** The clients, and their addresses: one for each /24, or /48. */
export const NAMES = ['', 'q', 'r', 's', 't'] as const
export const ADDRESSES = {
  A: '192.0.2.2',
  B: '198.51.100.2',
  C: '203.0.113.2',
  V: '2001:db8::2',
  W: '2001:db8:1::2',
} as const

/** How long a cookie key signs, and how long a listener takes cookies after an overflow, ms. */
export const COOKIE_PERIOD = 30_000
export const OVERFLOW_MEMORY = 60_000
