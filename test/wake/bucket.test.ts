/** What Chains writes into a bucket is announced by Pub/Sub, and a worker makes it searchable: with real servers, kills and forgeries. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { describeWith } from '../servers/endpoints.ts'
import { BIN, cleanEnv } from '../support/cli.ts'
import { provHere } from '../support/in-process.ts'
import { startProxy } from '../support/proxy.ts'
import { type OwnRedis, ownRedis } from '../support/redis.ts'
import { FIXTURES, PUBLIC_KEY } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { sqliteTruth } from '../support/truth.ts'
import { type Announcing, announcingBucket } from './servers.ts'

const STORED = join(FIXTURES, 'stored/gcs')
const BUILDER = ['--builder', 'https://tekton.dev/chains/v2']
/** What Chains left of a run, in the order in which it writes: each signature after its payload. */
const objectsOf = (run: string): readonly (readonly [string, Buffer])[] =>
  readdirSync(join(STORED, run)).flatMap((folder) =>
    readdirSync(join(STORED, run, folder))
      .toSorted((a, b) => Number(a.endsWith('.signature')) - Number(b.endsWith('.signature')))
      .map((file) => [`${folder}/${file}`, readFileSync(join(STORED, run, folder, file))] as const),
  )

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

interface Pipeline {
  readonly at: Announcing
  readonly redis: OwnRedis
  /** Settings of gcs behind a proxy that sees each request, and of the truth. */
  readonly flags: readonly string[]
  readonly requests: readonly { readonly method: string; readonly path: string }[]
  worker(...more: string[]): ChildProcess & { metric(name: string): Promise<number> }
  search(...more: string[]): Promise<{ readonly code: number; readonly lines: readonly Record<string, unknown>[] }>
}

async function pipeline(): Promise<Pipeline> {
  const at = await announcingBucket()
  const redis = await ownRedis()
  const proxy = await startProxy(new URL(at.endpoint).host)
  ends.push(at.close, redis.close, () => proxy.close())
  const truth = sqliteTruth()
  expect((await provHere(['truth', 'init', ...truth.flags], {})).code).toBe(0)
  const gcs = ['--set', `storage.gcs.endpoint=http://${proxy.endpoint}`]
  return {
    at,
    redis,
    flags: [...truth.flags, ...gcs],
    requests: proxy.seen,
    worker: (...more) => {
      const flags = ['--key', PUBLIC_KEY, '--listen', '127.0.0.1:0', '--wake', at.subscription, ...redis.flags]
      const child = spawn(process.execPath, [BIN, 'worker', ...truth.flags, ...gcs, ...flags, ...more], {
        env: cleanEnv(at.env),
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      let said = ''
      child.stderr.on('data', (part: Buffer) => {
        said += part.toString()
      })
      ends.push(() => child.kill('SIGKILL'))
      const metric = async (name: string): Promise<number> => {
        await until(() => /listening at \S+\n/.test(said))
        const text = await (await fetch(`${/listening at (\S+)/.exec(said)?.[1]}/metrics`)).text()
        return Number(
          text
            .split('\n')
            .find((line) => line.startsWith(`${name} `))
            ?.split(' ')[1] ?? 0,
        )
      }
      return Object.assign(child, { metric })
    },
    search: async (...more) => {
      const { code, stdout } = await provHere(['search', ...more, '--json'], {})
      return {
        code,
        lines: stdout
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
      }
    },
  }
}

async function until(isSo: () => boolean | Promise<boolean>, ms = 40_000): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(50)) if (await isSo()) return
  throw new Error(`it did not come to pass in ${ms} ms`)
}

const bucketFlags = ({ at }: Pipeline): readonly string[] => [
  '--storage',
  'gcs',
  '--set',
  `storage.gcs.bucket=${at.bucket}`,
]

describeWith(['fake-gcs', 'pubsub', 'redis-server'], 'a bucket that Chains writes to', () => {
  it('is searchable: acknowledged when it is in the index, a forgery refused, and not one DELETE sent', {
    timeout: 120_000,
  }, async () => {
    const pipe = await pipeline()
    const { at, redis } = pipe
    const worker = pipe.worker(...bucketFlags(pipe))
    await worker.metric('prov_wakeups_total')
    for (const run of readdirSync(STORED)) for (const [name, bytes] of objectsOf(run)) await at.put(name, bytes)
    const [forged] = objectsOf('buildpacks-taskrun').filter(([name]) => /taskrun-[^/]*\.signature$/.test(name))
    if (forged === undefined) throw new Error('no provenance')
    const envelope = JSON.parse(forged[1].toString())
    envelope.signatures[0].sig = Buffer.alloc(71, 7).toString('base64')
    await at.put(forged[0].replace(/[0-9a-f]{4}\.signature$/, '0000.signature'), Buffer.from(JSON.stringify(envelope)))
    await at.put(forged[0].replace(/[0-9a-f]{4}\.signature$/, '0000.payload'), Buffer.from(envelope.payload, 'base64'))
    // Three times, of another bucket, of no object, and ten megabytes of nothing.
    const about = { bucketId: at.bucket, objectId: forged[0], eventType: 'OBJECT_FINALIZE' }
    for (let times = 0; times < 3; times++) await at.publish(about)
    await at.publish({ ...about, objectId: '../../../etc/passwd.signature' })
    await at.publish({ ...about, eventType: 'OBJECT_DELETE' })
    await at.publish({}, Buffer.alloc(6_000_000, '{'))
    const found = () => pipe.search(...BUILDER, ...redis.flags)
    await until(async () => (await found()).lines.length >= 4)
    const { lines } = await found()
    expect(lines.slice(0, -1).map(({ source }) => source)).toEqual(['imported', 'imported', 'imported'])
    await until(async () => (await worker.metric('prov_refused_total{source="bucket"}')) > 0)
    const images = await pipe.search('--type', 'https://cosign.sigstore.dev/sign', ...redis.flags)
    expect(images.code).toBe(5)
    const impact = await provHere(['search', ...BUILDER, '--impact', '--json', ...pipe.flags], {})
    expect(JSON.parse(impact.stdout).impact.unknown.refused).toBe(1)
    await until(async () => (await at.waiting()) === 0)
    worker.kill('SIGTERM')
    expect((await once(worker, 'exit'))[0]).toBe(0)
    expect(pipe.requests.filter(({ method }) => !['GET', 'HEAD'].includes(method))).toEqual([])
  })

  it('is acknowledged by the second worker when the first is killed before the index had it', {
    timeout: 120_000,
  }, async () => {
    const pipe = await pipeline()
    const { at, redis } = pipe
    const first = pipe.worker(...bucketFlags(pipe))
    await first.metric('prov_wakeups_total')
    await redis.kill()
    for (const [name, bytes] of objectsOf('storefront-pipelinerun')) await at.put(name, bytes)
    await until(async () => (await pipe.search(...BUILDER, '--source', 'truth', ...pipe.flags)).code === 0)
    first.kill('SIGKILL')
    await once(first, 'exit')
    await redis.start()
    await until(async () => (await at.waiting()) > 0, 60_000)
    pipe.worker(...bucketFlags(pipe))
    await until(async () => (await pipe.search(...BUILDER, ...redis.flags)).code === 0, 60_000)
    await until(async () => (await at.waiting()) === 0, 60_000)
  })

  it('loses nothing when the subscription is gone for a week: reconcile brings it', { timeout: 120_000 }, async () => {
    const pipe = await pipeline()
    const { at, redis } = pipe
    await at.expire()
    for (const [name, bytes] of objectsOf('storefront-pipelinerun')) await at.put(name, bytes)
    await at.renew()
    const flags = ['--from', 'gcs', '--key', PUBLIC_KEY, '--set', `storage.gcs.bucket=${at.bucket}`, '--repair']
    const [, url = ''] = redis.flags
    const index = ['--set', `index.url=${url}`, ...redis.flags.slice(2)]
    expect((await provHere(['reconcile', ...flags, ...index, ...pipe.flags], {})).code).toBe(0)
    const worker = pipe.worker(...bucketFlags(pipe))
    await until(async () => (await pipe.search(...BUILDER, ...redis.flags)).code === 0)
    worker.kill('SIGTERM')
    await once(worker, 'exit')
    // The same terms that a reconcile makes of the truth.
    expect(await provHere(['reconcile', ...redis.flags, ...pipe.flags], {})).toMatchObject({ code: 0 })
  })

  it('as an inbox is emptied of what is in the index; what is refused stays; --once does it too', {
    timeout: 120_000,
  }, async () => {
    const pipe = await pipeline()
    const { at, redis } = pipe
    const inbox = [
      '--storage',
      'docdb',
      '--set',
      `storage.docdb.url=sqlite:${join(scratch(), 'prov.db')}`,
      '--set',
      `wake.inbox-bucket=${at.bucket}`,
    ]
    for (const [name, bytes] of objectsOf('storefront-pipelinerun')) await at.put(name, bytes)
    const [[stranger] = ['']] = objectsOf('buildpacks-taskrun').filter(([name]) => name.endsWith('.signature'))
    await at.put(stranger, Buffer.from('forged'))
    await at.put(stranger.replace(/signature$/, 'payload'), Buffer.from('forged'))
    const once = ['worker', '--once', '--key', PUBLIC_KEY, ...inbox, ...redis.flags, ...pipe.flags]
    const ended = await provHere(once, { env: at.env })
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('imported') })
    expect((await at.names()).toSorted()).toEqual([stranger, stranger.replace(/signature$/, 'payload')].toSorted())
    expect((await pipe.search(...BUILDER, ...redis.flags)).code).toBe(0)
    const same = await provHere([...once, '--set', `storage.s3.bucket=${at.bucket}`], { env: at.env })
    expect(same).toMatchObject({ code: 2, stderr: expect.stringContaining('wake.inbox-bucket and storage.s3.bucket') })
  })
})
