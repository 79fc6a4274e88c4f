/** How the SQLite file is opened: for a look so that nothing in it or beside it changes, for a write so that a receipt outlives a power cut. */
import {
  type BigIntStats,
  closeSync,
  constants,
  copyFileSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { DatabaseSync, type DatabaseSyncOptions } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { ProvError } from '../../../src/errors.ts'
import { fileErrorCode } from '../../../src/platform/fs/files.ts'
import { isRefusal } from '../../../src/platform/sqlite-codes.ts'
import { isUnshared } from './failure.ts'
import { hasTables, SCHEMA } from './schema.ts'

/** No value, row or statement is longer: what a hostile file claims is refused before memory is taken for it. */
const MAX_VALUE_BYTES = 128 * 1024 * 1024
/** A log without its index is read from a copy of both, up to this size. */
const MAX_COPY_BYTES = 256 * 1024 * 1024

/** A file opened for looks. */
export interface FileLook {
  readonly db: DatabaseSync
  /** True while the file still is what this connection sees. */
  isCurrent(): boolean
  close(): void
}

/**
 * Opens for reading and changes nothing: no journal mode, no table, no `-wal` or `-shm` file. A file of WAL mode without a log, or with one
 * that holds nothing, is taken as it stands (`immutable`), and opened anew once it has changed; one with the log of a living writer is read
 * together with it.
 *
 * @example const look = openLook('prov.db'); look.db.prepare(…); if (!look.isCurrent()) …
 */
export function openLook(path: string): FileLook {
  const before = stateOf(path)
  const { href } = pathToFileURL(path)
  const alone = isWal(path) || before.wal !== undefined ? '?mode=ro&immutable=1' : '?mode=ro'
  const query = hasFrames(path, before) ? '?mode=ro&readonly_shm=1' : alone
  let db: DatabaseSync
  try {
    db = openedShared(href, query)
  } catch (thrown) {
    // Nobody holds the file: then it is evidence that was copied without the log's index, which SQLite would have to make beside it.
    if (before.wal === undefined || before.shm !== undefined || !isRefusal(thrown)) throw thrown
    return openCopy(path, before)
  }
  const isImmutable = query.includes('immutable')
  return {
    db,
    isCurrent: () => {
      const now = stateOf(path)
      return isImmutable
        ? sameState(now, before)
        : now.ino === before.ino && (now.wal === undefined) === (before.wal === undefined)
    },
    close: () => db.close(),
  }
}

/** Where the log's index cannot be read without taking part in it, it is shared, as every reader of SQLite's own does. */
function openedShared(href: string, query: string): DatabaseSync {
  try {
    return opened(new URL(`${href}${query}`), true)
  } catch (thrown) {
    if (!isUnshared(thrown)) throw thrown
    return opened(new URL(`${href}?mode=ro`), true)
  }
}

function openCopy(path: string, before: FileState): FileLook {
  if (before.size + (before.wal ?? 0n) > MAX_COPY_BYTES) {
    throw new ProvError(
      'storage_io',
      'the file has a write-ahead log without an index, and is too large to be read from a copy',
      {
        hint: 'copy the file with its -wal and -shm files, or open it once with sqlite3',
      },
    )
  }
  const folder = mkdtempSync(join(tmpdir(), 'prov-sqlite-'))
  const copy = join(folder, basename(path))
  try {
    copyFileSync(path, copy)
    copyFileSync(`${path}-wal`, `${copy}-wal`)
    const db = opened(copy, true)
    const close = (): void => {
      db.close()
      rmSync(folder, { recursive: true, force: true })
    }
    return { db, isCurrent: () => sameState(stateOf(path), before), close }
  } catch (thrown) {
    rmSync(folder, { recursive: true, force: true })
    throw thrown
  }
}

/**
 * Opens for writing, and makes file and tables where there are none. WAL: readers never wait for a writer. Full synchronisation: a receipt
 * outlives a power cut.
 *
 * @example const db = openToWrite('prov.db')
 */
export function openToWrite(path: string): DatabaseSync {
  const facts = regular(path)
  if (facts !== undefined && facts.nlink > 1n) {
    throw new ProvError(
      'target_unwritable',
      'the file has more than one name (hard links), and SQLite would keep a log for each of them',
      {
        hint: 'two writers under two names lose each other’s rows: copy the file instead of linking it',
      },
    )
  }
  for (const end of ['-wal', '-shm', '-journal']) regular(`${path}${end}`)
  const db = opened(path, false)
  try {
    const hadTables = hasTables(db)
    if (db.prepare('PRAGMA journal_mode').get()?.['journal_mode'] !== 'wal') db.exec('PRAGMA journal_mode = WAL')
    db.exec('PRAGMA synchronous = FULL')
    if (!hadTables) db.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`)
    return db
  } catch (thrown) {
    db.close()
    throw thrown
  }
}

function opened(path: string | URL, readOnly: boolean): DatabaseSync {
  // Node.js 22 knows neither `limits` nor `defensive`, and takes no notice of them.
  const options: DatabaseSyncOptions & { readonly limits: object; readonly defensive: boolean } = {
    readOnly,
    enableForeignKeyConstraints: true,
    timeout: 0,
    defensive: true,
    limits: { length: MAX_VALUE_BYTES, sqlLength: 100_000, exprDepth: 100, attach: 0, triggerDepth: 1 },
  }
  const db = new DatabaseSync(path, options)
  try {
    db.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON')
    db.prepare('SELECT count(*) FROM (SELECT 1 FROM sqlite_schema LIMIT 1)').get()
    return db
  } catch (thrown) {
    db.close()
    throw thrown
  }
}

interface FileState {
  readonly ino: bigint
  readonly size: bigint
  readonly modified: bigint
  /** Bytes of the log and of its index; undefined where there is none. */
  readonly wal: bigint | undefined
  readonly shm: bigint | undefined
  readonly walModified: bigint | undefined
}

function stateOf(path: string): FileState {
  const facts = regular(path)
  regular(`${path}-journal`)
  const log = regular(`${path}-wal`)
  return {
    ino: facts?.ino ?? 0n,
    size: facts?.size ?? 0n,
    modified: facts?.mtimeNs ?? 0n,
    wal: log?.size,
    walModified: log?.mtimeNs,
    shm: regular(`${path}-shm`)?.size,
  }
}

function sameState(a: FileState, b: FileState): boolean {
  const names = ['ino', 'size', 'modified', 'wal', 'walModified'] as const
  return names.every((name) => a[name] === b[name])
}

/** SQLite would wait for ever at a pipe. undefined for what is not there. */
function regular(path: string): BigIntStats | undefined {
  const facts = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (facts === undefined || facts.isFile()) return facts
  throw new ProvError('storage_io', `${path} is not a regular file`, { location: path })
}

const LOG_HEADER_BYTES = 32
/** The log's first four bytes, for checksums in either byte order. */
const LOG_MAGIC: readonly number[] = [0x377f0682, 0x377f0683]

/**
 * Whether SQLite would find anything in the log. A writer that is killed before its first frame leaves a header alone, and a reader that may not
 * write the log's index asks for such a log again and again until SQLite gives up after ten seconds (its `walBeginShmUnreliable`).
 */
function hasFrames(path: string, { wal }: FileState): boolean {
  if (wal === undefined) return false
  if (wal === 0n) return true // SQLite knows this one, and a writer may be about to begin it
  if (wal <= LOG_HEADER_BYTES) return false
  const header = Buffer.alloc(LOG_HEADER_BYTES)
  const file = openSync(`${path}-wal`, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (readSync(file, header, 0, LOG_HEADER_BYTES, 0) < LOG_HEADER_BYTES) return false
  } finally {
    closeSync(file)
  }
  const size = header.readUInt32BE(8)
  return LOG_MAGIC.includes(header.readUInt32BE(0)) && size >= 512 && size <= 65_536 && (size & (size - 1)) === 0
}

/** Whether the file's own header asks for a write-ahead log (https://www.sqlite.org/fileformat2.html, offset 18). */
function isWal(path: string): boolean {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const header = Buffer.alloc(20)
    if (readSync(file, header, 0, 20, 0) < 20) return false
    refuseTangledSchema(file, header.readUInt16BE(16))
    return header[19] === 2
  } finally {
    closeSync(file)
  }
}

const INTERIOR = 5
const MAX_SCHEMA_PAGES = 2000

/**
 * SQLite reads the whole schema when it opens a file. Pages of it that are named again and again, each by many others, would keep it there for
 * ever: so its tree is walked here first, and each page may be in it once (same document, section 1.6). Its damage otherwise SQLite finds.
 */
function refuseTangledSchema(file: number, declared: number): void {
  const size = declared === 1 ? 65_536 : declared
  const seen = new Set<number>()
  const next = [1]
  for (let number = next.pop(); number !== undefined; number = next.pop()) {
    if (seen.has(number) || seen.size > MAX_SCHEMA_PAGES) {
      throw new ProvError('storage_io', 'the file is damaged: the pages of its schema are tangled')
    }
    seen.add(number)
    const page = Buffer.alloc(size)
    const start = number === 1 ? 100 : 0
    if (readSync(file, page, 0, size, (number - 1) * size) < size || page[start] !== INTERIOR) continue
    next.push(page.readUInt32BE(start + 8))
    const cells = Math.min(page.readUInt16BE(start + 3), Math.floor((size - start - 12) / 2))
    for (let i = 0; i < cells; i++) {
      const at = page.readUInt16BE(start + 12 + 2 * i)
      if (at + 4 <= size) next.push(page.readUInt32BE(at))
    }
  }
}

/** Neither `existsSync` nor `throwIfNoEntry`, which take what cannot be looked at for absent: a file where the folder should be, too. */
export function isThere(path: string): boolean {
  try {
    statSync(path)
    return true
  } catch (thrown) {
    if (fileErrorCode(thrown) === 'ENOENT') return false
    throw thrown
  }
}
