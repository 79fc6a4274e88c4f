import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { linkSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { migrateTruth, openTruth } from '../../src/truth/open.ts'
import { networkDisk } from '../../src/truth/sqlite.ts'
import { sqliteFailure } from '../../src/truth/sqlite-failure.ts'
import { committed, makeRun, owed, runItem } from './made.ts'
import { sqliteRig } from './rigs.ts'
import { truthSuite } from './suite.ts'

const place = (file: string) => ({ url: `sqlite:${file}`, newId: randomUUID() })

truthSuite('sqlite', sqliteRig)

describe('a SQLite file', () => {
  let folder: string
  let file: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'prov-truth-'))
    file = join(folder, 'truth.db')
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const open = (make = false) => openTruth(place(file), { make })

  it('that is not there is made by a store only', async () => {
    await expect(open()).rejects.toMatchObject({ code: 'config_invalid', message: 'the file does not exist' })
    await (await open(true)).close()
    await (await open()).close()
  })

  it('keeps every commit through a kill: write-ahead log, synchronous FULL', async () => {
    const script = `
      import { openTruth } from ${JSON.stringify(new URL('../../src/truth/open.ts', import.meta.url).pathname)}
      import { committed, makeRun, owed, runItem } from ${JSON.stringify(new URL('made.ts', import.meta.url).pathname)}
      const truth = await openTruth({ url: 'sqlite:${file}', newId: 'x' }, { make: true })
      await committed(truth, await runItem(makeRun('a'), [owed('oci')]))
      process.kill(process.pid, 'SIGKILL')`
    expect(() => execFileSync(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' })).toThrow()
    const truth = await open()
    expect(await truth.list({})).toHaveLength(1)
    await truth.close()
    expect(readFileSync(file).subarray(18, 20)).toEqual(Buffer.from([2, 2]))
  })

  it.each([
    ['is no database', () => writeFileSync(file, 'x'.repeat(4096)), 'schema_invalid'],
    ['holds tables of somebody else', () => new DatabaseSync(file).exec('CREATE TABLE mine(a)'), 'schema_invalid'],
    [
      'has two names',
      () => {
        writeFileSync(file, '')
        linkSync(file, join(folder, 'other.db'))
      },
      'target_unwritable',
    ],
    ['is a folder', () => execFileSync('mkdir', [file]), 'target_unwritable'],
    ['has no folder', () => rmSync(folder, { recursive: true }), 'target_unwritable'],
  ])('that %s is refused, and not changed', async (_, make, code) => {
    make()
    try {
      await expect(open(true)).rejects.toMatchObject({ code, location: expect.any(String) })
    } finally {
      execFileSync('mkdir', ['-p', folder])
    }
  })

  it('that is empty is no truth until its tables are made', async () => {
    writeFileSync(file, '')
    await expect(open()).rejects.toMatchObject({ code: 'config_invalid' })
  })

  it('cannot be held up for ever: a commit behind another writer ends with timed_out, and nothing is half made', async () => {
    const truth = await open(true)
    const other = new DatabaseSync(file)
    other.exec('BEGIN IMMEDIATE')
    await expect(truth.commit([await runItem(makeRun('a'), [owed('oci')])])).rejects.toMatchObject({
      code: 'timed_out',
    })
    other.exec('ROLLBACK')
    expect(await truth.list({})).toEqual([])
    await committed(truth, await runItem(makeRun('a'), [owed('oci')]))
    await truth.close()
    other.close()
  })

  describe('of the next schema', () => {
    it.each([
      ['a view', 'CREATE VIEW odd AS SELECT 1'],
      ['a trigger', 'CREATE TRIGGER odd AFTER UPDATE ON delivery BEGIN DELETE FROM entry; END'],
      ['a column that is computed', 'ALTER TABLE lane ADD COLUMN odd TEXT AS (hex(zeroblob(9))) VIRTUAL'],
      ['a column with a check', 'ALTER TABLE lane ADD COLUMN odd TEXT CHECK (length(odd) > 9)'],
      ['an index over a function', 'CREATE INDEX odd ON lane(hex(zeroblob(9)))'],
      ['an index over what a function says', 'CREATE INDEX odd ON lane(lane) WHERE lane = hex(lane)'],
      ['a table that is code', 'CREATE VIRTUAL TABLE odd USING fts5(a)'],
      ['an index less', 'DROP INDEX entry_one'],
      ['a table made anew', 'DROP TABLE lane; CREATE TABLE lane(lane TEXT PRIMARY KEY) STRICT'],
      ['a table renamed', 'ALTER TABLE lane RENAME TO other'],
    ])('%s is refused', async (_, change) => {
      await (await open(true)).close()
      const db = new DatabaseSync(file)
      db.exec(`${change}; UPDATE meta SET value = '5' WHERE key = 'schema'`)
      db.close()
      await expect(open()).rejects.toMatchObject({ code: 'schema_invalid' })
      await expect(migrateTruth(place(file), { make: false })).rejects.toMatchObject({ code: 'schema_invalid' })
    })

    it.each([
      ['a column', 'ALTER TABLE delivery ADD COLUMN more INTEGER'],
      ['a column with a default', "ALTER TABLE entry ADD COLUMN more TEXT NOT NULL DEFAULT 'a, (b'"],
      ['a column that points elsewhere', 'ALTER TABLE item ADD COLUMN more INTEGER REFERENCES entry'],
      ['an index', "CREATE UNIQUE INDEX more ON entry(seq, id) WHERE state = 'good'"],
      ['a table with what belongs to it', 'CREATE TABLE more(a TEXT UNIQUE, b TEXT); CREATE INDEX more_b ON more(b)'],
    ])('%s more is taken', async (_, change) => {
      await (await open(true)).close()
      const db = new DatabaseSync(file)
      db.exec(`${change}; UPDATE meta SET value = '5' WHERE key = 'schema'`)
      db.close()
      const truth = await open()
      await committed(truth, await runItem(makeRun('a'), [owed('oci')]))
      await truth.close()
    })
  })

  it('is not kept on a network disk', () => {
    expect([0x6969, -11317950, 0x01021997, 0xef53].map(networkDisk)).toEqual(['NFS', 'CIFS', '9P', undefined])
  })
})

test.each([
  [8, 'denied'],
  [14, 'denied'],
  [261, 'timed_out'],
  [13, 'storage_io'],
  [11, 'storage_io'],
  [26, 'schema_invalid'],
  [18, 'entry_too_large'],
  [778, 'storage_io'],
])('result code %d of SQLite is %s', (errcode, code) => {
  const thrown = Object.assign(new Error('from SQLite'), { errcode })
  expect(sqliteFailure(thrown, 'truth.db')).toMatchObject({ code, location: 'truth.db' })
})
