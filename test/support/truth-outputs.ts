/** Real outputs of the commands that work on a source of truth, good and bad. */
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { SchemaName } from '../../src/report/schemas/index.ts'
import { provHere } from './in-process.ts'
import type { Output } from './outputs.ts'
import { FIXTURES, PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from './runs.ts'
import { scratch } from './scratch.ts'

const env = { COSIGN_PASSWORD: PASSWORD }

export interface TruthPlace {
  readonly file: string
  readonly folder: string
  /** Path of the truth's SQLite file. */
  readonly path: string
  readonly truth: readonly string[]
  readonly storage: readonly string[]
}

/** A run with an SQLite file and a directory beside it, and a truth. */
export function truthPlace(name = 'buildpacks-taskrun.yaml'): TruthPlace {
  const file = runFixture(name)
  const folder = dirname(file)
  const set = ['--set', `storage.docdb.url=sqlite:${folder}/prov.db`, '--set', `storage.gcs.directory=${folder}/gcs`]
  const path = join(folder, 'truth.db')
  return {
    file,
    folder,
    path,
    truth: ['--truth', `sqlite:${path}`],
    storage: ['--storage', 'tekton,docdb,gcs', ...set],
  }
}

/** Runs a command with --json. */
export async function ask(...args: readonly string[]): Promise<Output> {
  return { args, ...(await provHere([...args, '--json'], { env })) }
}

export const commit = (at: TruthPlace, ...more: string[]): Promise<Output> =>
  ask('store', ...at.storage, ...at.truth, '--key', PRIVATE_KEY, ...more, at.file)
export const drain = (at: TruthPlace, ...more: string[]): Promise<Output> =>
  ask('worker', ...at.storage, ...at.truth, '--key', PUBLIC_KEY, '--once', ...more)

/** Changes rows behind prov's back, as somebody with an SQL shell would. */
export function sql(at: TruthPlace, text: string): void {
  const db = new DatabaseSync(at.path)
  db.exec(text)
  db.close()
}

/** One byte of the payload of every entry of a run becomes another. */
export const SPOIL = `UPDATE entry SET bytes = CAST(replace(CAST(bytes AS TEXT), '"payload":"e', '"payload":"f') AS BLOB) WHERE format LIKE 'slsa%'`

const NOWHERE = ['--truth', `sqlite:${join(scratch(), 'none', 'truth.db')}`]
const outbox = (at: TruthPlace, ...args: readonly string[]): Promise<Output> => ask('outbox', ...args, ...at.truth)

type TruthSchema = Extract<SchemaName, 'worker' | 'search' | 'reconcile' | `outbox-${string}` | `truth-${string}`>

/** By schema: everything that its command printed. */
export const TRUTH_OUTPUTS: Readonly<Record<TruthSchema, () => Promise<readonly Output[]>>> = {
  async worker() {
    const [at, other] = [truthPlace(), truthPlace()]
    await commit(at)
    await commit(other)
    sql(other, SPOIL)
    return [
      await drain(at),
      await drain(at),
      await drain(other),
      await ask('worker', ...at.storage, '--key', PUBLIC_KEY),
    ]
  },
  async search() {
    const at = truthPlace()
    await commit(at)
    await drain(at, '--storage', 'docdb')
    const search = (...args: readonly string[]): Promise<Output> => ask('search', ...args, ...at.truth)
    const builder = ['--builder', 'https://tekton.dev/chains/v2']
    sql(at, "UPDATE entry SET state = 'quarantined' WHERE seq = 1")
    return [
      await search(...builder),
      await search(...builder, '--limit', '1'),
      await search(...builder, '--impact'),
      await search('--run', 'another'),
      await search('--run', 'another', '--impact'),
      await search(),
      await ask('search', ...builder, ...NOWHERE),
    ]
  },
  async reconcile() {
    const [at, other] = [truthPlace(), truthPlace()]
    await ask('store', ...at.storage, '--key', PRIVATE_KEY, at.file)
    const from = (...more: readonly string[]): Promise<Output> =>
      ask('reconcile', '--from', 'docdb', ...at.storage.slice(2), ...other.truth, ...more)
    await ask('truth', 'init', ...other.truth)
    return [
      await from('--key', PUBLIC_KEY),
      await from('--key', PUBLIC_KEY, '--repair'),
      await from('--key', PUBLIC_KEY),
      await from('--key', join(FIXTURES, 'bundles/cosign.pub'), '--from', 'gcs', '--repair'),
      await from('--key', join(FIXTURES, 'bundles/cosign.pub'), ...truthPlace().truth, '--repair'),
      await from(),
      await ask('reconcile', ...at.truth),
    ]
  },
  async 'outbox-ls'() {
    const at = truthPlace()
    await commit(at)
    sql(at, SPOIL)
    await drain(at)
    return [
      await outbox(at, 'ls'),
      await outbox(at, 'ls', '--state', 'quarantined'),
      await outbox(at, 'ls', '--count'),
      await outbox(at, 'ls', '--state', 'odd'),
    ]
  },
  async 'outbox-retry'() {
    const at = truthPlace()
    await commit(at)
    await drain(at)
    sql(at, SPOIL)
    sql(at, "UPDATE entry SET state = 'quarantined'")
    const retried = await outbox(at, 'retry', '--quarantined', '--key', PUBLIC_KEY)
    return [await outbox(at, 'retry', '1'), retried, await outbox(at, 'retry', '999')]
  },
  async 'outbox-drop'() {
    const at = truthPlace()
    await commit(at)
    const ids = JSON.parse(`[${(await outbox(at, 'ls', '--state', 'pending')).stdout.trim().replaceAll('\n', ',')}]`)
    const [{ id }] = ids as readonly [{ readonly id: number }]
    return [
      await outbox(at, 'drop', String(id), '--reason', 'a test'),
      await outbox(at, 'drop', '999', '--reason', 'a test'),
    ]
  },
  async 'outbox-prune'() {
    const at = truthPlace()
    await commit(at, '--wait', '60s')
    const prune = (...more: string[]): Promise<Output> =>
      outbox(at, 'prune', ...at.storage, '--tekton-file', at.file, '--key', PUBLIC_KEY, ...more)
    const few = await prune('--older-than', '0d', '--storage', 'docdb')
    return [
      few,
      await prune('--older-than', '0d', '--dry-run'),
      await prune('--older-than', '0d'),
      await prune('--older-than', 'odd'),
    ]
  },
  async 'outbox-forget'() {
    const at = truthPlace()
    await commit(at)
    const uid = 'b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9'
    const early = await outbox(at, 'forget', '--run', uid)
    await drain(at)
    return [early, await outbox(at, 'forget', '--run', uid), await outbox(at, 'forget', '--run', 'odd')]
  },
  async 'truth-init'() {
    const at = truthPlace()
    return [
      await ask('truth', 'init', ...at.truth),
      await ask('truth', 'init', ...at.truth),
      await ask('truth', 'init', ...NOWHERE),
    ]
  },
  async 'truth-migrate'() {
    const at = truthPlace()
    await commit(at)
    return [await ask('truth', 'migrate', ...at.truth), await ask('truth', 'migrate', ...NOWHERE)]
  },
  async 'truth-check'() {
    const at = truthPlace()
    await commit(at)
    return [await ask('truth', 'check', ...at.truth), await ask('truth', 'check', ...NOWHERE)]
  },
  async 'truth-adopt'() {
    const at = truthPlace()
    await commit(at)
    return [await ask('truth', 'adopt', ...at.truth), await ask('truth', 'adopt', ...NOWHERE)]
  },
  async 'truth-backup'() {
    const at = truthPlace()
    await commit(at)
    const copy = join(at.folder, 'copy.db')
    return [await ask('truth', 'backup', copy, ...at.truth), await ask('truth', 'backup', copy, ...at.truth)]
  },
  async 'truth-grants'() {
    return [await ask('truth', 'grants'), await ask('truth', 'grants', ...NOWHERE)]
  },
}
