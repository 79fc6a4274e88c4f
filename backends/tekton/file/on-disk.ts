/** The bytes of a file of runs: read again and again, and replaced as a whole. */
import { basename, dirname, join } from 'node:path'
import { ProvError } from '../../../src/errors.ts'
import { atomicWrite } from '../../../src/platform/fs/atomic-write.ts'
import { type FileFacts, type Files, fileError, fileErrorCode } from '../../../src/platform/fs/files.ts'
import { NAME } from '../layout.ts'
import type { RunsText } from './cut-text.ts'
import { splitRuns } from './runs-text.ts'

/** Largest file that is read, in bytes. */
const MAX_FILE_BYTES = 256 * 1024 * 1024

/** What was read last, or written. */
export interface RunsState {
  readonly bytes: Uint8Array
  readonly text: RunsText
  readonly facts: FileFacts
}

export interface RunsOnDisk {
  /** The file behind symbolic links. */
  resolved(): Promise<string>
  /** undefined when there is none and need not be. Throws `response_too_large`, `response_invalid`, and what the file system does. */
  load(file: string): Promise<RunsState | undefined>
  /** Only over the file as it was loaded; throws `conflict` when another program changed it since. */
  write(file: string, state: RunsState | undefined, text: RunsText): Promise<void>
}

export interface DiskOptions {
  readonly files: Files
  /** There may be no file yet. */
  readonly create: boolean
}

/** @example await runsOnDisk('run.yaml', { files: nodeFiles, create: false }).load('run.yaml') */
export function runsOnDisk(path: string, { files, create }: DiskOptions): RunsOnDisk {
  const where = (operation: string) => ({ backend: NAME, operation, location: path })
  let known: RunsState | undefined

  async function resolved(): Promise<string> {
    try {
      return await files.realpath(path).catch(async (error: unknown) => {
        if (!create || fileErrorCode(error) !== 'ENOENT') throw error
        // Where there is no folder either, there is nothing to read, and `ready` says so before a write.
        const folder = await files.realpath(dirname(path)).catch(() => dirname(path))
        return join(folder, basename(path))
      })
    } catch (error) {
      throw fileError(error, where('read'))
    }
  }

  /** Cut anew only when the bytes have changed: times and sizes would be no proof. */
  async function load(file: string): Promise<RunsState | undefined> {
    try {
      const facts = await files.facts(file)
      if (facts.size > MAX_FILE_BYTES) {
        throw new ProvError('response_too_large', `${path} is larger than ${MAX_FILE_BYTES} bytes`, where('read'))
      }
      const bytes = await files.read(file)
      const same = known !== undefined && Buffer.compare(known.bytes, bytes) === 0 ? known.text : undefined
      known = { bytes, text: same ?? splitRuns(decoded(bytes)), facts }
      return known
    } catch (error) {
      if (create && fileErrorCode(error) === 'ENOENT') return undefined
      throw fileError(error, where('read'))
    }
  }

  async function write(file: string, state: RunsState | undefined, text: RunsText): Promise<void> {
    const bytes = Buffer.from(text.parts.join(''))
    await atomicWrite(file, bytes, { files, like: state?.facts, recheck: () => refuseChanged(file, state?.facts) })
    known = { bytes, text, facts: state?.facts ?? { mode: 0, uid: 0, gid: 0, size: bytes.length, modified: 0 } }
  }

  /** prov's writers hold the lock; an editor or a script takes no notice of it. */
  async function refuseChanged(file: string, before: FileFacts | undefined): Promise<void> {
    const now = await files.facts(file).catch((error: unknown) => {
      if (fileErrorCode(error) !== 'ENOENT') throw error
    })
    const same = now?.size === before?.size && now?.modified === before?.modified && now?.inode === before?.inode
    if (same) return
    throw new ProvError('conflict', `another program changed ${path} while it was being written`, {
      ...where('write'),
      hint: 'nothing was written; the same command tries again on the file as it is now',
    })
  }

  return { resolved, load, write }
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new ProvError('response_invalid', 'the file is not UTF-8', { backend: NAME, operation: 'read', cause })
  }
}
