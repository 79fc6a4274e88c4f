/** Many entries at once: `prov migrate` beside a bare copy loop of the same drivers, `prov verify --all` beside the bare mathematics. */
import { createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { Binary, MongoClient } from 'mongodb'
import { server } from '../servers/endpoints.ts'
import { BIN, cleanEnv } from '../support/cli.ts'
import { fillSqlite } from '../support/many-entries.ts'
import { freshName } from '../support/registry.ts'
import { account, freshBucket } from '../support/s3.ts'
import { scratch } from '../support/scratch.ts'
import { newKey } from '../support/stage.ts'
import { type Figure, once, rounds } from './measure.ts'

/** As many at a time as `prov migrate` works on by default. */
const CONCURRENCY = 16

export type Print = (what: string, ours: number, peer: string, theirs: number, unit: string, target: string) => void

interface Row {
  readonly Name: string
  readonly Signed: Uint8Array
  readonly Signature: string
  readonly Cert: string
  readonly Chain: string
  readonly Object: string
}

const require = createRequire(import.meta.url)
const versionOf = (name: string): string =>
  (JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')) as { version: string }).version

/** Reads row after row, as many at a time as there are workers, and gives the time that it took. */
async function copied(file: string, work: (row: Row) => Promise<unknown>): Promise<Figure> {
  const began = performance.now()
  const db = new DatabaseSync(file, { readOnly: true })
  const rows = db.prepare('SELECT Name, Signed, Signature, Cert, Chain, Object FROM documents').iterate()
  const worker = async (): Promise<void> => {
    for (const row of rows) await work(row as unknown as Row)
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, worker))
  db.close()
  return { ms: performance.now() - began, mb: 0 }
}

const flags = (flag: string, values: readonly string[]): readonly string[] => values.flatMap((value) => [flag, value])

/** `count` entries in an SQLite file, and how they are migrated from there. */
async function sourceOf(count: number) {
  const key = newKey()
  const file = join(scratch(), 'source.db')
  await fillSqlite(file, key.private, count)
  const migrated = (to: string, set: readonly string[], env: Readonly<Record<string, string>>): Promise<Figure> => {
    const from = ['--from', 'docdb', '--from-set', `storage.docdb.url=sqlite:${file}`]
    const args = ['migrate', ...from, '--to', to, ...flags('--to-set', set), '--key', key.public, '--quiet']
    return once({ command: process.execPath, args: [BIN, ...args], env: cleanEnv(env) })
  }
  const rate = ({ ms }: Figure): number => count / (ms / 1000)
  const say = (print: Print, to: string, ours: Figure, bare: Figure, peer: string): void =>
    print(`prov migrate, ${count} entries to ${to}`, rate(ours), peer, rate(bare), 'entries/s', 'at least 0.8')
  return { file, migrated, say }
}

/** `count` entries from SQLite to MongoDB. */
export async function movesToMongo(count: number, turns: number, print: Print): Promise<void> {
  const { file, migrated, say } = await sourceOf(count)
  const url = (await server('mongo-java'))['MONGO_JAVA'] ?? ''
  const client = new MongoClient(url)
  const collection = () => freshName('bench').replaceAll('/', '-')
  const figures = await rounds(turns, {
    prov: () =>
      migrated('docdb', [`storage.docdb.url=mongo://prov_test/${collection()}?id_field=Name`], {
        MONGO_SERVER_URL: url,
      }),
    bare: () => {
      const target = client.db('prov_test').collection<{ _id: string }>(collection())
      return copied(file, ({ Name, Signed, Object: object, ...more }) =>
        target.insertOne({ _id: Name, Signed: new Binary(Signed), ...more, Object: JSON.parse(object), Name } as {
          _id: string
        }),
      )
    },
  })
  await client.close()
  say(print, 'docdb (mongo-java)', figures.prov, figures.bare, `insertOne, mongodb ${versionOf('mongodb')}`)
}

/** `count` entries from SQLite to S3. */
export async function movesToS3(count: number, turns: number, print: Print): Promise<void> {
  const { file, migrated, say } = await sourceOf(count)
  const s3 = await account('versitygw')
  const credentials = {
    accessKeyId: s3.env['AWS_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: s3.env['AWS_SECRET_ACCESS_KEY'] ?? '',
  }
  const sdk = new S3Client({ endpoint: s3.endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
  const copyObjects = async (readBack: boolean): Promise<Figure> => {
    const { name: Bucket } = await freshBucket(s3)
    return copied(file, async ({ Name, Signed, Signature, Cert, Chain }) => {
      const texts = { cert: Buffer.from(Cert), chain: Buffer.from(Chain) }
      const parts = { payload: Buffer.from(Signed), signature: Buffer.from(Signature, 'base64'), ...texts }
      const put = Object.entries(parts).map(([part, Body]) => ({ Bucket, Key: `run/${Name}.${part}`, Body }))
      for (const object of put) await sdk.send(new PutObjectCommand(object))
      if (!readBack) return
      for (const { Key, Body } of put) {
        const answer = await sdk.send(new GetObjectCommand({ Bucket, Key }))
        const bytes = await answer.Body?.transformToByteArray()
        if (bytes === undefined || Body.compare(bytes) !== 0) throw new Error(`${Key} is not as written`)
      }
    })
  }
  const objects = await rounds(turns, {
    prov: async () => {
      const bucket = `storage.s3.bucket=${(await freshBucket(s3)).name}`
      return migrated('s3', [bucket, `storage.s3.endpoint=${s3.endpoint}`, 'storage.s3.path-style=true'], s3.env)
    },
    bare: () => copyObjects(false),
    read: () => copyObjects(true),
  })
  sdk.destroy()
  const version = versionOf('@aws-sdk/client-s3')
  say(print, 's3 (versitygw)', objects.prov, objects.bare, `4 putObject each, SDK ${version}`)
  say(print, 's3, read back by both', objects.prov, objects.read, `4 putObject and 4 getObject each, SDK ${version}`)
}

/**
 * `count` copies in an SQLite file: every one verified and compared, beside the signatures alone, and beside `cosign`, which takes that
 * long for two checks of an image.
 */
export async function verifyAll(
  count: number,
  turns: number,
  cosign: { readonly figure: Figure; readonly peer: string },
  print: Print,
): Promise<void> {
  const key = newKey()
  const file = join(scratch(), 'copies.db')
  await fillSqlite(file, key.private, count)
  const args = ['verify', '--all', '--storage', 'docdb', '--set', `storage.docdb.url=sqlite:${file}`]
  const figures = await rounds(turns, {
    prov: () =>
      once({ command: process.execPath, args: [BIN, ...args, '--key', key.public, '--quiet'], env: cleanEnv() }),
    bare: async () => bare(file, key.public),
  })
  const rate = ({ ms }: Figure): number => count / (ms / 1000)
  const node = `crypto.verify, Node.js ${process.versions.node}`
  print(`prov verify --all, ${count} copies`, rate(figures.prov), node, rate(figures.bare), 'copies/s', 'at least 0.5')
  print('the same', rate(figures.prov), cosign.peer, 2 / (cosign.figure.ms / 1000), 'copies/s', 'at least 100')
  console.log(`${''.padEnd(52)}   (peak memory ${figures.prov.mb.toFixed(0)} MB)`)
}

/** Every signature over its bytes, one after the other, with the bytes at hand. */
function bare(file: string, publicKey: string): Figure {
  const key = createPublicKey(readFileSync(publicKey))
  const db = new DatabaseSync(file, { readOnly: true })
  const rows = db.prepare('SELECT Name, Signed, Signature FROM documents').all() as unknown as readonly Row[]
  db.close()
  const signed = rows.map(({ Name, Signed, Signature }) => {
    const raw = Buffer.from(Signature, 'base64')
    if (!/^(?:task|pipeline)run-/.test(Name)) return { bytes: Signed, sig: raw }
    const { payloadType, signatures } = JSON.parse(raw.toString()) as {
      payloadType: string
      signatures: readonly { sig: string }[]
    }
    const pae = Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${Signed.length} `)
    return { bytes: Buffer.concat([pae, Signed]), sig: Buffer.from(signatures[0]?.sig ?? '', 'base64') }
  })
  const began = performance.now()
  const bad = signed.filter(({ bytes, sig }) => !verify('sha256', bytes, key, sig)).length
  const ms = performance.now() - began
  if (bad > 0) throw new Error(`${bad} signatures do not verify`)
  return { ms, mb: 0 }
}
