import type { Connection } from '../tcp/connection.ts'
import { offeredMss, segmentSize } from '../tcp/options.ts'
import { seqDistance } from '../tcp/seq.ts'
import type { State } from '../tcp/state.ts'
import type { Operand } from './expression.ts'

/** The numbers that Linux has for the states (include/net/tcp_states.h). */
const STATE_NUMBERS: Record<State, number> = {
  ESTABLISHED: 1,
  'SYN-SENT': 2,
  'SYN-RECEIVED': 3,
  'FIN-WAIT-1': 4,
  'FIN-WAIT-2': 5,
  'TIME-WAIT': 6,
  CLOSED: 7,
  'CLOSE-WAIT': 8,
  'LAST-ACK': 9,
  LISTEN: 10,
  CLOSING: 11,
}

/** Linux's ssthresh before any loss. */
const INFINITE_SSTHRESH = 0x7fffffff
const US_PER_MS = 1000

/** Constants of linux/tcp.h that assertions use. */
const CONSTANTS: readonly (readonly [string, number])[] = [
  ['TCP_ESTABLISHED', 1],
  ['TCP_SYN_SENT', 2],
  ['TCP_SYN_RECV', 3],
  ['TCP_FIN_WAIT1', 4],
  ['TCP_FIN_WAIT2', 5],
  ['TCP_TIME_WAIT', 6],
  ['TCP_CLOSE', 7],
  ['TCP_CLOSE_WAIT', 8],
  ['TCP_LAST_ACK', 9],
  ['TCP_LISTEN', 10],
  ['TCP_CLOSING', 11],
  ['TCP_CA_Open', 0],
  ['TCP_CA_Disorder', 1],
  ['TCP_CA_CWR', 2],
  ['TCP_CA_Recovery', 3],
  ['TCP_CA_Loss', 4],
  ['TCPI_OPT_TIMESTAMPS', 1],
  ['TCPI_OPT_SACK', 2],
  ['TCPI_OPT_WSCALE', 4],
  ['TCPI_OPT_ECN', 8],
]

/**
 * What Linux's tcp_info says, as far as this stack knows it, with the units of Linux: packets for the windows,
 * microseconds for times.
 */
export function tcpInfo(connection: Connection): Map<string, Operand> {
  const { tcb, rto, recovery, congestion, host } = connection
  const { snd, rcv } = tcb
  const inPackets = (octets: number): number => Math.ceil(octets / size)
  const size = congestion === undefined ? 1 : segmentSize(connection)
  const flight = congestion === undefined ? 0 : seqDistance(snd.una, snd.nxt)
  const ssthresh = congestion?.ssthresh ?? Number.POSITIVE_INFINITY
  const { sack } = recovery
  const ecn = connection.ecn.answer === 0 ? 0 : 8
  const options = (tcb.timestamps ? 1 : 0) | (tcb.sack ? 2 : 0) | (tcb.windowScaling ? 4 : 0) | ecn
  return new Map<string, Operand>([
    ...CONSTANTS,
    ['tcpi_state', STATE_NUMBERS[connection.state]],
    ['tcpi_ca_state', lossState(connection, flight)],
    ['tcpi_retransmits', flight > 0 ? rto.backOffs : 0],
    ['tcpi_backoff', rto.backOffs],
    ['tcpi_probes', connection.probes],
    ['tcpi_options', options],
    ['tcpi_snd_wscale', snd.scale],
    ['tcpi_rcv_wscale', rcv.scale],
    ['tcpi_rto', Math.round(rto.value * US_PER_MS)],
    ['tcpi_rtt', Math.max(0, Math.round(rto.srtt * US_PER_MS))],
    ['tcpi_rttvar', Math.round(rto.rttvar * US_PER_MS)],
    ['tcpi_snd_mss', size],
    ['tcpi_rcv_mss', rcv.mss],
    ['tcpi_advmss', offeredMss(host.mtu, connection.remote) - (tcb.timestamps ? 12 : 0)],
    ['tcpi_unacked', inPackets(flight)],
    ['tcpi_snd_cwnd', congestion === undefined ? 0 : Math.floor(congestion.cwnd / size)],
    ['tcpi_snd_ssthresh', ssthresh === Number.POSITIVE_INFINITY ? INFINITE_SSTHRESH : Math.floor(ssthresh / size)],
    ['tcpi_sacked', sack?.sent.sackedSegments ?? 0],
    ['tcpi_lost', inPackets(sack?.sent.lost ?? 0)],
    ['tcpi_pmtu', connection.path.mtu],
    ['tcpi_rcv_rtt', Math.round((connection.receiveRateIfMade?.roundTrip ?? 0) * US_PER_MS)],
    ['tcpi_rcv_space', connection.receiveBuffer.limit],
    ['tcpi_snd_wnd', snd.wnd],
    ['tcpi_rcv_wnd', Math.max(0, seqDistance(rcv.nxt, rcv.edge))],
    ['tcpi_notsent_bytes', Math.max(0, connection.sendBuffer.length - flight)],
  ])
}

const CA_STATES = { open: 0, reduction: 2, recovery: 3, loss: 4 } as const

function lossState({ recovery, rto }: Connection, flight: number): number {
  const { sack } = recovery
  if (sack !== undefined) return sack.isOpen && sack.sent.sacked > 0 ? 1 : CA_STATES[sack.stage]
  if (recovery.inRecovery) return CA_STATES.recovery
  return rto.backOffs > 0 && flight > 0 ? CA_STATES.loss : CA_STATES.open
}
