import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { enterNamespace, isInsideNamespace } from '../../host/namespace.ts'
import { RealTime } from '../../host/real-time.ts'
import { openTun } from '../../host/tun.ts'
import { createWire } from '../../link/wire.ts'
import { createNet } from '../../net/net.ts'
import { stdoutColors as colors } from '../colors.ts'
import { UserError, WITHOUT_TUN } from '../errors.ts'
import { forwarderPort, openForwarder } from '../forwarder.ts'
import { LadderPrinter } from '../ladder-printer.ts'
import { Screen } from '../screen.ts'
import { onStopSignal } from '../signals.ts'
import { labelled } from '../text.ts'
import { builtInClient, type DemoClient, kernelClient } from './clients.ts'
import { BACKLOG, BOUNDS, PORT, SYN_ACK_WAITS, Testbed } from './testbed.ts'
import { tour } from './tour.ts'

export interface DemoOptions {
  readonly link?: 'tun' | 'embedded'
  readonly stay?: boolean
  readonly verbose?: boolean
}

/** Of the tour's own network, which is the same on every machine. */
const SERVER = '10.77.0.2/24'
const CLIENT = '10.77.0.1/24'
const UNUSED = ['10.77.0.101', '10.77.0.102', '10.77.0.103', '10.77.0.104']

const screen = new Screen(process.stdout)

/** The two hosts of the tour, and what joins them. */
interface TourNetwork {
  readonly testbed: Testbed
  readonly client: DemoClient
  /** What joins them, for the reader. */
  readonly link: string
  /** Opens a way in for others; tells how to use it. */
  stay(): Promise<string>
  close(): void
}

export async function demo(options: DemoOptions, version: string): Promise<void> {
  if (options.link === 'embedded') return runTour(embedded(options, 'asked for with --link embedded'), options, version)
  if (!isInsideNamespace()) {
    const entered = await enterNamespace()
    if (entered.ok) {
      process.exitCode = entered.exitCode
      return
    }
    return runTour(instead(options, entered.reason), options, version)
  }
  try {
    await runTour(await onTun(options), options, version)
  } catch (error) {
    if (!(error instanceof NoTun)) throw error
    await runTour(instead(options, error.message), options, version)
  }
}

class NoTun extends Error {}

/** The embedded wire, where the user did not insist on a TUN device. */
function instead(options: DemoOptions, reason: string): TourNetwork {
  if (options.link === 'tun') {
    throw new UserError(`no private network with a TUN device: ${reason}`, WITHOUT_TUN)
  }
  return embedded(options, `since there can be no private network with a TUN device: ${reason}`)
}

async function onTun(options: DemoOptions): Promise<TourNetwork> {
  const link = await openTun({ name: 'estab0', addresses: [CLIENT], offload: false }).catch((error: Error) => {
    throw new NoTun(error.message)
  })
  const testbed = new Testbed({ link, address: SERVER, packet: packetLine(options) })
  const isUser = !isRootOfParent()
  return {
    testbed,
    client: await kernelClient(),
    link: `TUN device ${link.name} in a network namespace of its own (unshare ${isUser ? '-Urn' : '-n'}): nothing else changes`,
    async stay() {
      const enter = isUser ? '-U -n --preserve-credentials' : '-n'
      return `nsenter -t ${process.pid} ${enter} curl http://${testbed.address}/`
    },
    close: () => testbed.close(),
  }
}

function embedded(options: DemoOptions, reason: string): TourNetwork {
  const [near, far] = createWire(new RealTime())
  const testbed = new Testbed({ link: near, address: SERVER, packet: packetLine(options) })
  const net = createNet({ link: far, address: CLIENT })
  return {
    testbed,
    client: builtInClient(net),
    link: `a wire inside this process, ${reason}`,
    async stay() {
      // Taken by another program: any other will do.
      const forwarder = await openForwarder(net, testbed.address, PORT, forwarderPort(PORT)).catch(() =>
        openForwarder(net, testbed.address, PORT, 0),
      )
      return `curl http://127.0.0.1:${(forwarder.address() as AddressInfo).port}/`
    },
    close() {
      testbed.close()
      net.close()
    },
  }
}

async function runTour(network: TourNetwork, options: DemoOptions, version: string): Promise<void> {
  const { testbed, client } = network
  const server = `${testbed.address} port ${PORT}: HTTP on estab's TCP; backlog ${BACKLOG}, SYN+ACK waits of ${SYN_ACK_WAITS.map(inSeconds).join(', ')} s`
  line(`${colors.bold(`estab ${version}`)}  TCP, established in user space: a tour of the three-way handshake`)
  line('')
  for (const [label, text] of [
    ['link', network.link],
    ['server', server],
    ['client', `${CLIENT.split('/')[0]}: ${client.name}`],
  ] as const) {
    for (const part of labelled(`  ${label}`, text, 10)) line(part)
  }
  try {
    await tour({ testbed, client, unused: UNUSED, colors, screen })
    if (options.stay) await stay(network)
    else for (const text of NEXT) line(text)
  } finally {
    network.close()
  }
}

const NEXT = [
  '',
  colors.dim('Next:  npm start -- --stay        keeps the server, for clients of your own'),
  colors.dim('       npm run estab -- --help    what else there is: serve, connect'),
]

/** Serves until a signal comes. */
async function stay(network: TourNetwork): Promise<never> {
  const ladder = new LadderPrinter(line, colors)
  await network.testbed.open(BOUNDS)
  line('')
  line('The server stays, until Ctrl-C. From another terminal:')
  line(`  ${colors.cyan(await network.stay())}`)
  line('')
  network.testbed.onStep = ({ kind, ends, age: at, load }) => ladder.rung(ends, { kind, at, load })
  onStopSignal(async () => network.close())
  return new Promise(() => {})
}

function packetLine({ verbose }: DemoOptions): ((text: string) => void) | undefined {
  return verbose ? (text) => line(colors.dim(`           ${text}`)) : undefined
}

function inSeconds(span: number): number {
  return span / 1000
}

/** Whether root made the namespace: a user's own has a map of one id. */
function isRootOfParent(): boolean {
  return readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/)[2] !== '1'
}

function line(text: string): void {
  screen.line(text)
}
