import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { loadLibc } from './ffi.ts'
import { checkPlatform, openDevice } from './tun-setup.ts'

/** In the environment of a process that `enterNamespace` started. */
const MARK = 'ESTAB_NAMESPACE'

/** Whether this machine lets us have a private network namespace with a TUN device in it, and how. */
export type NamespaceProbe =
  | {
      readonly ok: true
      /** The command that runs the one given behind it in a new namespace: `['unshare', '-n', '--']`. */
      readonly command: readonly string[]
    }
  | {
      readonly ok: false
      /** Cause and way out, as part of a sentence. */
      readonly reason: string
    }

export type NamespaceResult = { readonly ok: true; readonly exitCode: number } | { readonly ok: false; reason: string }

/**
 * Looks, by trying, whether a private network namespace can be had: as root through `unshare -n`, otherwise in a user
 * namespace through `unshare -Urn`; and whether koffi loads and /dev/net/tun opens. Nothing on the machine changes.
 */
export async function probeNamespace(): Promise<NamespaceProbe> {
  try {
    checkPlatform()
    await loadLibc()
    // The rights to the device are those of this user inside the namespace, too.
    closeSync(openDevice())
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) }
  }
  const isRoot = process.geteuid?.() === 0
  let reason = ''
  for (const flags of isRoot ? ['-n', '-Urn'] : ['-Urn']) {
    const failure = tryUnshare(flags)
    if (failure === undefined) return { ok: true, command: ['unshare', flags, '--'] }
    reason ||= failure
  }
  return { ok: false, reason }
}

/** Why `unshare` fails, or undefined if it doesn't. */
function tryUnshare(flags: string): string | undefined {
  const { error, status, stderr } = spawnSync('unshare', [flags, '--', 'true'], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  })
  if (error !== undefined) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    return missing ? 'the program unshare is missing. Install the package util-linux' : error.message
  }
  if (status === 0) return undefined
  const said = stderr.trim().split('\n')[0] ?? `exit status ${status}`
  return `no network namespace can be made (${said}). ${wayOut(flags)}`
}

function wayOut(flags: string): string {
  if (flags === '-n') return 'A container needs --cap-add SYS_ADMIN and --cap-add NET_ADMIN'
  for (const [setting, forbidding] of [
    ['kernel/unprivileged_userns_clone', '0'],
    ['user/max_user_namespaces', '0'],
    ['kernel/apparmor_restrict_unprivileged_userns', '1'],
  ] as const) {
    if (kernelSetting(setting) !== forbidding) continue
    const allowing = setting === 'user/max_user_namespaces' ? '10000' : forbidding === '0' ? '1' : '0'
    return `Run as root (sudo), or allow user namespaces: sysctl -w ${setting.replaceAll('/', '.')}=${allowing}`
  }
  return 'Run as root (sudo); containers mostly forbid user namespaces'
}

function kernelSetting(path: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${path}`, 'utf8').trim()
  } catch {
    return undefined
  }
}

/** Whether this process was started by `enterNamespace`. */
export function isInsideNamespace(): boolean {
  return process.env[MARK] === '1'
}

/**
 * Runs this program again, with the same arguments, terminal and environment, in a private network namespace, and waits
 * until it ends; there {@link isInsideNamespace} is true. Where that can't be had, it says why and runs nothing. The
 * loopback is down in a new namespace: see `setLoopbackUp`.
 */
export async function enterNamespace(
  argv: readonly string[] = [...process.execArgv, ...process.argv.slice(1)],
): Promise<NamespaceResult> {
  const probe = await probeNamespace()
  if (!probe.ok) return probe
  const [unshare, ...flags] = probe.command
  const child = spawn(unshare!, [...flags, process.execPath, ...argv], {
    stdio: 'inherit',
    env: { ...process.env, [MARK]: '1' },
  })
  const stop = forwardSignals(child)
  try {
    return { ok: true, exitCode: await exitCodeOf(child) }
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) }
  } finally {
    stop()
  }
}

/** The child decides how both end. A terminal's Ctrl-C reaches it without us, and twice would be once too often. */
function forwardSignals(child: ChildProcess): () => void {
  const forward = (signal: NodeJS.Signals): void => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, forward)
  return () => {
    for (const signal of signals) process.off(signal, forward)
  }
}

function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]))
  })
}
