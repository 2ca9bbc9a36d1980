import type { IcmpPacket, IpFields, Packet, TcpOption, TcpPacket } from './script.ts'

/** A packet in the notation that it was read from: reading the text again gives the same packet. */
export function printPacket(packet: Packet): string {
  return packetColumns(packet)
    .filter((column) => column !== '')
    .join(' ')
}

/** What {@link packetColumns} gives, by name: a field that differs is pointed at by its column. */
export const COLUMNS = ['way', 'ip', 'ports', 'flags', 'range', 'ack', 'win', 'urg', 'options'] as const
export type Column = (typeof COLUMNS)[number]

/** The parts of a packet in the order of the notation; what is not there is empty. */
export function packetColumns(packet: Packet): string[] {
  const ip = printIp(packet.ip)
  return packet.kind === 'icmp' ? [packet.way, ip, printIcmp(packet)] : [packet.way, ip, ...tcpColumns(packet)]
}

function tcpColumns({ ports, flags, seq, length, ack, win, urg, options }: TcpPacket): string[] {
  return [
    ports === undefined ? '' : `${ports.source} > ${ports.destination}`,
    flags,
    printRange({ seq, length }),
    ack === undefined ? '' : `ack ${ack}`,
    win === undefined ? '' : `win ${win}`,
    urg === undefined ? '' : `urg ${urg}`,
    printOptions(options),
  ]
}

function printIcmp({ type, code, mtu, quoted }: IcmpPacket): string {
  const parts = ['icmp', type]
  if (code !== undefined) parts.push(code)
  if (mtu !== undefined) parts.push(`mtu ${mtu}`)
  if (quoted !== undefined) parts.push(`[${printRange(quoted)}]`)
  return parts.join(' ')
}

function printRange({ seq, length }: { seq: number; length: number }): string {
  return `${seq}:${(seq + length) % 2 ** 32}(${length})`
}

function printIp({ ecn, tos, ttl }: IpFields): string {
  if (ttl !== undefined) return `[ttl ${ttl}]`
  if (tos !== undefined) return `[tos 0x${tos.toString(16)}]`
  return ecn === undefined ? '' : `[${ecn}]`
}

function printOptions(options: readonly TcpOption[] | 'any'): string {
  if (options === 'any') return '<...>'
  return options.length === 0 ? '' : `<${options.map(printOption).join(',')}>`
}

export function printOption(option: TcpOption): string {
  switch (option.kind) {
    case 'mss':
    case 'wscale':
      return `${option.kind} ${option.value}`
    case 'TS':
      return `TS val ${option.val} ecr ${option.ecr}`
    case 'sack':
      return `sack ${option.blocks.map(([left, right]) => `${left}:${right}`).join(' ')}`
    case 'FO':
      return option.cookie.length === 0 ? 'FO' : `FO ${hex(option.cookie)}`
    case 'unknown':
      return `option ${hex(option.octets)}`
    default:
      return option.kind
  }
}

function hex(octets: readonly number[]): string {
  return octets.map((octet) => octet.toString(16).padStart(2, '0')).join('')
}
