import { spawn } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type NamespaceProbe, probeNamespace } from '../../src/host/namespace.ts'

/** Names the one test that a process inside a namespace is to run. */
const WANTED = 'ESTAB_KERNEL_TEST'

/** After this many milliseconds a kernel test is ended, unless it says otherwise. */
const LIMIT = 30_000

let probed: Promise<NamespaceProbe> | undefined

/**
 * A test against the kernel of this machine: its body runs in a process of its own, in a fresh network namespace in
 * which nothing is configured and even the loopback is down. Where no such namespace can be had, the test is skipped and
 * says why. Its file is loaded again for each, so nothing but tests should stand there.
 *
 * @param file `import.meta.url` of the file that calls this.
 * @param limit ms
 */
export function kernelTest(
  file: string,
  name: string,
  body: (t: TestContext) => void | Promise<void>,
  limit: number = LIMIT,
): void {
  const wanted = process.env[WANTED]
  if (wanted === undefined) test(name, (t) => runInNamespace(t, fileURLToPath(file), name, limit))
  else if (wanted === name) test(name, body)
}

async function runInNamespace(t: TestContext, file: string, name: string, limit: number): Promise<void> {
  probed ??= probeNamespace()
  const probe = await probed
  if (!probe.ok) {
    t.skip(probe.reason)
    return
  }
  const [unshare, ...flags] = probe.command
  const pattern = name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
  const node = [process.execPath, '--import', 'tsx', '--test-reporter=tap', `--test-name-pattern=^${pattern}$`, file]
  // Without this variable gone, the process would talk to the runner's parent instead of printing.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { output, ended } = await run(unshare!, [...flags, ...node], { ...env, [WANTED]: name }, limit)
  if (ended !== undefined) throw new Error(`in the namespace: ${ended}\n${output}`)
  const skipped = new RegExp(`^ok \\d+ - ${pattern} # SKIP (.*)$`, 'm').exec(output)?.[1]
  const said = /^# (?!Subtest: |(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) )(.+)$/gm
  for (const [, text] of output.matchAll(said)) t.diagnostic(text!)
  if (skipped !== undefined) t.skip(skipped)
  else if (!/^# pass 1$/m.test(output)) throw new Error(`in the namespace no test of this name ran\n${output}`)
}

/** Runs a test in its namespace: what it said, and how it failed to end well, if it did. */
async function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  limit: number,
): Promise<{ output: string; ended: string | undefined }> {
  const child = spawn(command, args, { env, timeout: limit })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const ended = await new Promise<string | undefined>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)))
  })
  return { output, ended }
}
