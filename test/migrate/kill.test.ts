/** A migration that is killed, cut off and interrupted, again and again: one more run of the same command completes it. */
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith, server } from '../servers/endpoints.ts'
import { type Outcome, prov } from '../support/cli.ts'
import { fillSqlite } from '../support/many-entries.ts'
import { freshName } from '../support/registry.ts'
import { account, freshBucket } from '../support/s3.ts'
import { scratch } from '../support/scratch.ts'
import { type KeyFiles, newKey } from '../support/stage.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

const KILLS = 10
const OUTAGE_MS = 2000

/** A target that nobody has written to yet. */
interface Target {
  readonly set: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** How much stands there: a little that is asked often. */
  count(): Promise<number>
  /** Everything that stands there, by its name. */
  all(): Promise<ReadonlyMap<string, string>>
}

interface Pair {
  readonly source: readonly string[]
  readonly to: string
  readonly entries: number
  /** Units of {@link Target.count} for one entry. */
  readonly each: number
  readonly proxy: TcpProxy
  /** `proxied`: reached through the proxy. */
  target(proxied: boolean): Promise<Target>
  close(): Promise<void>
}

let key: KeyFiles
beforeAll(() => {
  key = newKey()
})

const flags = (flag: string, values: readonly string[]): readonly string[] => values.flatMap((value) => [flag, value])

/** Starts the migration; what it said is to be had once it has ended. */
function start({ source, to }: Pair, { set, env }: Target, more: readonly string[] = []) {
  let child: ChildProcess | undefined
  const from = source[0]?.startsWith('storage.oci') === true ? 'oci' : 'docdb'
  const ends = ['--from', from, ...flags('--from-set', source), '--to', to, ...flags('--to-set', set)]
  const outcome = prov(['migrate', ...ends, '--key', key.public, '--json', '--concurrency', '8', ...more], {
    env,
    timeout: 120_000,
    started: (process) => {
      child = process
    },
  })
  return { outcome, kill: (signal: NodeJS.Signals) => child?.kill(signal) }
}

interface Summary {
  readonly complete: boolean
  readonly counts: {
    readonly moved: number
    readonly unchanged: number
    readonly failed: number
    readonly left: number
  }
}

const summaryOf = ({ stdout }: Outcome): Summary => JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Summary

async function completed(pair: Pair, target: Target, more: readonly string[] = []): Promise<Summary> {
  const outcome = await start(pair, target, more).outcome
  expect(outcome.code, outcome.stderr + outcome.stdout.slice(-2000)).toBe(0)
  return summaryOf(outcome)
}

/** Waits until so much stands there, or the migration has ended. */
async function until(amount: number, target: Target, outcome: Promise<Outcome>): Promise<void> {
  let ended = false
  void outcome.then(() => {
    ended = true
  })
  while (!ended && (await target.count()) < amount) await sleep(10)
}

function judged(name: string, pairOf: () => Promise<Pair>): void {
  let pair: Pair
  let undisturbed: ReadonlyMap<string, string>

  beforeAll(async () => {
    pair = await pairOf()
    const target = await pair.target(false)
    const { counts } = await completed(pair, target)
    expect(counts).toMatchObject({ moved: pair.entries, unchanged: 0, failed: 0, left: 0 })
    undisturbed = await target.all()
    expect(undisturbed.size).toBe(pair.entries * pair.each)
  })
  afterAll(() => pair?.close())

  it(`${name}: killed ${KILLS} times and cut off for a while, equals an undisturbed one`, async () => {
    const target = await pair.target(true)
    const share = (pair.entries * pair.each) / (KILLS + 2)
    let kills = 0
    for (let i = 0; i < KILLS; i++) {
      const { outcome, kill } = start(pair, target)
      await until(share * (i + Math.random()), target, outcome)
      if (i === KILLS / 2) {
        pair.proxy.use('cut')
        await sleep(OUTAGE_MS)
        pair.proxy.use('pass')
      }
      await sleep(Math.random() * 20)
      kill('SIGKILL')
      if ((await outcome).code === null) kills++
    }
    expect(kills).toBeGreaterThanOrEqual(KILLS - 1) // the one that was cut off may have ended by itself
    const last = start(pair, target)
    await until(share * KILLS, target, last.outcome)
    pair.proxy.use('cut')
    await sleep(OUTAGE_MS)
    pair.proxy.use('pass')
    const { code } = await last.outcome
    expect([0, 7]).toContain(code)
    const { counts } = await completed(pair, target)
    expect(counts).toMatchObject({ failed: 0, left: 0 })
    expect(counts.moved + counts.unchanged).toBe(pair.entries)
    expect(await target.all()).toEqual(undisturbed)
  })

  it(`${name}: two shards at once give the same`, async () => {
    const target = await pair.target(false)
    const shards = ['0/2', '1/2'].map((shard) => completed(pair, target, ['--shard', shard]))
    const counts = (await Promise.all(shards)).map((summary) => summary.counts.moved)
    expect(counts[0]).toBeGreaterThan(pair.entries / 3)
    expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBe(pair.entries)
    expect(await target.all()).toEqual(undisturbed)
  })

  it(`${name}: Ctrl-C stops it with a summary, and the same command goes on`, async () => {
    const target = await pair.target(false)
    const { outcome, kill } = start(pair, target)
    await until((pair.entries * pair.each) / 5, target, outcome)
    kill('SIGINT')
    const stopped = await outcome
    expect(stopped.code, stopped.stderr).toBe(130)
    const before = summaryOf(stopped)
    expect(before.complete).toBe(false)
    expect(before.counts.moved).toBeGreaterThan(0)
    const { counts } = await completed(pair, target)
    expect(counts.unchanged).toBeGreaterThanOrEqual(before.counts.moved)
    expect(counts.moved).toBeGreaterThan(0)
    expect(await target.all()).toEqual(undisturbed)
  })
}

async function source(entries: number): Promise<string> {
  const file = join(scratch(), 'source.db')
  await fillSqlite(file, key.private, entries)
  return `storage.docdb.url=sqlite:${file}`
}

describeWith(['mongo-java'], 'a migration from SQLite to MongoDB', () => {
  judged('sqlite to mongo', async () => {
    const url = (await server('mongo-java'))['MONGO_JAVA'] ?? ''
    const proxy = await startTcpProxy(new URL(url).host)
    const client = new MongoClient(url)
    return {
      source: [await source(400)],
      to: 'docdb',
      entries: 400,
      each: 1,
      proxy,
      close: async () => {
        await proxy.close()
        await client.close()
      },
      target: async (proxied) => {
        const name = freshName('kill').replaceAll('/', '-')
        const collection = client.db('prov_test').collection<{ _id: string }>(name)
        const where = proxied ? `mongodb://${proxy.endpoint}/?directConnection=true` : url
        return {
          set: [`storage.docdb.url=mongo://prov_test/${name}?id_field=Name`],
          env: { MONGO_SERVER_URL: where },
          count: () => collection.estimatedDocumentCount(),
          all: async () => {
            const documents = await collection.find().toArray()
            return new Map(documents.map(({ _id, ...fields }) => [_id, JSON.stringify(fields)]))
          },
        }
      },
    }
  })
})

describeWith(['versitygw'], 'a migration from an OCI image layout to S3', () => {
  judged('oci layout to s3', async () => {
    const s3 = await account('versitygw')
    const proxy = await startTcpProxy(new URL(s3.endpoint).host)
    const client = new S3Client({
      endpoint: s3.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: {
        accessKeyId: s3.env['AWS_ACCESS_KEY_ID'] ?? '',
        secretAccessKey: s3.env['AWS_SECRET_ACCESS_KEY'] ?? '',
      },
    })
    const layout = `storage.oci.layout=${join(scratch(), 'layout')}`
    const entries = 80
    const filled = await prov([
      ...['migrate', '--from', 'docdb', '--from-set', await source(entries), '--to', 'oci', '--to-set', layout],
      ...['--key', key.public, '--quiet'],
    ])
    expect(filled.code, filled.stderr).toBe(0)
    return {
      source: [layout],
      to: 's3',
      entries,
      each: 4,
      proxy,
      close: proxy.close,
      target: async (proxied) => {
        const { name } = await freshBucket(s3)
        const endpoint = proxied ? `http://${proxy.endpoint}` : s3.endpoint
        const names = async (): Promise<readonly string[]> => {
          const all: string[] = []
          for (let token: string | undefined, more = true; more; more = token !== undefined) {
            const page = await client.send(new ListObjectsV2Command({ Bucket: name, ContinuationToken: token }))
            all.push(...(page.Contents ?? []).map(({ Key = '' }) => Key))
            token = page.NextContinuationToken
          }
          return all
        }
        return {
          set: [`storage.s3.bucket=${name}`, `storage.s3.endpoint=${endpoint}`, 'storage.s3.path-style=true'],
          env: s3.env,
          count: async () => (await names()).length,
          all: async () => {
            const objects = new Map<string, string>()
            for (const Key of await names()) {
              const { Body } = await client.send(new GetObjectCommand({ Bucket: name, Key }))
              objects.set(Key, (await Body?.transformToString('base64')) ?? '')
            }
            return objects
          },
        }
      },
    }
  })
})
