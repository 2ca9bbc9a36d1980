/** The same, both ends of it estab, in virtual time. */
import { test } from 'node:test'
import { findProgram } from './daemon.ts'
import { simulated } from './ground.ts'
import { SCENARIOS } from './scenarios.ts'

const MUCH = 1_000_000_000

for (const { name, needsCertificate = false, run } of SCENARIOS) {
  const skip = needsCertificate && findProgram('openssl') === undefined && 'missing: openssl'
  test(`${name}; in a simulation`, { skip, timeout: 120_000 }, () => simulated(MUCH, run))
}
