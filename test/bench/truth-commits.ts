/** What a commit to a truth costs beside one bare INSERT of the same bytes over the same connections. */
import { randomUUID } from 'node:crypto'
import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { RunArtifact } from '../../src/model/artifact.ts'
import { termsOf } from '../../src/provenance/terms.ts'
import { runOf } from '../../src/store/seal.ts'
import { commit } from '../../src/truth/commit.ts'
import { bytesOfEntry, keptAbout } from '../../src/truth/kept.ts'
import { migratePostgres, openPostgres } from '../../src/truth/postgres.ts'
import type { Database } from '../../src/truth/sql.ts'
import { openSqlite } from '../../src/truth/sqlite.ts'
import type { NewItem } from '../../src/truth/truth.ts'
import { FIXTURES } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { postgresTruth } from '../support/truth.ts'
import { owed, runItem, testKey } from '../truth/made.ts'
import type { Print } from './moves.ts'

const BACKENDS = ['oci', 'gcs', 'docdb']
/** Beside the search terms: a run, its entry and item, and a copy for each backend. */
const ROWS = 3 + BACKENDS.length

const object = parse(readFileSync(join(FIXTURES, 'runs/buildpacks-taskrun.yaml'), 'utf8')) as RunArtifact['object']

/** The attestation of one run, for three backends. */
export async function oneCommit(): Promise<readonly NewItem[]> {
  const uid = randomUUID()
  const run: RunArtifact = { type: 'run', kind: 'TaskRun', namespace: 'ci', name: uid, uid, object, children: [] }
  const { keyid } = await testKey()
  const rows = BACKENDS.map((target) => owed(target))
  return [await runItem(run, rows, { keyids: [keyid, 'ab'.repeat(32)] })]
}

function termsIn(items: readonly NewItem[]): readonly string[] {
  return items.flatMap(({ entry, keyids, about }) => {
    const run = runOf(about.artifact)
    return termsOf(entry, { keyids, runs: run === undefined ? [] : [run] })
  })
}

/** All bytes that the rows hold, as one value. */
function bytesOf(items: readonly NewItem[]): Uint8Array {
  const parts = items.flatMap((item) => {
    const { about, run } = keptAbout(item.about)
    const slots = item.deliveries.map(({ slot }) => Buffer.from(JSON.stringify(slot)))
    return [
      bytesOfEntry(item.entry),
      Buffer.from(about),
      ...(run === undefined || item !== items[0] ? [] : [run]),
      ...slots,
    ]
  })
  return Buffer.concat([...parts, ...termsIn(items).map((term) => Buffer.from(term))])
}

async function perSecond(count: number, atOnce: number, work: () => Promise<unknown>): Promise<number> {
  let left = count
  const began = performance.now()
  const loop = async (): Promise<void> => {
    while (left-- > 0) await work()
  }
  await Promise.all(Array.from({ length: atOnce }, loop))
  return count / ((performance.now() - began) / 1000)
}

const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

/** Rounds that take both in turn, each of so many commits; the first only warms up. */
async function besideBare(
  db: Database,
  { rounds, count, atOnce }: { readonly rounds: number; readonly count: number; readonly atOnce: number },
): Promise<{ readonly commits: number; readonly inserts: number }> {
  const [commits, inserts]: [number[], number[]] = [[], []]
  for (let round = 0; round <= rounds; round += 1) {
    const made: (readonly NewItem[])[] = []
    for (let n = 0; n < count; n += 1) made.push(await oneCommit())
    const same = [...made]
    const bare = await perSecond(count, atOnce, () =>
      db.query('INSERT INTO bare(bytes) VALUES ($1)', [bytesOf(same.pop() ?? [])]),
    )
    const whole = await perSecond(count, atOnce, async () => {
      const { items } = await commit(db, made.pop() ?? [])
      if (items === undefined) throw new Error('another entry stands')
    })
    if (round === 0) continue
    inserts.push(bare)
    commits.push(whole)
  }
  return { commits: middle(commits), inserts: middle(inserts) }
}

/** Appends of 8 KB that are on the disk before the next one. */
function syncRate(): number {
  const file = openSync(join(scratch(), 'sync'), 'w')
  const block = Buffer.alloc(8192)
  const began = performance.now()
  for (let n = 0; n < 300; n += 1) {
    writeSync(file, block)
    fdatasyncSync(file)
  }
  closeSync(file)
  return 300 / ((performance.now() - began) / 1000)
}

const BARE_SQLITE = 'CREATE TABLE bare(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT'
const BARE_POSTGRES = 'CREATE TABLE bare(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bytes bytea NOT NULL)'

export async function commits(rounds: number, count: number, print: Print): Promise<void> {
  const peer = 'one bare INSERT of the same bytes'
  const rows = ROWS + termsIn(await oneCommit()).length
  const say = (what: string, { commits: ours, inserts }: { commits: number; inserts: number }, target: string): void =>
    print(`commit of ${rows} rows, ${what}`, ours, peer, inserts, 'a second', `at least ${target}`)
  const sqlite = await openSqlite(join(scratch(), 'truth.db'), { make: true, newId: randomUUID() })
  await sqlite.query(BARE_SQLITE)
  const one = await besideBare(sqlite, { rounds, count, atOnce: 1 })
  await sqlite.close()
  say('SQLite', one, '0.55')

  const fresh = await postgresTruth()
  const options = { location: 'bench', newId: randomUUID(), url: fresh.url, password: fresh.password }
  await migratePostgres({ ...options, connections: 1 })
  await fresh.sql(BARE_POSTGRES)
  let many = 0
  for (const [connections, target] of [
    [1, '0.6'],
    [16, '0.33'],
  ] as const) {
    const db = await openPostgres({ ...options, connections })
    const found = await besideBare(db, { rounds, count: count * (connections > 1 ? 2 : 1), atOnce: connections })
    await db.close()
    say(`PostgreSQL, ${connections} ${connections === 1 ? 'connection' : 'connections'}`, found, target)
    many = found.commits
  }
  await fresh.close()
  const entries = `SQLite ${one.commits.toFixed(0)}, PostgreSQL with 16 connections ${many.toFixed(0)}`
  console.log(
    `entries accepted a second: ${entries}; the disk takes ${syncRate().toFixed(0)} synced appends of 8 KB a second`,
  )
}
