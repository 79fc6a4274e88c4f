/** What only a file has: processes that share it, readers who may not write, rows that are too large, look-ups by index. */
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { open } from '../../../backends/docdb/backend.ts'
import type { Backend, ListFilter, Slot } from '../../../src/backend/backend.ts'
import { calm, collect, entries, expectCode, look } from '../../conformance/checks.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { testContext } from '../../support/context.ts'
import { scratch } from '../../support/scratch.ts'

const image = sampleImage('registry.example/acme/app', 'app')
const run = sampleRun('build-1', image)
const at = (path: string): Backend => open(testContext({ 'storage.docdb.url': `sqlite:${path}` }))
const slotIn = (backend: Backend, kind: 'dsse' | 'raw' = 'dsse'): Slot => {
  const [slot] = backend.slots(aboutOf(kind, run, image))
  if (slot === undefined) throw new Error('no slot')
  return slot
}

const listOf = (backend: Backend, filter: ListFilter = {}): AsyncIterable<Slot> => {
  if (backend.list === undefined) throw new Error('no list')
  return backend.list(filter, calm())
}

test('four processes, each its own payload into the same 50 slots: one wins each, the others are told', async () => {
  const url = `sqlite:${join(scratch(), 'prov.db')}`
  const writer = join(import.meta.dirname, 'writer.ts')
  const ends = await Promise.all(
    ['a', 'b', 'c', 'd'].map((who) =>
      promisify(execFile)(process.execPath, [writer, url, '50', who], { timeout: 240_000 }),
    ),
  )
  const outcomes = ends.map(({ stdout }) => JSON.parse(stdout) as readonly string[])
  expect(ends.map(({ stderr }) => stderr)).toEqual(['', '', '', ''])
  for (let round = 0; round < 50; round++) {
    expect(outcomes.map((of) => of[round]).sort()).toEqual(['occupied', 'occupied', 'occupied', 'written'])
  }
}, 90_000)

test('a look at what is not there makes no file', async () => {
  const path = join(scratch(), 'prov.db')
  const backend = at(path)
  expect(await look(backend, slotIn(backend))).toEqual([])
  expect(await collect(listOf(backend))).toEqual([])
  await backend.close()
  expect(existsSync(path)).toBe(false)
})

test('no folder, a folder in its place, and a file that is no database have codes of their own', async () => {
  const folder = scratch()
  mkdirSync(join(folder, 'taken'))
  writeFileSync(join(folder, 'text'), 'no database, but long enough to be looked at as one'.repeat(100))
  const entry = sampleEntry('dsse', run, image)
  for (const [name, code] of [
    ['absent/prov.db', 'storage_io'],
    ['taken', 'storage_io'],
    ['text', 'storage_io'],
  ] as const) {
    const backend = at(join(folder, name))
    await expectCode(backend.put(slotIn(backend), entry, calm()), code)
    await backend.close()
  }
})

test.skipIf(process.getuid?.() !== 0)('who may read but not write is told so, and still reads', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'prov-docdb-')) // the other tests' folders are open to their owner only
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'prov.db')
  const writer = at(path)
  await writer.put(slotIn(writer), sampleEntry('dsse', run, image), calm())
  await writer.close()
  mkdirSync(join(folder, 'closed'), 0o700)
  chmodSync(path, 0o444)
  chmodSync(folder, 0o555)
  process.seteuid?.(65_534)
  try {
    const reader = at(path)
    await expectCode(reader.put(slotIn(reader, 'raw'), sampleEntry('raw', run, image), calm()), 'denied')
    expect(await entries(reader, slotIn(reader))).toHaveLength(1)
    await reader.close()
    await expectCode(at(join(folder, 'closed', 'prov.db')).get(slotIn(reader), calm()), 'denied')
  } finally {
    process.seteuid?.(0)
  }
  chmodSync(folder, 0o755)
})

test('a row over the limit is not read into memory', async () => {
  const path = join(scratch(), 'prov.db')
  const backend = at(path)
  const slot = slotIn(backend)
  await backend.put(slot, sampleEntry('dsse', run, image), calm())
  const db = new DatabaseSync(path)
  db.exec('UPDATE documents SET Signed = zeroblob(300000000)')
  db.close()
  await expectCode(backend.get(slot, calm()), 'response_too_large')
  await backend.close()
})

test('runs and subjects are found through an index', async () => {
  const path = join(scratch(), 'prov.db')
  const backend = at(path)
  for (const kind of ['dsse', 'raw'] as const) {
    await backend.put(slotIn(backend, kind), sampleEntry(kind, run, image), calm())
  }
  const db = new DatabaseSync(path)
  const names = (sql: string, value: string) =>
    db
      .prepare(sql)
      .all(value)
      .map((row) => row['Name'])
  expect(names('SELECT Name FROM documents WHERE Run = ?', run.uid)).toEqual([`taskrun-${run.uid}`])
  expect(names('SELECT Name FROM subjects WHERE Digest = ? ORDER BY Name', image.digest)).toEqual([
    image.digest.slice(7, 19),
    `taskrun-${run.uid}`,
  ])
  for (const sql of ['documents WHERE Run = ?', 'subjects WHERE Digest = ?']) {
    const plan = db.prepare(`EXPLAIN QUERY PLAN SELECT Name FROM ${sql}`).all('x')
    expect(JSON.stringify(plan)).toMatch(/SEARCH/)
  }
  const listed = await collect(listOf(backend, { subject: image.digest.slice(7) }))
  expect(listed.map((slot) => slot.kind).sort()).toEqual(['dsse', 'raw'])
  const [found] = await look(backend, slotIn(backend))
  if (found === undefined) throw new Error('nothing there')
  await backend.remove?.(slotIn(backend), found, calm())
  expect(names('SELECT Name FROM subjects WHERE Digest = ?', image.digest)).toEqual([image.digest.slice(7, 19)])
  db.close()
  await backend.close()
})

test('a list of 2,000 entries is read a page at a time', async () => {
  const path = join(scratch(), 'prov.db')
  const backend = at(path)
  await backend.put(slotIn(backend), sampleEntry('dsse', run, image), calm())
  const db = new DatabaseSync(path)
  const copy = db.prepare(
    "INSERT INTO documents SELECT 'taskrun-copy-' || ?, zeroblob(100000), Signature, Cert, Chain, Object, Run FROM documents WHERE Name LIKE 'taskrun-________-%'",
  )
  db.exec('BEGIN')
  for (let i = 0; i < 2000; i++) copy.run(String(i).padStart(6, '0'))
  db.exec('COMMIT')
  db.close()
  expect(statSync(path).size).toBeGreaterThan(200_000_000)
  const before = process.memoryUsage().rss
  let most = 0
  let count = 0
  for await (const _ of listOf(backend)) {
    count++
    most = Math.max(most, process.memoryUsage().rss)
  }
  expect(count).toBe(2001)
  expect(most - before).toBeLessThan(80_000_000)
  await backend.close()
})
