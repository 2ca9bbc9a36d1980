import type { TcpConfig } from '../tcp/config.ts'
import type { Milliseconds } from '../wire/instant.ts'
import { type Command, ScriptSyntaxError } from './script.ts'
import { NotSupported, type Settings } from './settings.ts'

/** What a sysctl turns. Gets its value as it was written; undefined when the value is none that it can have. */
interface Knob {
  /** For docs/packetdrill.md: what it stands for here. */
  readonly means: string
  readonly values: string
  readonly set: (settings: Settings, value: string) => true | undefined
}

const US_PER_MS = 1000
/** Linux's bounds of the retransmission timeout, from which it makes a time out of a number of retries (`tcp_model_timeout`). */
const RTO_MIN: Milliseconds = 200
const RTO_MAX: Milliseconds = 120_000

/** What can be set, and to what. */
export const SYSCTLS: Readonly<Record<string, Knob>> = {
  'net.ipv4.tcp_timestamps': knob('timestamps', '0, 1, 2', 0, 2, (n) => ({ timestamps: n > 0 })),
  'net.ipv4.tcp_sack': flag('sack', (settings, on) => settings.turn('sack', { sack: on })),
  'net.ipv4.tcp_window_scaling': flag('windowScale', (settings, on) =>
    settings.turn('windowScale', { windowScale: on }),
  ),
  'net.ipv4.tcp_rmem': {
    means: 'receiveBuffer: the second number at first, the third at the most',
    values: 'least, initial and most octets',
    set: (settings, value) =>
      sizes(value, (s) => settings.turn('tcp_rmem', { receiveBuffer: { initial: s[1], max: s[2] } })),
  },
  'net.ipv4.tcp_wmem': {
    means: 'sendBuffer: the second number at first, the third at the most',
    values: 'least, initial and most octets',
    set: (settings, value) =>
      sizes(value, (s) => settings.turn('tcp_wmem', { sendBuffer: { initial: s[1], max: s[2] } })),
  },
  'net.ipv4.tcp_moderate_rcvbuf': flag('whether receiveBuffer grows', (settings, on) => {
    settings.turn('tcp_moderate_rcvbuf', {})
    settings.moderates = on
  }),
  'net.ipv4.tcp_synack_retries': {
    means: 'synAckRetries',
    values: '0 to 14',
    set: (settings, value) =>
      whole(value, 0, 14, (n) => {
        settings.listen = { ...settings.listen, synAckRetries: n }
      }),
  },
  'net.ipv4.tcp_syn_retries': knob('connectTimeout: the sum of the waits 1, 2, 4, ... s', '1 to 16', 1, 16, (n) => ({
    connectTimeout: connectTimeout(n),
  })),
  'net.ipv4.tcp_retries1': knob('r1', 'a number of timeouts', 1, 100, (n) => ({ r1: n })),
  'net.ipv4.tcp_retries2': knob(
    'userTimeout: what Linux makes of it for an RTO of 200 ms',
    '1 to 255',
    1,
    255,
    (n) => ({ userTimeout: timeoutOfRetries(n) }),
  ),
  'net.ipv4.tcp_fin_timeout': knob('finWait2Timeout', 'seconds', 0, 3600, (n) => ({ finWait2Timeout: n * 1000 })),
  'net.ipv4.tcp_keepalive_time': knob('keepAliveIdle', 'seconds', 1, 32_767, (n) => ({ keepAliveIdle: n * 1000 })),
  'net.ipv4.tcp_keepalive_intvl': knob('keepAliveInterval', 'seconds', 1, 32_767, (n) => ({
    keepAliveInterval: n * 1000,
  })),
  'net.ipv4.tcp_keepalive_probes': knob('keepAliveCount', '2 to 127', 2, 127, (n) => ({ keepAliveCount: n })),
  'net.ipv4.tcp_rto_min_us': knob('rtoMin', 'microseconds', 1000, 60_000_000, (n) => ({ rtoMin: n / US_PER_MS })),
  'net.ipv4.tcp_rto_max_ms': knob('rtoMax', '1000 to 120000', 1000, 120_000, (n) => ({ rtoMax: n })),
  'net.ipv4.tcp_invalid_ratelimit': knob('challengeInterval', 'milliseconds', 0, 3_600_000, (n) => ({
    challengeInterval: n,
  })),
  'net.ipv4.tcp_rfc1337': flag('rfc1337', (settings, on) => settings.turn('tcp_rfc1337', { rfc1337: on })),
  'net.ipv4.tcp_mtu_probing': knob('blackHoleTimeouts: 0 or 3', '0, 1', 0, 1, (n) => ({ blackHoleTimeouts: 3 * n })),
  'net.ipv4.route.min_pmtu': knob('minPathMtu', '68 to 65535', 68, 65_535, (n) => ({ minPathMtu: n })),
  'net.ipv4.ip_default_ttl': knob('hopLimit', '1 to 255', 1, 255, (n) => ({ hopLimit: n })),
  'net.ipv4.tcp_max_tw_buckets': knob('maxTimeWait', '0 to 16777216', 0, 2 ** 24, (n) => ({ maxTimeWait: n })),
  'net.ipv4.ip_local_port_range': {
    means: 'ephemeralPorts',
    values: 'two ports',
    set: (settings, value) => {
      const [first, last, ...rest] = value.split(/\s+/).map(Number)
      if (!isPort(first) || !isPort(last) || first > last || rest.length > 0) return undefined
      settings.turn('ip_local_port_range', { ephemeralPorts: [first, last] })
      return true
    },
  },
  'net.core.somaxconn': {
    means: 'the most that listen() asks for',
    values: '1 to 65535',
    set: (settings, value) =>
      whole(value, 1, 65_535, (n) => {
        settings.mostAcceptable = n
      }),
  },
  'net.ipv4.tcp_max_syn_backlog': {
    means: 'the largest SYN queue',
    values: '1 to 65535',
    set: (settings, value) =>
      whole(value, 1, 65_535, (n) => {
        settings.mostHalfOpen = n
      }),
  },
  'net.ipv4.tcp_syncookies': {
    means: 'cookies; 2 is an admission that answers every SYN with one',
    values: '0, 1, 2',
    set: (settings, value) =>
      whole(value, 0, 2, (n) => {
        settings.listen = { ...settings.listen, cookies: n === 2 ? 'always' : n === 1 }
        if (n === 2) settings.listen.admission = () => 'cookie'
      }),
  },
  'net.ipv4.tcp_abort_on_overflow': flag('acceptOverflow', (settings, on) => {
    settings.listen = { ...settings.listen, acceptOverflow: on ? 'reset' : 'wait' }
  }),
  'net.ipv4.tcp_fastopen': {
    means: 'Fast Open: 1 as a client, 2 as a server',
    values: '0 to 3',
    set: (settings, value) =>
      whole(Number(value).toString(), 0, 3, (n) => {
        settings.fastOpen = n
      }),
  },
  'net.ipv4.tcp_fastopen_key': {
    means: 'nothing: cookies have a key of our own, and a script may write any cookie of 8 octets for them',
    values: 'any',
    set: () => true,
  },
  'net.ipv4.tcp_congestion_control': {
    means: 'congestionControl: "cubic" or "newreno"',
    values: 'cubic, reno',
    set: (settings, value) => {
      const congestionControl = congestionControlNamed(value)
      if (congestionControl === undefined) return undefined
      settings.turn('tcp_congestion_control', { congestionControl })
      return true
    },
  },
  'net.ipv4.tcp_ecn': knob('ecn: false, true or "passive"', '0, 1, 2', 0, 2, (n) => ({
    ecn: n === 2 ? 'passive' : n === 1,
  })),
  'net.core.default_qdisc': {
    means: 'pacing, which Linux leaves to fq',
    values: 'fq, fq_codel, pfifo_fast',
    set: (settings, value) => {
      if (!['fq', 'fq_codel', 'pfifo_fast'].includes(value)) return undefined
      settings.turn('default_qdisc', { pacing: value === 'fq' })
      return true
    },
  },
  'net.ipv4.tcp_slow_start_after_idle': only('1', 'the window is restarted after a pause'),
  'net.ipv4.tcp_syn_linear_timeouts': only('0', 'the waits of a SYN double from the first on'),
  'net.ipv4.tcp_early_retrans': only('3', 'tail loss probes go with SACK'),
  'net.ipv4.tcp_recovery': only('1', 'RACK goes with SACK'),
  'net.ipv4.tcp_frto': only('2', 'F-RTO goes with SACK'),
  'net.ipv4.tcp_dsack': only('1', 'DSACK goes with SACK'),
  'net.ipv4.tcp_stdurg': only('0', 'the urgent pointer is to the octet behind the urgent data'),
  'net.ipv4.tcp_autocorking': only('0', 'nothing is corked that the application has not corked'),
  'net.ipv4.tcp_no_metrics_save': {
    means: 'nothing: no connection learns from another',
    values: '0, 1',
    set: (_, value) => whole(value, 0, 1, () => {}),
  },
}

function flag(means: string, set: (settings: Settings, on: boolean) => void): Knob {
  return { means, values: '0, 1', set: (settings, value) => whole(value, 0, 1, (n) => set(settings, n === 1)) }
}

/** A whole number that one knob of the stack's is made of. */
function knob(
  means: string,
  values: string,
  least: number,
  most: number,
  config: (n: number) => Partial<TcpConfig>,
): Knob {
  return { means, values, set: (settings, value) => whole(value, least, most, (n) => settings.turn(means, config(n))) }
}

/** Linux's name for a congestion control, as it is called here. */
export function congestionControlNamed(name: string): 'cubic' | 'newreno' | undefined {
  return name === 'cubic' ? 'cubic' : name === 'reno' ? 'newreno' : undefined
}

/** What cannot be turned here, with the one value that says how it is. */
function only(value: string, means: string): Knob {
  return { means, values: value, set: (_, given) => (given === value ? true : undefined) }
}

function whole(value: string, least: number, most: number, set: (n: number) => void): true | undefined {
  const n = Number(value)
  if (!/^\d+$/.test(value) || n < least || n > most) return undefined
  set(n)
  return true
}

function sizes(value: string, set: (sizes: [number, number, number]) => void): true | undefined {
  const [least, initial, most, ...rest] = value.split(/[\s,]+/).map(Number)
  const valid = [least, initial, most].every((size) => Number.isInteger(size) && size! >= 1 && size! <= 2 ** 30)
  if (!valid || rest.length > 0 || initial! > most!) return undefined
  set([least!, initial!, most!])
  return true
}

function isPort(port: number | undefined): port is number {
  return Number.isInteger(port) && port! >= 1 && port! <= 65_535
}

/** The end of the wait behind the last of `retries` SYNs, ms. */
export function connectTimeout(retries: number): Milliseconds {
  return 1000 * (2 ** (retries + 1) - 1)
}

function timeoutOfRetries(retries: number): Milliseconds {
  const doublings = Math.floor(Math.log2(RTO_MAX / RTO_MIN))
  if (retries <= doublings) return (2 ** (retries + 1) - 1) * RTO_MIN
  return (2 ** (doublings + 1) - 1) * RTO_MIN + (retries - doublings) * RTO_MAX
}

/**
 * Obeys a command of a script: `sysctl -q NAME=VALUE ...`, several of them on lines of their own or joined by ; or &&.
 * @throws {NotSupported} it is anything else @throws {ScriptSyntaxError} a value is none that the sysctl can have
 */
export function obeyCommand(command: Command, settings: Settings): void {
  for (const line of command.text.split(/\n|;|&&/)) {
    const words = line.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? []
    if (words.length === 0 || words[0]!.startsWith('#')) continue
    if (words[0] !== 'sysctl') {
      throw new NotSupported(
        `the command "${line.trim()}": of all commands only "sysctl -q NAME=VALUE" is obeyed`,
        command.place,
      )
    }
    const assignments = words.slice(1).filter((word) => !/^(?:-[qw]+|>.*|2>.*|\/dev\/null)$/.test(word))
    for (const assignment of assignments) assign(assignment, command, settings)
  }
}

function assign(assignment: string, { place }: Command, settings: Settings): void {
  const [, name, text] = /^([\w.]+)=(.*)$/.exec(assignment.replace(/["']/g, '')) ?? []
  if (name === undefined || text === undefined) {
    throw new ScriptSyntaxError(place, `expected NAME=VALUE behind sysctl, found "${assignment}"`)
  }
  const knob = Object.hasOwn(SYSCTLS, name) ? SYSCTLS[name] : undefined
  if (knob === undefined) {
    throw new NotSupported(`the sysctl ${name}: docs/packetdrill.md lists those that are`, place)
  }
  if (knob.set(settings, text.trim()) === undefined) {
    throw new NotSupported(`${name}=${text.trim()}: its values are ${knob.values} (${knob.means})`, place)
  }
}
