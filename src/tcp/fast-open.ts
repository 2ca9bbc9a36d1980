import type { CookieKeys } from './cookie-keys.ts'
import { FastOpenCookies } from './fast-open-cookie.ts'
import { FastOpenServers } from './fast-open-servers.ts'

/** TCP Fast Open (RFC 7413) at one endpoint: the cookies that it gives as a server, and those it was given as a client. */
export class FastOpen {
  readonly cookies: FastOpenCookies
  readonly servers: FastOpenServers = new FastOpenServers()

  constructor(keys: CookieKeys) {
    this.cookies = new FastOpenCookies(keys)
  }
}
