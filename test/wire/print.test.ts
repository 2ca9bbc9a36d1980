import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IpAddress } from '../../src/wire/address.ts'
import { endpointText, flagsText, printFrame, printPacket, printSegment } from '../../src/wire/print.ts'
import { ACK, AE, CWR, ECE, FIN, PSH, RST, Segment, SYN, URG } from '../../src/wire/segment.ts'
import * as golden from './golden.ts'

test('flags in the letters of tcpdump', () => {
  assert.equal(flagsText(SYN), 'S')
  assert.equal(flagsText(SYN | ACK), 'S.')
  assert.equal(flagsText(FIN | ACK), 'F.')
  assert.equal(flagsText(PSH | ACK), 'P.')
  assert.equal(flagsText(FIN | PSH | ACK), 'FP.')
  assert.equal(flagsText(RST), 'R')
  assert.equal(flagsText(ACK), '.')
  assert.equal(flagsText(0), '-')
  assert.equal(flagsText(URG | ECE | CWR | AE), 'UEWe')
})

const LINES: readonly (readonly [packet: Uint8Array, line: string])[] = [
  [
    golden.SYN_V4,
    '10.77.0.1:52636 > 10.77.0.2:80 S 3057865162:3057865162(0) win 64240' +
      ' <mss 1460,sackOK,TS val 3494127923 ecr 0,wscale 10>',
  ],
  [
    golden.SYN_ACK_V6,
    '[fd77::1]:7 > [fd77::2]:40000 S. 1531918130:1531918130(0) ack 1001 win 64260' +
      ' <mss 1440,sackOK,TS val 564986996 ecr 16909060,wscale 10>',
  ],
  [
    golden.DATA_V4,
    '10.77.0.1:7 > 10.77.0.2:40001 P. 3215492155:3215492166(11) ack 4294967281 win 64' +
      ' <TS val 3826818663 ecr 16909061,sack 300:360 100:150>',
  ],
  [
    golden.FAST_OPEN_REQUEST_V4,
    '10.77.0.1:34802 > 10.77.0.2:80 S 3590001643:3590001643(0) win 64240' +
      ' <mss 1460,sackOK,TS val 3994916727 ecr 0,wscale 10,FO>',
  ],
  [
    golden.FAST_OPEN_SYN_V4,
    '10.77.0.1:34818 > 10.77.0.2:80 S 15312449:15312454(5) win 64240' +
      ' <mss 1460,sackOK,TS val 429226813 ecr 0,wscale 10,FO f749a338293ce691>',
  ],
  [golden.RST_V4, '10.77.0.1:9 > 10.77.0.2:40009 R. 0:0(0) ack 78 win 0'],
  [golden.UDP_V4, '10.77.0.1:6000 > 10.77.0.2:53 udp length 4'],
  [golden.UDP_V6, '[fd77::1]:6000 > [fd77::2]:53 udp length 4'],
  [golden.FRAGMENT_V4, '10.77.0.1 > 10.77.0.2 protocol 17 fragment 1480:1608 of packet 8257'],
  [golden.FRAGMENT_V6, 'fd77::1 > fd77::2 protocol 17 fragment 1448:1608 of packet 3281035499'],
  [golden.ECHO_REPLY_V4, '10.77.0.1 > 10.77.0.2 icmp echo reply id 4660 seq 1 length 16'],
  [golden.ECHO_REPLY_V6, 'fd77::1 > fd77::2 icmp6 echo reply id 4660 seq 1 length 16'],
  [golden.PORT_UNREACHABLE_V4, '10.77.0.1 > 10.77.0.2 icmp port unreachable'],
  [golden.PORT_UNREACHABLE_V6, 'fd77::1 > fd77::2 icmp6 port unreachable'],
  [
    golden.TIME_EXCEEDED_V4,
    '10.77.0.1 > 10.77.0.2 icmp time exceeded, quoting 10.77.0.2:40010 > 10.78.0.2:80 seq 287454020',
  ],
  [
    golden.TOO_BIG_V4,
    '10.77.0.1 > 10.77.0.2 icmp fragmentation needed, mtu 1280,' +
      ' quoting 10.77.0.2:40010 > 10.78.0.2:80 seq 287454020',
  ],
  [
    golden.TOO_BIG_V6,
    'fd77::1 > fd77::2 icmp6 packet too big, mtu 1280, quoting [fd77::2]:40010 > [fd78::2]:80 seq 287454020',
  ],
  [golden.SYN_V4.subarray(0, 30), 'malformed packet of 30 octets: ipv4-length'],
]

test('packets of Linux, a line each', () => {
  for (const [packet, line] of LINES) assert.equal(printPacket(packet, 0, packet.length), line)
})

test('frames of Linux, a line each', () => {
  const [kernel, peer] = ['02:00:00:00:00:01', '02:00:00:00:00:02']
  for (const [frame, line] of [
    [golden.ARP_REQUEST, `${kernel} > ff:ff:ff:ff:ff:ff arp who-has 10.79.0.2 tell 10.79.0.1`],
    [golden.ARP_REPLY, `${kernel} > ${peer} arp 10.79.0.1 is-at ${kernel}`],
    [
      golden.NEIGHBOUR_SOLICITATION,
      `${kernel} > 33:33:ff:00:00:02 fd79::1 > ff02::1:ff00:2 icmp6 neighbour solicitation of fd79::2 at ${kernel}`,
    ],
    [golden.NEIGHBOUR_ADVERTISEMENT, `${kernel} > ${peer} fd79::1 > fd79::2 icmp6 neighbour advertisement of fd79::1`],
    [
      golden.ROUTER_SOLICITATION,
      `${kernel} > 33:33:00:00:00:02 fe80::ff:fe00:1 > ff02::2 icmp6 router solicitation at ${kernel}`,
    ],
    [golden.ARP_REQUEST.subarray(0, 9), 'malformed frame of 9 octets: ethernet-truncated'],
    [golden.ARP_REQUEST.subarray(0, 30), `${kernel} > ff:ff:ff:ff:ff:ff malformed arp: arp-truncated`],
  ] as const) {
    assert.equal(printFrame(frame, 0, frame.length), line)
  }
})

test('without addresses and with relative numbers, a segment prints as in a trace', () => {
  const segment = new Segment()
  Object.assign(segment, { seq: 3, ack: 0xffff_fff0, flags: ACK | PSH | URG, wnd: 257, urg: 5, length: 10 })
  Object.assign(segment, { sackBlocks: 1, sackEdges: Uint32Array.from([4, 0x14]) })
  const line = printSegment(segment, { addresses: false, seqBase: 0xffff_fff3, ackBase: 0xffff_ffe0 })
  assert.equal(line, 'P.U 16:26(10) ack 16 win 257 urg 5 <sack 36:52>')
})

test('a Fast Open cookie prints as in packetdrill', () => {
  const segment = Object.assign(new Segment(), { flags: SYN, mss: 1460, cookieLength: 0 })
  assert.equal(printSegment(segment, { addresses: false }), 'S 0:0(0) win 0 <mss 1460,FO>')
  Object.assign(segment, { cookieLength: 4, cookie: Uint8Array.from([0, 1, 0xab, 0xff]) })
  assert.equal(printSegment(segment, { addresses: false }), 'S 0:0(0) win 0 <mss 1460,FO 0001abff>')
})

test('an address and its port', () => {
  assert.equal(endpointText(IpAddress.parse('10.0.0.1')!, 80), '10.0.0.1:80')
  assert.equal(endpointText(IpAddress.parse('fd77::1')!, 80), '[fd77::1]:80')
})
