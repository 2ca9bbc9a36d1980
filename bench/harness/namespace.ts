import { Program, run } from './processes.ts'

/** Addresses of the contract between harness and stack programs. */
export const CLIENT = '10.9.0.1'
export const SERVER = '10.9.200.1'
/** Further addresses of the client, so that its ports never run out: the first, and how many. */
export const SOURCES: readonly [first: string, count: number] = ['10.9.1.0', 64]

/** Frames that wait in the kernel for a stack program. */
export const QUEUE = 16_384

/** As long as `ip`, `nsenter` and the like may take, s. */
const SHORTLY = 10

/** Of every namespace, where the kernel allows it. */
const SETTINGS = {
  'net/ipv4/ip_local_port_range': '1024 65535',
  'net/ipv4/tcp_tw_reuse': '1',
  // What one run has learnt of the path must not slow down the next.
  'net/ipv4/tcp_no_metrics_save': '1',
  'net/ipv4/tcp_max_tw_buckets': '262144',
  'net/ipv4/tcp_max_syn_backlog': '262144',
  'net/core/somaxconn': '262144',
  'net/ipv4/conf/all/rp_filter': '0',
  'net/ipv4/conf/default/rp_filter': '0',
  'net/ipv6/conf/all/disable_ipv6': '1',
  'net/ipv6/conf/default/disable_ipv6': '1',
}

/** A network namespace, and the program in it: with its end the kernel removes both. */
export class Namespace {
  readonly program: Program

  /** Makes the namespace; the program waits for `go`, so that it finds its interfaces in place. */
  private constructor(command: readonly string[]) {
    const waiting = ['sh', '-c', 'echo made && read -r _ && exec "$@"', 'sh', ...command]
    this.program = new Program(['unshare', '-n', '--', ...waiting])
  }

  static async make(command: readonly string[]): Promise<Namespace> {
    const namespace = new Namespace(command)
    try {
      await namespace.program.says('made', SHORTLY * 1000)
      await namespace.set(SETTINGS)
    } catch (error) {
      await namespace.close()
      throw error
    }
    return namespace
  }

  /** With nothing in it but what is run there. */
  static async empty(): Promise<Namespace> {
    const namespace = await Namespace.make(['cat'])
    namespace.go()
    return namespace
  }

  get pid(): number {
    return this.program.pid
  }

  go(): void {
    this.program.child.stdin!.write('\n')
  }

  /** Settings below /proc/sys; those that do not exist or are not ours to change stay as they are. */
  async set(settings: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(settings).map(([path, value]) => `(echo ${value} >/proc/sys/${path}) 2>/dev/null`)
    await this.run(['sh'], SHORTLY, `${[...lines, 'true'].join('\n')}\n`)
  }

  async ip(lines: readonly string[]): Promise<void> {
    await this.run(['ip', '-batch', '-'], SHORTLY, `${lines.join('\n')}\n`)
  }

  run(command: readonly string[], seconds: number, input?: string): Promise<string> {
    return run(this.inside(command), seconds, input === undefined ? {} : { input })
  }

  start(command: readonly string[]): Program {
    return new Program(this.inside(command))
  }

  close(): Promise<void> {
    return this.program.end()
  }

  private inside(command: readonly string[]): string[] {
    return ['nsenter', '-t', String(this.pid), '-n', '--', ...command]
  }
}

/** What gives a device all addresses of the client. */
export function clientAddresses(device: string): string[] {
  const [first, count] = SOURCES
  const prefix = first.slice(0, first.lastIndexOf('.') + 1)
  const further = Array.from({ length: count }, (_, i) => `addr add ${prefix}${i}/16 dev ${device}`)
  return [`addr add ${CLIENT}/16 dev ${device}`, ...further]
}
