/**
 * A migration too long for CI: killed again and again while it writes, its target gone for a minute, completed by the same command, and
 * compared with an undisturbed one. Needs test/servers/install.sh and `npm run build`; takes half an hour.
 *   node test/migrate/endure.ts --to s3 --entries 20000 --kills 10 --outage 60
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { MongoClient } from 'mongodb'
import { registry, server } from '../servers/endpoints.ts'
import { BIN, cleanEnv } from '../support/cli.ts'
import { fillSqlite } from '../support/many-entries.ts'
import { freshName } from '../support/registry.ts'
import { account, freshBucket } from '../support/s3.ts'
import { scratch } from '../support/scratch.ts'
import { newKey } from '../support/stage.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

const { values } = parseArgs({
  options: {
    to: { type: 'string', default: 's3' },
    entries: { type: 'string', default: '20000' },
    kills: { type: 'string', default: '10' },
    outage: { type: 'string', default: '60' },
  },
})
const ENTRIES = Number(values.entries)
const KILLS = Number(values.kills)
const OUTAGE_MS = 1000 * Number(values.outage)
const key = newKey()

interface Side {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

interface Target extends Side {
  /** What stands there, by name, in a form that is the same for the same bytes. */
  all(): Promise<ReadonlyMap<string, string>>
}

interface Ended {
  readonly code: number | null
  readonly seconds: number
  /** Lines of the kind `moved` and `unchanged` that it said. */
  readonly moved: number
  readonly unchanged: number
}

/** Runs a migration, and tells each entry that it moves. */
async function migration(from: Side, to: Side, onMoved: (moved: number, child: ChildProcess) => void): Promise<Ended> {
  const began = performance.now()
  const args = [BIN, 'migrate', ...from.args, ...to.args, '--key', key.public, '--json']
  const env = cleanEnv({ ...from.env, ...to.env })
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] })
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve))
  const counts = { moved: 0, unchanged: 0 }
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('"outcome":"moved"')) onMoved(++counts.moved, child)
    else if (!line.includes('"command":') && line.includes('"outcome":"unchanged"')) counts.unchanged++
  }
  return { code: await closed, seconds: (performance.now() - began) / 1000, ...counts }
}

function say(what: string, { code, seconds, moved, unchanged }: Ended): void {
  const rate = ((moved + unchanged) / seconds).toFixed(0)
  console.log(`${what}: exit ${code}, ${moved} moved, ${unchanged} unchanged, ${seconds.toFixed(0)} s, ${rate}/s`)
}

async function source(): Promise<Side> {
  const file = join(scratch(), 'source.db')
  await fillSqlite(file, key.private, ENTRIES)
  const sqlite = { args: ['--from', 'docdb', '--from-set', `storage.docdb.url=sqlite:${file}`], env: {} }
  if (values.to === 'mongo') return sqlite
  const repository = `storage.oci.repository=${registry('distribution')}/${freshName('endure')}`
  const filled = await migration(sqlite, { args: ['--to', 'oci', '--to-set', repository], env: {} }, () => {})
  say('sqlite to the registry that is the source', filled)
  return { args: ['--from', 'oci', '--from-set', repository], env: {} }
}

async function mongo() {
  const url = (await server('mongo-java'))['MONGO_JAVA'] ?? ''
  const proxy = await startTcpProxy(new URL(url).host)
  const client = new MongoClient(url)
  const target = async (proxied: boolean): Promise<Target> => {
    const name = freshName('endure').replaceAll('/', '-')
    const where = proxied ? `mongodb://${proxy.endpoint}/?directConnection=true` : url
    return {
      args: ['--to', 'docdb', '--to-set', `storage.docdb.url=mongo://prov_test/${name}?id_field=Name`],
      env: { MONGO_SERVER_URL: where },
      all: async () => {
        const documents = await client.db('prov_test').collection<{ _id: string }>(name).find().toArray()
        return new Map(documents.map(({ _id, ...fields }) => [_id, JSON.stringify(fields)]))
      },
    }
  }
  return { proxy, target, close: () => client.close() }
}

async function s3() {
  const { endpoint, env } = await account('versitygw')
  const proxy = await startTcpProxy(new URL(endpoint).host)
  const credentials = {
    accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '',
  }
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
  const target = async (proxied: boolean): Promise<Target> => {
    const { name: Bucket } = await freshBucket({ endpoint, env })
    const where = proxied ? `http://${proxy.endpoint}` : endpoint
    const set = [`storage.s3.bucket=${Bucket}`, `storage.s3.endpoint=${where}`, 'storage.s3.path-style=true']
    return {
      args: ['--to', 's3', ...set.flatMap((one) => ['--to-set', one])],
      env,
      all: async () => {
        const objects = new Map<string, string>()
        for (let token: string | undefined, more = true; more; more = token !== undefined) {
          const page = await client.send(new ListObjectsV2Command({ Bucket, ContinuationToken: token }))
          for (const { Key = '', ETag = '', Size } of page.Contents ?? []) objects.set(Key, `${ETag} ${Size}`)
          token = page.NextContinuationToken
        }
        return objects
      },
    }
  }
  return { proxy, target, close: async () => client.destroy() }
}

const from = await source()
const { proxy, target, close } = await (values.to === 'mongo' ? mongo() : s3())
const quiet = await target(false)
say('undisturbed', await migration(from, quiet, () => {}))
const undisturbed = await quiet.all()

const disturbed = await target(true)
const share = Math.floor(ENTRIES / (KILLS + 2))
for (let kill = 0; kill < KILLS; kill++) {
  const after = Math.ceil(share * (0.5 + Math.random()))
  const ended = await migration(from, disturbed, (moved, child) => {
    if (moved === after) child.kill('SIGKILL')
  })
  say(`killed after ${after} written`, ended)
}
const cut = await migration(from, disturbed, (moved) => {
  if (moved !== Math.ceil(share / 4)) return
  proxy.use('cut')
  void sleep(OUTAGE_MS).then(() => proxy.use('pass'))
})
say(`target gone for ${values.outage} s`, cut)
say('once more', await migration(from, disturbed, () => {}))
say('and again', await migration(from, disturbed, () => {}))

const made = await disturbed.all()
const unlike = [...undisturbed].filter(([name, value]) => made.get(name) !== value)
const more = [...made.keys()].filter((name) => !undisturbed.has(name))
console.log(
  `${undisturbed.size} stand there undisturbed, ${made.size} disturbed: ${unlike.length} unlike, ${more.length} too many`,
)

const shared = await target(false)
const shards = ['0/2', '1/2'].map((shard) =>
  migration({ ...from, args: [...from.args, '--shard', shard] }, shared, () => {}),
)
for (const [i, ended] of (await Promise.all(shards)).entries()) say(`shard ${i} of 2`, ended)
const both = await shared.all()
const odd = [...undisturbed].filter(([name, value]) => both.get(name) !== value)
console.log(`two shards at once: ${both.size} stand there, ${odd.length} unlike`)

await close()
await proxy.close()
if (unlike.length + more.length + odd.length > 0 || both.size !== undisturbed.size) process.exitCode = 1
