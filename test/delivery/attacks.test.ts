/** Somebody without a key writes to the database of a truth. Nothing false is delivered, no mark comes early, and the worker ends. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import { provHere, type Said } from '../support/in-process.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const env = { COSIGN_PASSWORD: PASSWORD }

type Json = Record<string, unknown>

let folder: string
let run: string
let path: string
let set: readonly string[]

beforeEach(async () => {
  folder = scratch()
  run = runFixture('buildpacks-taskrun.yaml')
  path = join(folder, 'truth.db')
  set = [
    ...['--set', `storage.docdb.url=sqlite:${folder}/prov.db`, '--set', `storage.oci.layout=${folder}/layout`],
    ...['--set', `storage.gcs.directory=${folder}/gcs`, '--truth', `sqlite:${path}`],
  ]
})

const store = (storage: string, ...more: readonly string[]): Promise<Said> =>
  provHere(['store', '--storage', storage, ...set, '--key', PRIVATE_KEY, ...more, run], { env })
const worker = (storage: string): Promise<Said> =>
  provHere(['worker', '--storage', storage, ...set, '--key', PUBLIC_KEY, '--once', '--json'], { env })

function sql(text: string, ...values: readonly SQLInputValue[]): void {
  const db = new DatabaseSync(path)
  try {
    if (values.length === 0) db.exec(text)
    else db.prepare(text).run(...values)
  } finally {
    db.close()
  }
}

function rowsOf(text: string): readonly Readonly<Record<string, unknown>>[] {
  const db = new DatabaseSync(path)
  try {
    return db.prepare(text).all()
  } finally {
    db.close()
  }
}

/** Changes what the truth says that the run's provenance is about. */
function changeAbout(change: (about: { artifact: Json; subjects: Json[] } & Json) => void): void {
  const db = new DatabaseSync(path)
  const rows = db.prepare('SELECT id, about FROM item').all() as { id: number; about: Uint8Array }[]
  for (const { id, about } of rows) {
    const json = JSON.parse(Buffer.from(about).toString()) as { artifact: Json; subjects: Json[] } & Json
    if (json.artifact['type'] !== 'run') continue
    change(json)
    db.prepare('UPDATE item SET about = ? WHERE id = ?').run(Buffer.from(JSON.stringify(json)), id)
  }
  db.close()
}

const ended = ({ stdout }: Said): Json => JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Json

describe('what is false is not delivered', () => {
  it('subjects that are not signed, with the location that follows from them', async () => {
    await store('oci')
    const victim = { name: 'evil.example/victim', digest: { sha256: 'ab'.repeat(32) } }
    changeAbout((about) => {
      about.subjects = [victim]
    })
    const key = `evil.example/victim:sha256-${'ab'.repeat(32)}.att`
    sql(
      `UPDATE delivery SET slot_key = '${key}', slot = json_set(slot, '$.key', '${key}') WHERE slot LIKE '%.att%' AND target = 'oci'`,
    )
    const said = await worker('oci')
    expect(said.code).toBe(3)
    expect(said.stdout).toContain('subjects that are not signed')
    expect(said.stdout).not.toContain('"outcome":"done","location":"evil')
  })

  it.each([
    ['another uid', { uid: '11111111-2222-3333-4444-555555555555' }],
    ['another name', { namespace: 'prod', name: 'other' }],
    ['a claim in place of the object', { claim: { kind: 'TaskRun', identity: 'x' } }],
  ])('%s than that of the run', async (_, names) => {
    await store('gcs')
    changeAbout((about) => {
      Object.assign(about.artifact, names)
    })
    if ('uid' in names) sql(`UPDATE entry SET uri = 'prov:taskrun/${names.uid}' WHERE format LIKE 'slsa%'`)
    const said = await worker('gcs')
    expect(said.code).toBe(3)
    expect(said.stdout).toContain('"outcome":"quarantined"')
    expect(said.stdout).not.toMatch(/"format":"slsa[^}]*"outcome":"done"/)
  })

  it('provenance of a run whose object was taken away, with a claim to another name', async () => {
    await store('gcs')
    changeAbout(({ artifact }) => {
      artifact['claim'] = { kind: 'TaskRun', joined: 'victim-build', identity: 'x' }
      artifact['name'] = ''
    })
    sql('UPDATE item SET run_uid = NULL')
    const said = await worker('gcs')
    expect(said.code).toBe(3)
    expect(ended(said)['delivered']).toBe(0)
    expect(existsSync(join(folder, 'gcs'))).toBe(false)
  })

  it('a mark as signed while a required copy is owed', async () => {
    await store('tekton,docdb')
    sql("UPDATE delivery SET state = 'held' WHERE target = 'docdb'")
    sql("UPDATE delivery SET state = 'pending' WHERE target = 'seal'")
    expect((await worker('tekton,docdb')).code).toBe(7)
    expect(readFileSync(run, 'utf8')).not.toContain('chains.tekton.dev/signed:')
  })

  it('an entry that a newer signature has replaced', async () => {
    await store('docdb')
    const kept = rowsOf('SELECT object FROM run')[0]?.['object'] as Uint8Array
    expect((await worker('docdb')).code).toBe(0)
    writeFileSync(run, readFileSync(run, 'utf8').replace('  labels:\n', '  labels:\n    changed: "yes"\n'))
    expect((await store('docdb', '--resign', '--wait', '60s')).code).toBe(0)
    sql(`UPDATE delivery SET state = 'pending', resign = 1 WHERE target <> 'seal'
      AND item IN (SELECT id FROM item WHERE seq IN (SELECT seq FROM entry WHERE superseded_by IS NOT NULL))`)
    // The run as it was when the old entry was signed: all that its delivery needs is there.
    sql('UPDATE run SET object = ?', kept)
    expect(rowsOf('SELECT seq FROM entry WHERE superseded_by IS NOT NULL').length).toBeGreaterThan(0)
    await worker('docdb')
    const { stdout, code } = await provHere(['verify', '--storage', 'docdb,truth', ...set, '--key', PUBLIC_KEY, run], {
      env,
    })
    expect(code, stdout).toBe(0)
  })
})

describe('the worker ends, and says why', () => {
  it.each([
    ['a lane that is that of another backend', "UPDATE delivery SET lane = 'docdb'", 0],
    ['a fence beyond all numbers', 'UPDATE delivery SET fence = 9223372036854775807', 7],
    ['times that no calendar has', 'UPDATE delivery SET due = -9223372036854775807, changed = 9223372036854775807', 0],
    [
      'errors and receipts of odd shapes',
      `UPDATE delivery SET error = '{"code":"odd","message":"odd"}', receipt = '[1]'`,
      0,
    ],
    [
      'workers that serve nothing that can be read',
      "INSERT INTO worker VALUES ('h', 'x', 'not json', unixepoch() * 1000)",
      0,
    ],
  ])('%s', async (_, attack, exit) => {
    await store('gcs')
    sql(attack)
    const { stdout } = await provHere(['outbox', 'ls', '--truth', `sqlite:${path}`, '--json'], { env })
    expect(stdout).not.toContain('odd')
    const storage = attack.includes('lane') ? 'docdb' : 'gcs'
    const said = await worker(storage)
    expect(said.code, said.stderr).toBe(exit)
    expect(ended(said)['delivered']).toBe(attack.includes('lane') || attack.includes('fence') ? 0 : 2)
    expect(existsSync(join(folder, 'prov.db'))).toBe(false)
    expect((await provHere(['outbox', 'ls', '--truth', `sqlite:${path}`, '--json'], { env })).code).toBe(0)
    expect((await provHere(['truth', 'check', '--truth', `sqlite:${path}`], { env })).code).not.toBe(1)
  })

  it.each([
    ['a run of an odd shape', { status: 5 }, 'quarantined'],
    ['a run that fills the memory', { a: Array(2_100_000).fill(0) }, 'limit_exceeded'],
  ])('%s is quarantined', async (_, odd, word) => {
    await store('gcs')
    const db = new DatabaseSync(path)
    const metadata = {
      name: 'buildpacks-cache-7rk2v-build-trusted',
      namespace: 'frsca-demo',
      uid: 'b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9',
    }
    const object = { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', metadata, ...odd }
    db.prepare('UPDATE run SET object = ?').run(gzipSync(JSON.stringify({ object, children: [] })))
    db.close()
    const said = await worker('gcs')
    expect(said.code, said.stdout).toBe(3)
    expect(said.stdout).toContain(word)
    expect(ended(said)).toMatchObject({ delivered: 0 })
  })

  it.each([
    [
      'a view',
      'DROP TABLE lane; CREATE VIEW lane AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS lane FROM c',
    ],
    ['a trigger', 'CREATE TRIGGER odd AFTER UPDATE ON delivery BEGIN DELETE FROM entry; END'],
    ['another table', 'CREATE TABLE odd(a)'],
  ])('%s in the file is refused before anything is read', async (_, attack) => {
    await store('gcs')
    sql(attack)
    expect(await worker('gcs')).toMatchObject({ code: 6, stderr: expect.stringContaining('schema_invalid') })
  })

  it('a truth that was put in the place of the one that is open ends it', async () => {
    await store('gcs')
    const stop = new AbortController()
    const args = ['worker', '--storage', 'docdb', ...set, '--key', PUBLIC_KEY]
    const running = provHere(args, { env, signal: stop.signal })
    await new Promise((resolve) => setTimeout(resolve, 500))
    for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true })
    const said = await running
    stop.abort()
    expect(said).toMatchObject({ code: 2, stderr: expect.stringContaining('replaced or removed') })
  })
})
