/** Where a report goes, piece by piece. A file is there as a whole or not at all. */
import { rmSync } from 'node:fs'
import { chmod, type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Writable } from 'node:stream'
import { ProvError } from '../../errors.ts'
import { fileError, fileErrorCode, nodeFiles } from '../../platform/fs/files.ts'
import { write } from '../../platform/io.ts'
import type { WantedReport } from './wanted.ts'

export interface Sink {
  write(text: string): Promise<void>
  /** The report is whole: it takes its place. */
  commit(): Promise<void>
  /** The report will not be whole: nothing of it stays. Never throws. */
  discard(): Promise<void>
}

/** Pieces are gathered up to this many characters. */
const PIECE = 256 * 1024

/**
 * Opens the place of a report. What cannot be written throws `target_unwritable`, here or later.
 *
 * @example const sink = await openSink({ kind: 'file', path: 'junit.xml' }, { stdout, unique: '3f9a' })
 */
export async function openSink(
  to: WantedReport['to'],
  { stdout, unique }: { readonly stdout: Writable; readonly unique: string },
): Promise<Sink> {
  if (to.kind === 'stdout')
    return { write: (text) => write(stdout, text), commit: async () => {}, discard: async () => {} }
  const { path, kind } = to
  return told(path, async () => {
    const found = await stat(path).catch((error: unknown) => {
      if (fileErrorCode(error) === 'ENOENT') return undefined
      throw error
    })
    // A pipe or a device cannot be replaced; what is added to has no other half to protect.
    if (kind === 'append') return handleSink(path, await open(path, 'a'))
    if (found !== undefined && !found.isFile()) return handleSink(path, await open(path, 'w'))
    return atomicSink(path, found === undefined ? path : await realpath(path), found?.mode, unique)
  })
}

/** Temporary files that go when the process does: a second Ctrl-C, or standard output that cannot be written, ends it at once. */
const unfinished = new Set<string>()

function removeUnfinished(): void {
  for (const path of unfinished) rmSync(path, { force: true })
}

/** As src/platform/fs/atomic-write.ts does it, for what is too long to be held: a temporary file beside it, then a rename. */
async function atomicSink(named: string, path: string, mode: number | undefined, unique: string): Promise<Sink> {
  const folder = dirname(path)
  const temporary = join(folder, `.${basename(path)}.prov-tmp-${unique}`)
  const handle = await open(temporary, 'wx', mode === undefined ? 0o644 : mode & 0o777)
  if (unfinished.size === 0) process.on('exit', removeUnfinished)
  unfinished.add(temporary)
  const finished = (): void => {
    unfinished.delete(temporary)
    if (unfinished.size === 0) process.off('exit', removeUnfinished)
  }
  const inner = handleSink(named, handle, async () => {
    if (mode !== undefined) await chmod(temporary, mode & 0o7777)
    await handle.sync()
  })
  return {
    write: inner.write,
    async commit() {
      await inner.commit()
      await told(named, async () => {
        await rename(temporary, path)
        finished()
        await nodeFiles.syncFolder(folder)
      })
    },
    async discard() {
      await inner.discard()
      await unlink(temporary).catch(() => undefined)
      finished()
    },
  }
}

function handleSink(path: string, handle: FileHandle, last: () => Promise<void> = async () => {}): Sink {
  let pieces: string[] = []
  let length = 0
  const flush = async (): Promise<void> => {
    const text = pieces.join('')
    pieces = []
    length = 0
    if (text !== '') await handle.appendFile(text)
  }
  return {
    async write(text) {
      pieces.push(text)
      length += text.length
      if (length >= PIECE) await told(path, flush)
    },
    commit: () =>
      told(path, async () => {
        await flush()
        await last()
        await handle.close()
      }),
    discard: () => handle.close().catch(() => undefined),
  }
}

async function told<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    const error = fileError(thrown, { operation: 'write', location: path })
    if (error.code === 'internal') throw error
    throw new ProvError('target_unwritable', error.message, { location: path, cause: thrown })
  }
}
