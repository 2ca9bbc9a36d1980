import { IpAddress } from '../wire/address.ts'
import type { Milliseconds } from '../wire/instant.ts'
import { type HeaderOption, ScriptSyntaxError } from './script.ts'
import { NotSupported } from './settings.ts'

/** What the options at the head of a script, or of the command, say about the world that it runs in. */
export interface Configuration {
  family: 4 | 6
  /** The stack's own address and the peer's. */
  local: IpAddress
  remote: IpAddress
  /** The port of `bind(3, ..., ...)` and of `connect(3, ..., ...)`. */
  bindPort: number
  connectPort: number
  /** Octets of IP packet that the link takes. */
  mtu: number
  /** How far what happens may be from its time. */
  tolerance: Milliseconds
  /** Microseconds of a tick of TSval, by which TSvals are compared; 0: they are not. */
  timestampTick: number
}

/** packetdrill's own addresses. */
const ADDRESSES = {
  4: ['192.168.0.1', '192.0.2.1'],
  6: ['fd3d:a0b:17d6::1', '2001:db8::1'],
} as const

/** What has nothing to act upon here: there is no second machine, no device, and no code in Python. */
const IGNORED: readonly string[] = [
  'code_command',
  'code_format',
  'dry_run',
  'gateway_ip',
  'netmask_ip',
  'no_cleanup',
  'non_fatal',
  'send_omit_free',
  'speed',
  'tun_dev',
  'verbose',
]

/** @throws {NotSupported} @throws {ScriptSyntaxError} a value is none that its option can have */
export function configure(options: readonly HeaderOption[]): Configuration {
  const last = new Map(options.map((option) => [option.name, option]))
  const family = familyOf(last.get('ip_version'))
  const [local, remote] = ADDRESSES[family].map((text) => IpAddress.parse(text)!)
  const configuration: Configuration = {
    family,
    local: local!,
    remote: remote!,
    bindPort: 8080,
    connectPort: 8080,
    mtu: 1500,
    tolerance: 4,
    timestampTick: 0,
  }
  for (const option of last.values()) apply(option, configuration)
  return configuration
}

function apply(option: HeaderOption, configuration: Configuration): void {
  switch (option.name) {
    case 'ip_version':
      break
    case 'bind_port':
      configuration.bindPort = whole(option, 1, 65_535)
      break
    case 'connect_port':
      configuration.connectPort = whole(option, 1, 65_535)
      break
    case 'local_ip':
      configuration.local = address(option, configuration.family)
      break
    case 'remote_ip':
      configuration.remote = address(option, configuration.family)
      break
    case 'mtu':
      configuration.mtu = whole(option, configuration.family === 4 ? 576 : 1280, 65_535)
      break
    case 'tolerance_usecs':
      configuration.tolerance = whole(option, 0, 1e9) / 1000
      break
    case 'tcp_ts_tick_usecs':
      configuration.timestampTick = whole(option, 0, 1e6)
      break
    default:
      if (!IGNORED.includes(option.name)) throw new NotSupported(`the option --${option.name}`, option.place)
  }
}

function familyOf(option: HeaderOption | undefined): 4 | 6 {
  if (option === undefined || option.value === 'ipv4' || option.value === 'ipv4-mapped-ipv6') return 4
  if (option.value === 'ipv6') return 6
  throw wrong(option, 'ipv4, ipv6 or ipv4-mapped-ipv6')
}

function whole(option: HeaderOption, least: number, most: number): number {
  const value = Number(option.value)
  if (/^\d+$/.test(option.value ?? '') && value >= least && value <= most) return value
  throw wrong(option, `a whole number, ${least} to ${most}`)
}

function address(option: HeaderOption, family: 4 | 6): IpAddress {
  const parsed = IpAddress.parse(option.value ?? '')
  if (parsed?.family === family) return parsed
  throw wrong(option, `an IPv${family} address`)
}

function wrong({ name, value, place }: HeaderOption, expected: string): ScriptSyntaxError {
  return new ScriptSyntaxError(place, `expected ${expected} for --${name}, found "${value ?? ''}"`)
}
