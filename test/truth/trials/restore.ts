/** A truth that is restored from a backup while a worker of before still lives: it settles nothing there, and nothing is signed twice. */
import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { registry } from '../../servers/endpoints.ts'
import { BIN, run } from '../../support/cli.ts'
import { imageTags, manyRuns } from '../../support/many-runs.ts'
import { startProxy } from '../../support/proxy.ts'
import { freshName, layersOf } from '../../support/registry.ts'
import { editRun } from '../../support/stage.ts'
import { type FreshTruth, postgresTruth, sqliteTruth } from '../../support/truth.ts'
import { type OwnPostgres, ownPostgres } from './own-postgres.ts'
import {
  exits,
  must,
  numberOf,
  OPEN,
  openScene,
  type Running,
  type Scene,
  scaled,
  secondSignatures,
  startWorker,
  type Trial,
  until,
} from './trial.ts'

const RUNS = 100
const LONG = { timeout: 600_000 }
const HELD = 'SELECT count(*) FROM delivery WHERE holder IS NOT NULL AND lease_until IS NOT NULL'

interface Restored {
  readonly truth: FreshTruth
  /** What a worker is told before `truth adopt`; 0: it would go on. */
  readonly refused: number
}

interface Backup {
  take(): Promise<void>
  restore(): Promise<Restored>
}

/** Where the truth was, under the same name. */
function inPlace(server: OwnPostgres, truth: FreshTruth & { readonly database: string }): Backup {
  let sql = ''
  const admin = async (text: string): Promise<void> => {
    const client = new pg.Client({ connectionString: server.url.replace('prov@', `prov:${server.password}@`) })
    await client.connect()
    await client.query(text)
    await client.end()
  }
  return {
    take: async () => {
      sql = await server.dump(truth.database)
    },
    restore: async () => {
      await admin(`DROP DATABASE ${truth.database} WITH (FORCE)`)
      await admin(`CREATE DATABASE ${truth.database}`)
      await server.load(truth.database, sql)
      return { truth, refused: 0 }
    },
  }
}

/** On another server, where nothing is done before it was adopted. */
function elsewhere(
  server: OwnPostgres,
  other: OwnPostgres,
  { database }: FreshTruth & { readonly database: string },
): Backup {
  let sql = ''
  return {
    take: async () => {
      sql = await server.dump(database)
    },
    restore: async () => {
      const truth = await postgresTruth(other)
      await other.load(truth.database, sql)
      return { truth, refused: 2 }
    },
  }
}

function sqliteBackup({ prov, folder }: Scene, { path }: { readonly path: string }): Backup {
  const copy = join(folder, 'backup.db')
  return {
    take: async () => exits(0, await prov(['truth', 'backup', copy]), 'truth backup'),
    restore: async () => {
      // The worker of before keeps what it has open, under no name.
      for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true })
      copyFileSync(copy, path)
      return { truth: sqliteTruth(path), refused: 0 }
    },
  }
}

type Kind = 'sqlite' | 'in-place' | 'elsewhere'

async function rigOf(kind: Kind, set: readonly string[], stack: AsyncDisposableStack) {
  if (kind === 'sqlite') {
    const truth = sqliteTruth()
    const scene = stack.use(await openScene('sqlite', { backends: 'oci,gcs', set, truth }))
    return { scene, backup: sqliteBackup(scene, truth) }
  }
  const server = stack.use(await ownPostgres())
  const truth = await postgresTruth(server)
  const scene = stack.use(await openScene('postgres', { backends: 'oci,gcs', set, truth }))
  if (kind === 'in-place') return { scene, backup: inPlace(server, truth) }
  return { scene, backup: elsewhere(server, stack.use(await ownPostgres()), truth) }
}

export const restored = (kind: Kind): Trial => ({
  name: `restored-${kind === 'sqlite' ? kind : `postgres-${kind}`}`,
  async run(scale) {
    await using stack = new AsyncDisposableStack()
    const endpoint = registry('distribution')
    const proxy = stack.use(await startProxy(endpoint))
    const name = freshName('restored')
    const { scene, backup } = await rigOf(kind, [`storage.oci.repository=${proxy.endpoint}/${name}`], stack)
    const count = scaled(RUNS, scale, 20)
    const [before, after] = [manyRuns(count), manyRuns(count / 2, { from: count })]
    exits(0, await scene.store(before), 'store')
    proxy.use(() => ({ delayMs: 100 }))
    const old = startWorker(scene, ['--lease', '20s', '--concurrency', '4'])
    await until('the old worker delivers', 60_000, () => old.lines().length > 5)
    await until('it holds some', 60_000, async () => (await numberOf(scene.truth, HELD)) > 0)
    await frozen(old, kind, scene.truth)
    const held = await numberOf(scene.truth, HELD)
    must(held > 0, 'the worker of before holds nothing')
    await backup.take()
    proxy.use(undefined)
    exits(0, await scene.store(after, ['--wait', '300s']), 'store after the backup')
    const { truth, refused } = await backup.restore()
    const scene2: Scene = {
      ...scene,
      truth,
      prov: (args) => run(process.execPath, [BIN, ...args, ...truth.flags], LONG),
    }
    const prov = scene2.prov
    const worker = ['worker', ...scene.storage, '--key', scene.key.public, '--once', '--json']
    if (refused > 0) exits(refused, await prov(worker), 'worker --once before truth adopt')
    exits(0, await prov(['truth', 'adopt']), 'truth adopt')
    const settled = await thawed(old, kind === 'in-place')
    exits(0, await prov(worker), 'worker --once')
    must((await numberOf(truth, OPEN)) === 0, 'something is still owed')
    for (const file of after) {
      editRun(file, ({ metadata: { labels } }) => Object.assign(labels, { 'example.com/seen': 'after the restore' }))
    }
    const again = ['store', ...scene.storage, '--key', scene.key.private, '--wait', '300s', '--json', ...after]
    const said = await prov(again)
    exits(0, said, 'store of what the backup does not know')
    const { items } = JSON.parse(said.stdout) as { readonly items: readonly { readonly source: string }[] }
    const signed = items.filter(({ source }) => source === 'signed').length
    must(signed === 0, `${signed} entries that the backup does not know were signed again`)
    must((await secondSignatures(truth)) === 0, 'an entry stands beside another')
    await agrees(scene2, [...before, ...after])
    for (const tag of [...before, ...after].flatMap((_, n) => imageTags(n))) {
      const layers = (await layersOf(endpoint, name, tag)).length
      must(layers === 1, `${layers} layers in ${tag}`)
    }
    const late = kind === 'in-place' ? `${settled} of its results refused` : 'its results went to the truth of before'
    return `${held} deliveries held by the worker of before at the backup, ${late}; ${items.length} entries of after the backup taken over from the backends, none signed again`
  },
})

/** Stops it where it does not keep a file of SQLite from everybody: who is stopped within a transaction holds the lock. */
async function frozen({ child }: Running, kind: Kind, truth: FreshTruth): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    child.kill('SIGSTOP')
    await sleep(100)
    if (kind !== 'sqlite') return
    const isFree = await truth.sql("UPDATE meta SET value = value WHERE key = 'id'").then(
      () => true,
      () => false,
    )
    if (isFree) return
    must(tries < 20, 'the worker is never stopped outside of a transaction')
    child.kill('SIGCONT')
    await sleep(100)
  }
}

/** Lets the old worker finish what it holds, and nothing else; gives how many of its results were refused. */
async function thawed(old: Running, mustBeStale: boolean): Promise<number> {
  const known = old.lines().length
  // It ends once it has finished: the signal is there before it wakes up.
  old.child.kill('SIGTERM')
  old.child.kill('SIGCONT')
  await Promise.race([old.ended, sleep(60_000).then(() => old.child.kill('SIGKILL'))])
  await old.ended
  const late = old.lines().slice(known)
  if (!mustBeStale) return late.filter(({ outcome }) => outcome === 'stale').length
  const done = late.filter(({ outcome }) => outcome === 'done').length
  must(done === 0, `the worker of before settled ${done} deliveries`)
  const stale = late.filter(({ outcome }) => outcome === 'stale').length
  must(stale > 0, `the worker of before said nothing of what it held: ${old.said().slice(-300)}`)
  return stale
}

async function agrees(scene: Scene, files: readonly string[]): Promise<void> {
  const args = ['verify', ...scene.storage, '--storage', 'truth,oci,gcs', '--key', scene.key.public, '--quiet']
  exits(0, await scene.prov([...args, ...files]), 'verify')
}
