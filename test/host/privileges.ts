import { spawnSync } from 'node:child_process'
import type { TestContext } from 'node:test'

/** The numeric user that owns nothing, `nobody`. */
const NOBODY = 65_534

/** What `setpriv` is told so that a program runs without rights: as nobody, or as a root who may not touch networks. */
const WITHOUT = {
  'any rights': [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'],
  'network rights': ['--bounding-set=-net_admin', '--inh-caps=-net_admin'],
} as const

/**
 * What a module of ours prints when it is evaluated without rights; undefined, with the test skipped, where this user
 * can't give up any. An ordinary user has none to give up.
 */
export function runWithout(t: TestContext, rights: keyof typeof WITHOUT, source: string): string | undefined {
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '--eval', source]
  const isRoot = process.geteuid?.() === 0
  const command = isRoot ? ['setpriv', ...WITHOUT[rights], '--', ...node] : node
  const { error, stdout, stderr } = spawnSync(command[0]!, command.slice(1), {
    encoding: 'utf8',
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  })
  if (error === undefined) return stdout + stderr
  t.skip(`the program ${command[0]} cannot be run: ${error.message}`)
  return undefined
}
