/** Node's own and others' libraries over estab on a TUN device, the kernel at the other end. */

import { kernelTest } from '../support/namespace.ts'
import { findProgram } from './daemon.ts'
import { estabAsks, estabServes } from './ground.ts'
import { SCENARIOS } from './scenarios.ts'

const MUCH = 1_000_000_000
const LIMIT = 120_000

for (const { name, needsCertificate = false, run } of SCENARIOS) {
  for (const [side, open] of [
    ['estab serves the kernel', estabServes],
    ['estab asks the kernel', estabAsks],
  ] as const) {
    kernelTest(
      import.meta.url,
      `${name}; ${side}`,
      async (t) => {
        if (needsCertificate && findProgram('openssl') === undefined) t.skip('missing: openssl')
        else await run(await open(t, MUCH))
      },
      LIMIT,
    )
  }
}
