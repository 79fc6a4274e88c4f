/** SQLite files as somebody made them who may write the file and has no key; and that a look leaves the file as it was. */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { open } from '../../../backends/docdb/backend.ts'
import type { Backend, Slot } from '../../../src/backend/backend.ts'
import { calm, collect, entries, expectCode, look } from '../../conformance/checks.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { testContext } from '../../support/context.ts'
import { scratch } from '../../support/scratch.ts'

const image = sampleImage('registry.example/acme/app', 'app')
const run = sampleRun('build-1', image)
const key = `taskrun-${run.uid}`
const at = (path: string): Backend => open(testContext({ 'storage.docdb.url': `sqlite:${path}` }))

function slotIn(backend: Backend, kind: 'dsse' | 'raw' = 'dsse'): Slot {
  const [slot] = backend.slots(aboutOf(kind, run, image))
  if (slot === undefined) throw new Error('no slot')
  return slot
}

/** A file made by these statements. */
function made(...sql: readonly string[]): string {
  const path = join(scratch(), 'hostile.db')
  const db = new DatabaseSync(path)
  for (const one of sql) db.exec(one)
  db.close()
  return path
}

/** A file with one good copy of a run in it. */
async function stored(): Promise<string> {
  const path = join(scratch(), 'prov.db')
  const backend = at(path)
  await backend.put(slotIn(backend), sampleEntry('dsse', run, image), calm())
  await backend.close()
  return path
}

const listed = (backend: Backend): Promise<readonly Slot[]> => {
  if (backend.list === undefined) throw new Error('no list')
  return collect(backend.list({}, calm()))
}

const TABLES = [
  'CREATE TABLE documents (Name TEXT PRIMARY KEY NOT NULL, Signed BLOB, Signature TEXT, Cert TEXT, Chain TEXT, Object TEXT, Run TEXT)',
  'CREATE TABLE subjects (Digest TEXT NOT NULL, Name TEXT NOT NULL, PRIMARY KEY (Digest, Name)) WITHOUT ROWID',
] as const
const COLUMNS = "'' AS Signed, '' AS Signature, '' AS Cert, '' AS Chain, '' AS Object, '' AS Run"
const ENDLESS = 'WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)'

describe.each<readonly [string, readonly string[]]>([
  ['an endless view', [`CREATE VIEW documents AS ${ENDLESS} SELECT '' || x AS Name, ${COLUMNS} FROM n`, TABLES[1]]],
  [
    'a view of one name without end',
    [`CREATE VIEW documents AS ${ENDLESS} SELECT '${key}' AS Name, ${COLUMNS} FROM n`, TABLES[1]],
  ],
  [
    'a view for the other table',
    [TABLES[0], `CREATE VIEW subjects AS ${ENDLESS} SELECT '' AS Digest, x AS Name FROM n`],
  ],
  [
    'a name in other case',
    [`CREATE VIEW DOCUMENTS AS ${ENDLESS} SELECT '' || x AS Name, ${COLUMNS} FROM n`, TABLES[1]],
  ],
  [
    'a trigger',
    [
      ...TABLES,
      `CREATE TRIGGER t BEFORE INSERT ON documents BEGIN SELECT count(*) FROM (${ENDLESS} SELECT x FROM n); END`,
    ],
  ],
  [
    'a generated column',
    [TABLES[0].replace('Object TEXT', 'Object TEXT GENERATED ALWAYS AS (hex(zeroblob(400000000)))'), TABLES[1]],
  ],
  [
    'a virtual table',
    ['CREATE VIRTUAL TABLE documents USING fts5(Name, Signed, Signature, Cert, Chain, Object, Run)', TABLES[1]],
  ],
  ['a check', [TABLES[0].replace('Run TEXT', "Run TEXT CHECK (Name LIKE '%a%a%a%a%a%a%b')"), TABLES[1]]],
  ['an index over an expression', [...TABLES, 'CREATE INDEX i ON documents (hex(zeroblob(length(Name))))']],
  ['no key', [TABLES[0].replace(' PRIMARY KEY NOT NULL', ''), TABLES[1]]],
  ['one table only', [TABLES[0]]],
])('%s in place of tables', (_, sql) => {
  test('is refused by get, list, put and remove, and nothing changes', async () => {
    const path = made(...sql)
    const before = readFileSync(path)
    const backend = at(path)
    await expectCode(backend.get(slotIn(backend), calm()), 'schema_invalid')
    await expectCode(listed(backend), 'schema_invalid')
    await expectCode(backend.put(slotIn(backend), sampleEntry('dsse', run, image), calm()), 'schema_invalid')
    await backend.close()
    expect(readFileSync(path).equals(before)).toBe(true)
    expect(readdirSync(join(path, '..'))).toEqual(['hostile.db'])
  })
})

test('a schema that lies about what it is, is refused', async () => {
  const path = made(...TABLES)
  const db = new DatabaseSync(path, { defensive: false } as object)
  db.exec('PRAGMA writable_schema = ON')
  db.exec(
    `INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES ('index', 'zz', 'other', 0,
     'CREATE TRIGGER zz AFTER INSERT ON documents BEGIN SELECT 1; END')`,
  )
  db.close()
  const backend = at(path)
  const error = await backend.get(slotIn(backend), calm()).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(['schema_invalid', 'storage_io']).toContain((error as { code?: string } | undefined)?.code)
  await backend.close()
})

test('tables are judged again when the schema changes while prov runs', async () => {
  const path = await stored()
  const backend = at(path)
  expect(await entries(backend, slotIn(backend))).toHaveLength(1)
  const other = new DatabaseSync(path)
  other.exec('CREATE TRIGGER t BEFORE INSERT ON documents BEGIN SELECT 1; END')
  other.close()
  await expectCode(backend.get(slotIn(backend), calm()), 'schema_invalid')
  await backend.close()
})

test('STRICT tables, and other tables beside them, are read', async () => {
  const strict = TABLES.map((sql) => `${sql}${sql.includes('ROWID') ? ', STRICT' : ' STRICT'}`)
  const path = made(...strict, 'CREATE TABLE users (id)', 'CREATE VIEW v AS SELECT * FROM users')
  const backend = at(path)
  expect(await look(backend, slotIn(backend))).toEqual([])
  await backend.put(slotIn(backend), sampleEntry('dsse', run, image), calm())
  expect(await entries(backend, slotIn(backend))).toHaveLength(1)
  await backend.close()
})

test('a name longer than any key ends the list with a code', async () => {
  const path = await stored()
  const db = new DatabaseSync(path)
  db.exec("INSERT INTO documents (Name) VALUES ('taskrun-' || hex(zeroblob(30000000)))")
  db.close()
  const backend = at(path)
  await expectCode(listed(backend), 'response_invalid')
  expect(await entries(backend, slotIn(backend))).toHaveLength(1)
  await backend.close()
})

test('rows of images that are too large are not read for a list', async () => {
  const path = await stored()
  const db = new DatabaseSync(path)
  const insert = db.prepare('INSERT INTO documents (Name, Signed) VALUES (?, zeroblob(50000000))')
  for (let i = 0; i < 12; i++) insert.run(`0000000000${String(i).padStart(2, '0')}`)
  db.close()
  const backend = at(path)
  const before = process.memoryUsage().rss
  expect(await listed(backend)).toHaveLength(1)
  expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000)
  await backend.close()
})

test('a file of damaged pages has a code, wherever the damage is', async () => {
  const whole = readFileSync(await stored())
  for (let at_ = 0; at_ < whole.length; at_ += 997) {
    const path = join(scratch(), 'damaged.db')
    const damaged = Buffer.from(whole)
    damaged.fill(0xff, at_, at_ + 40)
    writeFileSync(path, damaged)
    const backend = at(path)
    for (const call of [() => backend.get(slotIn(backend), calm()), () => listed(backend)]) {
      const code = await call().then(
        () => 'read',
        (thrown: { code?: string }) => thrown.code,
      )
      expect(['read', 'storage_io', 'schema_invalid', 'response_invalid', 'response_too_large', 'denied']).toContain(
        code,
      )
    }
    await backend.close()
  }
})

test.each(['', '-wal', '-journal'])(
  'a pipe in place of the file or of what SQLite puts beside it (%s) stops nobody',
  async (end) => {
    const path = end === '' ? join(scratch(), 'pipe.db') : await stored()
    execFileSync('mkfifo', [`${path}${end}`])
    const backend = at(path)
    await expectCode(backend.get(slotIn(backend), calm()), 'storage_io')
    await expectCode(backend.put(slotIn(backend), sampleEntry('raw', run, image), calm()), 'storage_io')
    await backend.close()
  },
)

describe('a look changes nothing', () => {
  const snapshot = (folder: string) =>
    readdirSync(folder).map((name) => [
      name,
      readFileSync(join(folder, name)).toString('hex'),
      statSync(join(folder, name)).mtimeMs,
    ])

  test.each(['DELETE', 'WAL'])("in somebody else's database in mode %s", async (mode) => {
    const path = made(`PRAGMA journal_mode = ${mode}`, 'CREATE TABLE users (id)', 'INSERT INTO users VALUES (1)')
    const folder = join(path, '..')
    const before = snapshot(folder)
    const backend = at(path)
    expect(await look(backend, slotIn(backend))).toEqual([])
    expect(await listed(backend)).toEqual([])
    expect(snapshot(folder)).toEqual(before)
    await backend.close()
    expect(snapshot(folder)).toEqual(before)
  })

  test("in prov's own, and in one with the log of a living writer, whose rows are seen", async () => {
    const path = await stored()
    const before = snapshot(join(path, '..'))
    const reader = at(path)
    expect(await entries(reader, slotIn(reader))).toHaveLength(1)
    expect(snapshot(join(path, '..'))).toEqual(before)
    const writer = new DatabaseSync(path)
    writer.exec("PRAGMA wal_autocheckpoint = 0; INSERT INTO documents (Name) VALUES ('taskrun-new')")
    expect(await listed(reader)).toHaveLength(2)
    writer.exec("INSERT INTO documents (Name) VALUES ('taskrun-newer')")
    expect(await listed(reader)).toHaveLength(3)
    writer.close()
    expect(await listed(reader)).toHaveLength(3)
    await reader.close()
  })

  test('in a copy of a file and its log without the index', async () => {
    const path = await stored()
    const writer = new DatabaseSync(path)
    writer.exec("PRAGMA wal_autocheckpoint = 0; INSERT INTO documents (Name) VALUES ('taskrun-new')")
    const folder = join(scratch(), 'evidence')
    mkdirSync(folder)
    for (const end of ['', '-wal']) copyFileSync(`${path}${end}`, join(folder, `prov.db${end}`))
    writer.close()
    const before = snapshot(folder)
    const reader = at(join(folder, 'prov.db'))
    expect(await listed(reader)).toHaveLength(2)
    await reader.close()
    expect(snapshot(folder)).toEqual(before)
  })

  test.each([
    [
      'a header alone, as a writer leaves it that is killed before its first frame',
      (log: Buffer) => log.subarray(0, 32),
    ],
    ['half a header', (log: Buffer) => log.subarray(0, 20)],
    ['bytes that are no log', (log: Buffer) => Buffer.alloc(log.length, 7)],
    ['a page size that no file has', (log: Buffer) => Buffer.from(log).fill(0xff, 8, 12)],
  ])('beside a log of %s; it takes no time, and what is written later is seen', async (_, cut) => {
    const path = await stored()
    const writer = new DatabaseSync(path)
    writer.exec("PRAGMA wal_autocheckpoint = 0; INSERT INTO documents (Name) VALUES ('taskrun-new')")
    const folder = join(scratch(), 'killed')
    mkdirSync(folder)
    const copy = join(folder, 'prov.db')
    for (const end of ['', '-shm']) copyFileSync(`${path}${end}`, `${copy}${end}`)
    writeFileSync(`${copy}-wal`, cut(readFileSync(`${path}-wal`)))
    writer.close()
    const before = snapshot(folder)
    const reader = at(copy)
    const began = performance.now()
    expect(await listed(reader)).toHaveLength(1)
    expect(performance.now() - began).toBeLessThan(5000) // SQLite itself would give up after ten seconds
    expect(snapshot(folder)).toEqual(before)
    const next = new DatabaseSync(copy)
    next.exec("PRAGMA wal_autocheckpoint = 0; INSERT INTO documents (Name) VALUES ('taskrun-next')")
    expect((await listed(reader)).map((slot) => slot.key.split('-').at(-1))).toContain('next')
    next.close()
    await reader.close()
  })
})

test('a file with two names is read, and not written: each name would have a log of its own', async () => {
  const path = await stored()
  linkSync(path, `${path}.second`)
  const backend = at(`${path}.second`)
  const slot = slotIn(backend)
  const [found] = await look(backend, slot)
  if (found === undefined) throw new Error('nothing there')
  await expectCode(backend.put(slotIn(backend, 'raw'), sampleEntry('raw', run, image), calm()), 'target_unwritable')
  await expectCode(backend.remove?.(slot, found, calm()) ?? Promise.resolve(), 'target_unwritable')
  expect(await entries(backend, slot)).toHaveLength(1)
  await backend.close()
})

test('a schema whose pages are named again and again is damage, and not read for ever', async () => {
  const path = made(
    'PRAGMA page_size = 512',
    ...TABLES,
    ...Array.from({ length: 60 }, (_, i) => `CREATE TABLE other_${i} (a, b, c, d, e, f, g, h, i, j, k, l)`),
  )
  const whole = readFileSync(path)
  expect(whole[100]).toBe(5)
  // Every child of the first page is the last one: with more levels that is a number of readings without end.
  const cells = whole.readUInt16BE(103)
  for (let i = 0; i < cells; i++) whole.writeUInt32BE(whole.readUInt32BE(108), whole.readUInt16BE(112 + 2 * i))
  writeFileSync(path, whole)
  const backend = at(path)
  const error = await expectCode(backend.get(slotIn(backend), calm()), 'storage_io')
  expect(error.message).toContain('tangled')
  await backend.close()
})

test.each([
  [
    'a link that leads to itself',
    'too many symbolic links',
    (folder: string) => symlinkSync('loop.db', join(folder, 'loop.db')),
    'loop.db',
  ],
  ['a name that is too long', 'the name is too long', () => undefined, `${'n'.repeat(300)}.db`],
  [
    'a file where its folder should be',
    'a part of the path is not a folder',
    (folder: string) => writeFileSync(join(folder, 'file'), ''),
    join('file', 'prov.db'),
  ],
])('%s could not be looked at, and is no defect', async (_, words, prepare, name) => {
  const folder = scratch()
  prepare(folder)
  const backend = at(join(folder, name))
  const error = await expectCode(backend.get(slotIn(backend), calm()), 'storage_io')
  expect(error.message).toContain(words)
  await expectCode(listed(backend), 'storage_io')
  await backend.close()
})
