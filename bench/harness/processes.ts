import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** All that runs: whatever ends this process ends them first, each by its id. */
const running = new Set<ChildProcess>()

/** How long a process may take to end when it is asked to, ms. */
const PATIENCE = 2000

/** What a program said that ended badly: its error, or else its last line on stderr. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError'
}

/** A process with pipes, ended by the kernel if this one is killed. */
export class Program {
  readonly child: ChildProcess
  readonly ended: Promise<void>
  stdout = ''
  stderr = ''

  constructor(command: readonly string[], options: { env?: NodeJS.ProcessEnv; cwd?: string } = {}) {
    const [name, ...args] = ['setpriv', '--pdeathsig', 'KILL', '--', ...command]
    this.child = spawn(name!, args, { ...options, stdio: 'pipe' })
    running.add(this.child)
    this.child.stdin!.on('error', () => {})
    for (const stream of ['stdout', 'stderr'] as const) {
      this.child[stream]!.setEncoding('utf8').on('data', (text: string) => {
        this[stream] += text
        this.child.emit('said')
      })
    }
    this.ended = once(this.child, 'close').then(
      () => void running.delete(this.child),
      (error: Error) => {
        running.delete(this.child)
        this.stderr += `${error.message}\n`
      },
    )
  }

  get pid(): number {
    return this.child.pid!
  }

  get hasEnded(): boolean {
    return !running.has(this.child)
  }

  /** Waits for a line of its own on stdout. */
  async says(line: string, milliseconds: number): Promise<void> {
    const late = AbortSignal.timeout(milliseconds)
    const has = (): boolean => this.stdout.split('\n').includes(line)
    while (!has()) {
      if (this.hasEnded) throw this.failure()
      try {
        await Promise.race([once(this.child, 'said', { signal: late }), this.ended])
      } catch {
        throw new ProgramError(`not "${line}" within ${milliseconds / 1000} s`)
      }
    }
  }

  /** Waits until it has ended well; past the time it is killed. */
  async result(seconds: number): Promise<string> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), seconds * 1000)
    await this.ended
    clearTimeout(timer)
    if (this.child.exitCode === 0) return this.stdout
    if (this.child.signalCode === 'SIGKILL') throw new ProgramError(`not done within ${seconds} s`)
    throw this.failure()
  }

  failure(): ProgramError {
    const lines = this.stderr.trim().split('\n')
    const how = this.child.signalCode ?? `exit status ${this.child.exitCode}`
    // Node prints the source before the error, and its version behind it.
    const line = lines.find((text) => /^\w*Error\b/.test(text)) ?? lines.at(-1)
    return new ProgramError(line || `ended without a word (${how})`)
  }

  async end(): Promise<void> {
    if (this.hasEnded) return
    this.child.kill('SIGTERM')
    const timer = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE)
    await this.ended
    clearTimeout(timer)
  }
}

/** Runs a command to its end and returns what it printed. */
export function run(
  command: readonly string[],
  seconds: number,
  options: { input?: string; env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<string> {
  const { input, ...rest } = options
  const program = new Program(command, rest)
  program.child.stdin!.end(input)
  return program.result(seconds)
}

/** Whatever ends this process, be it Ctrl-C or that nobody waits for it any more, ends all that it started. */
export function endTogether(): void {
  const parent = process.ppid
  const orphaned = setInterval(() => {
    if (process.ppid !== parent) process.exit(1)
  }, 1000)
  orphaned.unref()
  process.on('exit', () => {
    for (const child of running) child.kill('SIGKILL')
  })
  process.on('SIGINT', () => process.exit(130))
  process.on('SIGTERM', () => process.exit(143))
  process.on('SIGHUP', () => process.exit(129))
}
