/** Clients of databases, brokers and shells, unchanged, over estab on a TUN device: the real servers are on the kernel's side. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { Redis, type RedisOptions } from 'ioredis'
import { MqttClient } from 'mqtt'
import pg from 'pg'
import { Client as SshClient } from 'ssh2'
import type { Net } from '../../src/net/net.ts'
import { kernelTest } from '../support/namespace.ts'
import { programs, startDaemon, temporaryFolder } from './daemon.ts'
import { KERNEL, openEstab } from './ground.ts'

const LIMIT = 60_000

/** The number of a user of this machine. */
function uidOf(name: string): number | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`))
  return line === undefined ? undefined : Number(line.split(':')[2])
}

async function startPostgres(t: TestContext): Promise<boolean> {
  const found = programs(t, 'initdb', 'postgres')
  if (found === undefined) return false
  const uid = uidOf('postgres')
  if (uid === undefined || process.getuid!() !== 0) {
    t.skip('PostgreSQL does not run as root, and there is no user postgres to run it as')
    return false
  }
  const [initdb, postgres] = found
  const folder = temporaryFolder(t, uid)
  const data = join(folder, 'data')
  execFileSync(initdb, ['-D', data, '-A', 'trust', '-N', '-E', 'UTF8', '--locale=C'], {
    uid,
    gid: uid,
    cwd: folder,
    stdio: 'pipe',
  })
  writeFileSync(join(data, 'pg_hba.conf'), 'host all all 10.77.0.0/24 trust\n')
  const settings = [
    `listen_addresses=${KERNEL}`,
    `unix_socket_directories=${folder}`,
    'fsync=off',
    'shared_buffers=16MB',
  ]
  await startDaemon(t, postgres, ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], {
    ready: /ready to accept connections/,
    uid,
    signal: 'SIGINT',
  })
  return true
}

kernelTest(
  import.meta.url,
  'pg against PostgreSQL: queries, a large result, a transaction, notifications, a pool',
  async (t) => {
    const net = await openEstab(t)
    if (!(await startPostgres(t))) return
    const options = { host: KERNEL, user: 'postgres', database: 'postgres', stream: () => new net.Socket() }
    const client = new pg.Client(options)
    await client.connect()
    assert.deepEqual((await client.query('select $1::int + 1 as sum', [41])).rows, [{ sum: 42 }])
    const { rows } = await client.query('select i, repeat(md5(i::text), 10) as text from generate_series(1, 20000) i')
    assert.deepEqual([rows.length, rows[19_999].text.length], [20_000, 320])
    await client.query('begin; create table t (n int); insert into t values (1), (2); commit')
    await assert.rejects(client.query('select * from nowhere'), { code: '42P01' })
    await client.query('listen news')
    const notified = once(client, 'notification')
    const pool = new pg.Pool({ ...options, max: 5 })
    const counts = await Promise.all(Array.from({ length: 20 }, () => pool.query('select count(*)::int as n from t')))
    assert.ok(counts.every(({ rows: [row] }) => row.n === 2))
    await pool.query("notify news, 'hear'")
    assert.equal((await notified)[0].payload, 'hear')
    await pool.end()
    await client.end()
    await net.drained()
  },
  LIMIT,
)

kernelTest(
  import.meta.url,
  'ioredis against Redis: commands, a pipeline, a large value, publish and subscribe',
  async (t) => {
    const net = await openEstab(t)
    const found = programs(t, 'redis-server')
    if (found === undefined) return
    const folder = temporaryFolder(t)
    const settings = { port: 6379, bind: KERNEL, 'protected-mode': 'no', save: '', appendonly: 'no', dir: folder }
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
    await startDaemon(t, found[0], args, { ready: /Ready to accept connections/ })
    const open = (): Redis => new Redis({ Connector: connectorOf(net, 6379), lazyConnect: true })
    const redis = open()
    await redis.connect()
    assert.equal(await redis.set('key', 'value'), 'OK')
    assert.equal(await redis.get('key'), 'value')
    const large = randomBytes(8_000_000)
    await redis.set('large', large)
    assert.ok(large.equals((await redis.getBuffer('large'))!))
    const pipeline = redis.pipeline()
    for (let i = 0; i < 1000; i++) pipeline.incr('count')
    const results = await pipeline.exec()
    assert.equal(results?.at(-1)?.[1], 1000)
    const listener = open()
    await listener.subscribe('channel')
    const heard = once(listener, 'message')
    await redis.publish('channel', 'news')
    assert.deepEqual(await heard, ['channel', 'news'])
    await Promise.all([redis.quit(), listener.quit()])
    await net.drained()
  },
)

function connected(client: MqttClient): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once('connect', () => resolve())
    client.once('error', reject)
  })
}

/** How ioredis is told where its connections come from. */
function connectorOf(net: Net, port: number): NonNullable<RedisOptions['Connector']> {
  return class {
    readonly disconnectTimeout = 1000
    #socket: Socket | undefined

    check(): boolean {
      return true
    }

    disconnect(): void {
      this.#socket?.end()
    }

    async connect(): Promise<Socket> {
      this.#socket = net.connect(port, KERNEL)
      return this.#socket
    }
  } as unknown as NonNullable<RedisOptions['Connector']>
}

kernelTest(
  import.meta.url,
  'mqtt against Mosquitto: publish and subscribe in all three qualities of service',
  async (t) => {
    const net = await openEstab(t)
    const found = programs(t, 'mosquitto')
    if (found === undefined) return
    const config = join(temporaryFolder(t), 'mosquitto.conf')
    const user = process.getuid!() === 0 ? 'user root\n' : ''
    writeFileSync(config, `${user}listener 1883 ${KERNEL}\nallow_anonymous true\npersistence false\n`)
    await startDaemon(t, found[0], ['-c', config], { ready: /mosquitto version \S+ running/ })
    const open = (clientId: string): MqttClient =>
      new MqttClient(() => net.connect(1883, KERNEL), {
        clientId,
        protocolVersion: 5,
        reconnectPeriod: 0,
        keepalive: 60,
      })
    const [speaker, hearer] = [open('speaker'), open('hearer')]
    await Promise.all([connected(speaker), connected(hearer)])
    await hearer.subscribeAsync('news/#', { qos: 2 })
    const heard: [string, number][] = []
    const all = new Promise<void>((resolve) => {
      hearer.on('message', (topic, payload) => {
        heard.push([topic, payload.length])
        if (heard.length === 4) resolve()
      })
    })
    for (const qos of [0, 1, 2] as const) await speaker.publishAsync(`news/${qos}`, 'short', { qos })
    await speaker.publishAsync('news/long', randomBytes(1_000_000), { qos: 1 })
    await all
    // The qualities take different ways: only within one the order is kept.
    assert.deepEqual(heard.sort(), [
      ['news/0', 5],
      ['news/1', 5],
      ['news/2', 5],
      ['news/long', 1_000_000],
    ])
    await Promise.all([speaker.endAsync(), hearer.endAsync()])
    await net.drained()
  },
)

kernelTest(
  import.meta.url,
  'ssh2 against sshd: a command, a shell pipe of 3 MB, port forwarding',
  async (t) => {
    const net = await openEstab(t)
    const found = programs(t, 'sshd', 'ssh-keygen', 'unshare', 'mount')
    if (found === undefined) return
    if (process.getuid!() !== 0) {
      t.skip('sshd lets nobody in but as root')
      return
    }
    const [sshd, keygen, unshare] = found
    const folder = temporaryFolder(t)
    for (const name of ['host', 'user'])
      execFileSync(keygen, ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)])
    const config = join(folder, 'sshd_config')
    writeFileSync(
      config,
      [
        `ListenAddress ${KERNEL}:2222`,
        `HostKey ${join(folder, 'host')}`,
        `AuthorizedKeysFile ${join(folder, 'user.pub')}`,
        `PidFile none`,
        'PermitRootLogin prohibit-password',
        'StrictModes no',
        'UsePAM no',
      ].join('\n'),
    )
    // A folder of root's that it insists on, in a mount namespace of its own.
    const script = 'mount -t tmpfs none /run && mkdir /run/sshd && exec "$0" -D -e -f "$1"'
    await startDaemon(t, unshare, ['-m', 'sh', '-c', script, sshd, config], { ready: /Server listening on/ })
    const client = new SshClient()
    client.connect({
      sock: net.connect(2222, KERNEL),
      username: 'root',
      privateKey: readFileSync(join(folder, 'user')),
    })
    await once(client, 'ready')
    const run = (command: string): Promise<import('ssh2').ClientChannel> =>
      new Promise((resolve, reject) =>
        client.exec(command, (error, channel) => (error ? reject(error) : resolve(channel))),
      )
    assert.equal(await text(await run('echo over estab')), 'over estab\n')
    const pipe = await run('cat')
    const octets = randomBytes(3_000_000).toString('base64')
    pipe.end(octets)
    assert.equal(await text(pipe), octets)
    const forwarded = await new Promise<import('ssh2').ClientChannel>((resolve, reject) => {
      client.forwardOut('127.0.0.1', 1, KERNEL, 2222, (error, channel) => (error ? reject(error) : resolve(channel)))
    })
    const [banner] = await once(forwarded, 'data')
    assert.match(String(banner), /^SSH-2\.0-OpenSSH/)
    client.end()
    await once(client, 'close')
    await net.drained()
  },
  LIMIT,
)
