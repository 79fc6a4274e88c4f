/** What each backend costs a command at its start, and how fast many runs go into a registry and a database at once. */
import { join } from 'node:path'
import { registry, server } from '../servers/endpoints.ts'
import { BIN, cleanEnv } from '../support/cli.ts'
import { freshBucket as gcsBucket } from '../support/gcs.ts'
import { freshName } from '../support/registry.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { account, freshBucket as s3Bucket } from '../support/s3.ts'
import { scratch } from '../support/scratch.ts'
import { type Command, once, rounds } from './measure.ts'

export interface Store {
  readonly what: string
  readonly backend: string
  readonly set: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Every store that the servers of the tests make possible, each in a place of its own. */
export async function stores(): Promise<readonly Store[]> {
  const folder = scratch()
  const s3 = await account('versitygw')
  const bucket = await s3Bucket(s3)
  const gcs = await gcsBucket()
  const mongo = (await server('mongo-java'))['MONGO_JAVA'] ?? ''
  const firestore = { FIRESTORE_EMULATOR_HOST: (await server('firestore'))['FIRESTORE'] ?? '' }
  const moto = await account('moto')
  const firestoreUrl = 'firestore://projects/prov/databases/(default)/documents/bench?name_field=Name'
  return [
    { what: 'tekton (file)', backend: 'tekton', set: [] },
    { what: 'oci (layout directory)', backend: 'oci', set: [`storage.oci.layout=${join(folder, 'layout')}`] },
    { what: 'oci (distribution)', backend: 'oci', set: [`storage.oci.repository=${registry('distribution')}/bench`] },
    { what: 'docdb (SQLite)', backend: 'docdb', set: [`storage.docdb.url=sqlite:${join(folder, 'prov.db')}`] },
    {
      what: 'docdb (mongo-java-server)',
      backend: 'docdb',
      set: ['storage.docdb.url=mongo://prov/bench?id_field=Name'],
      env: { MONGO_SERVER_URL: mongo },
    },
    {
      what: 'docdb (Firestore emulator)',
      backend: 'docdb',
      set: [`storage.docdb.url=${firestoreUrl}`],
      env: firestore,
    },
    { what: 'gcs (directory)', backend: 'gcs', set: [`storage.gcs.directory=${join(folder, 'gcs')}`] },
    {
      what: 'gcs (fake-gcs-server)',
      backend: 'gcs',
      set: [`storage.gcs.bucket=${gcs.name}`, `storage.gcs.endpoint=${gcs.endpoint}`],
    },
    {
      what: 's3 (versitygw)',
      backend: 's3',
      set: [`storage.s3.bucket=${bucket.name}`, `storage.s3.endpoint=${s3.endpoint}`, 'storage.s3.path-style=true'],
      env: s3.env,
    },
    {
      what: 's3 (moto)',
      backend: 's3',
      set: [
        `storage.s3.bucket=${(await s3Bucket(moto)).name}`,
        `storage.s3.endpoint=${moto.endpoint}`,
        'storage.s3.path-style=true',
      ],
      env: moto.env,
    },
  ]
}

function command(verb: 'store' | 'verify', { backend, set, env = {} }: Store, file: string): Command {
  const key = verb === 'store' ? PRIVATE_KEY : PUBLIC_KEY
  const settings = set.flatMap((one) => ['--set', one])
  const args = [BIN, verb, '--storage', backend, '--key', key, '--quiet', ...settings, file]
  return { command: process.execPath, args, env: cleanEnv({ COSIGN_PASSWORD: PASSWORD, ...env }) }
}

/** `prov verify` of one run from each backend in turn: the whole process, SDK and connection included. */
export async function coldStarts(count: number): Promise<void> {
  const empty: Command = { command: process.execPath, args: ['-e', '0'], env: cleanEnv() }
  for (const store of await stores()) {
    const file = runFixture('kaniko-taskrun.json')
    await once(command('store', store, file))
    const { cold, node } = await rounds(count, {
      cold: () => once(command('verify', store, file)),
      node: () => once(empty),
    })
    const ratio = (cold.ms / node.ms).toFixed(2).padStart(7)
    console.log(
      `${`prov verify from ${store.what}`.padEnd(44)} ${ratio}   (${cold.ms.toFixed(0)} ms, ${cold.mb.toFixed(0)} MB; node -e 0 ${node.ms.toFixed(0)} ms)`,
    )
  }
}

/** `count` runs with an image each into a registry and MongoDB in one call: attestation and image signature in both. */
export async function bulk(count: number, files: readonly string[]): Promise<void> {
  const mongo = (await server('mongo-java'))['MONGO_JAVA'] ?? ''
  // Places that nobody has written to: what an earlier bench left there would be found, and not stored.
  const name = freshName('bulk')
  const store: Store = {
    what: 'oci,docdb',
    backend: 'oci,docdb',
    set: [
      `storage.oci.repository=${registry('distribution')}/${name}`,
      `storage.docdb.url=mongo://prov/${name.replaceAll(/[^a-z0-9]/g, '')}?id_field=Name`,
    ],
    env: { MONGO_SERVER_URL: mongo },
  }
  const [first = ''] = files
  const call = await once(command('store', store, join(first, '..')))
  const rate = (count / (call.ms / 1000)).toFixed(0)
  console.log(
    `${`prov store, ${count} runs to oci,docdb`.padEnd(44)} ${rate.padStart(7)}   runs/s (${call.mb.toFixed(0)} MB; target at least 66)`,
  )
}
