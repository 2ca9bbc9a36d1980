#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { type ConnectOptions, connect } from './connect.ts'
import { type DemoOptions, demo } from './demo/demo.ts'
import { fail } from './errors.ts'
import {
  CONNECT_EXAMPLES,
  DEMO_EXAMPLES,
  EXAMPLES,
  PACKETDRILL_EXAMPLES,
  PING_EXAMPLES,
  SERVE_EXAMPLES,
} from './help.ts'
import {
  backlogOption,
  CONNECT_ADDRESSES,
  cidrOption,
  countOption,
  PING_ADDRESSES,
  portOption,
  reachable,
  retriesOption,
  SERVE_ADDRESSES,
  secondsOption,
  sizeOption,
  waitsOption,
} from './options.ts'
import { type PacketdrillOptions, packetdrill } from './packetdrill.ts'
import { type PingOptions, ping } from './ping.ts'
import { type ServeOptions, serve } from './serve.ts'

/** As Commander has them: the addresses may be missing. */
type Given<Options> = Omit<Options, 'address'> & { readonly address?: readonly string[] }

const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
const { version } = JSON.parse(manifest) as { version: string }

const program = new Command('estab')
  .description('TCP, established in user space: a TCP/IP stack in TypeScript.')
  .version(version, '--version')
  .showHelpAfterError('(--help tells more)')
  .addHelpText('after', EXAMPLES)

program
  .command('demo')
  .description('a short tour of the three-way handshake, with a real client of the kernel where that is possible')
  .addOption(
    new Option('--link <kind>', 'what joins server and client; by default tun where it can be had').choices([
      'tun',
      'embedded',
    ]),
  )
  .option('--stay', 'go on serving after the tour, until Ctrl-C')
  .option('--verbose', 'show every packet, but those of the floods')
  .addHelpText('after', DEMO_EXAMPLES)
  .action(run((options: DemoOptions) => demo(options, version)))

withTun(
  program
    .command('serve')
    .description("a server on estab's own TCP")
    .addOption(
      new Option('--link <kind>', 'a TUN device, or a wire inside this process')
        .choices(['tun', 'embedded'])
        .default('tun'),
    ),
  'estab0',
  SERVE_ADDRESSES,
)
  .option('--port <number>', 'port to listen on; 0 for a free one', portOption, 80)
  .option('--backlog <entries>', 'most half-open connections at once', backlogOption, 128)
  .option(
    '--accept-backlog <entries>',
    'most connections that wait to be accepted (default: the backlog)',
    backlogOption,
  )
  .addOption(
    new Option(
      '--accept-overflow <policy>',
      'the client whose ACK finds that many waiting: its entry waits, or is reset',
    )
      .choices(['wait', 'reset'])
      .default('wait'),
  )
  .addOption(
    new Option(
      '--cookies <when>',
      'SYN cookies for SYNs that find the backlog full; off: those are dropped; always: cookies of replicas count, too',
    )
      .choices(['on', 'off', 'always'])
      .default('on'),
  )
  .option('--fast-open <connections>', 'TCP Fast Open: most connections at once that wait for the ACK', backlogOption)
  .option('--synack-retries <times>', 'retransmissions of a SYN+ACK (default: 5)', retriesOption)
  .option(
    '--synack-waits <seconds>',
    'the wait after each SYN+ACK, as in 1,2,4; or linux, freebsd, rfc9293 (default: 1,2,4,8,16,32)',
    waitsOption,
  )
  .option('--http <dir>', 'serve the files of a directory (default: one page)')
  .option('--echo', 'send back whatever comes')
  .option('--discard', 'read and forget whatever comes')
  .option('--quiet', 'do not tell what happens')
  .option('--verbose', 'tell what the kernel does for the TUN device, or refuses to')
  .option('--json', 'tell it as one JSON object a line')
  .addHelpText('after', SERVE_EXAMPLES)
  .action(
    run((options: Given<ServeOptions>) =>
      serve({ ...options, address: options.address ?? reachable(SERVE_ADDRESSES) }),
    ),
  )

withTun(
  program
    .command('connect')
    .description('stdin and stdout over a TCP connection, as netcat does')
    .argument('<host>', 'address, or a name that this machine can resolve')
    .argument('<port>', 'port', portOption),
  'estab1',
  CONNECT_ADDRESSES,
)
  .addOption(
    new Option('--timeout <seconds>', 'how long to try to connect').argParser(secondsOption).default(10_000, '10'),
  )
  .addHelpText('after', CONNECT_EXAMPLES)
  .action((host: string, port: number, options: Given<ConnectOptions>) =>
    connect(host, port, { ...options, address: options.address ?? reachable(CONNECT_ADDRESSES) }).catch(fail),
  )

withTun(
  program
    .command('ping')
    .description('ICMP echoes from a stack of its own, and how long their answers take')
    .argument('<host>', 'address, or a name that this machine can resolve')
    .addOption(
      new Option('--link <kind>', 'a TUN device, or a wire inside this process with a second stack at its end')
        .choices(['tun', 'embedded'])
        .default('tun'),
    ),
  'estab2',
  PING_ADDRESSES,
)
  .option('--count <echoes>', 'how many to send', countOption, 4)
  .option('--size <octets>', 'data in each; what the link does not take leaves in fragments', sizeOption, 56)
  .addOption(new Option('--interval <seconds>', 'from one to the next').argParser(secondsOption).default(1000, '1'))
  .addOption(new Option('--timeout <seconds>', 'to wait for an answer').argParser(secondsOption).default(1000, '1'))
  .addHelpText('after', PING_EXAMPLES)
  .action((host: string, options: Given<PingOptions>) =>
    run((given: Given<PingOptions>) => ping(host, { ...given, address: given.address ?? reachable(PING_ADDRESSES) }))(
      options,
    ),
  )

program
  .command('packetdrill')
  .description("run packetdrill scripts against estab's TCP, in virtual time")
  .argument('<file...>', 'scripts, by custom named *.pkt')
  .option('--verbose', 'show every packet and every call, as they happen')
  .option('--strict', 'fail on packets that a script leaves over at its end')
  .option('--tap', 'report in the Test Anything Protocol')
  .addOption(
    new Option('--ip-version <version>', 'for scripts that do not say').choices(['ipv4', 'ipv6', 'ipv4-mapped-ipv6']),
  )
  .option('--tolerance-usecs <microseconds>', 'how far things may be from their times, for scripts that do not say')
  .addHelpText('after', PACKETDRILL_EXAMPLES)
  .action((files: string[], options: PacketdrillOptions) => run(() => packetdrill(files, options))(undefined))

/** The options of a command that has a TUN device of its own. */
function withTun(command: Command, name: string, addresses: readonly string[]): Command {
  return command
    .option('--tun <name>', 'name of the TUN device', name)
    .option('--address <cidr>', `the stack's own address, repeatable (default: ${addresses.join(' and ')})`, cidrOption)
    .option(
      '--host-address <cidr>',
      "the kernel's end of the TUN, repeatable (default: the first free one of each prefix)",
      cidrOption,
    )
}

function run<Options>(command: (options: Options) => Promise<void>): (options: Options) => Promise<void> {
  return (options) => {
    // `estab serve | head`: nobody reads any more, which is no error.
    process.stdout.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EPIPE' ? process.exit(0) : fail(error),
    )
    return command(options).catch(fail)
  }
}

await program.parseAsync()
