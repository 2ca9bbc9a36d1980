/** Octets to the stack, which answers with their digest; eight octets that say how many are wanted, and those and their digest come. */
export const PORTS = { receive: 9, send: 19 } as const

/** Octets of SHA-256. */
export const DIGEST_LENGTH = 32
