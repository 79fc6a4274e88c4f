/** The port over a directory: the same names as in a bucket, each object a file. */
import { lstat, opendir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { CallOptions, Context } from '../../src/backend/backend.ts'
import { errorJson, ProvError } from '../../src/errors.ts'
import { type Files, fileError, fileErrorCode, nodeFiles } from '../../src/platform/fs/files.ts'
import { withLock } from '../../src/platform/fs/lock-file.ts'
import { makeFolders } from '../../src/platform/fs/make-folders.ts'
import { isOddFile, readRegular, refuseOutside } from '../../src/platform/fs/regular-file.ts'
import { type ListedObject, MAX_OBJECT_BYTES, type ObjectStore, type StoredObject } from './store.ts'

export interface DirectoryOptions {
  readonly backend: string
  readonly directory: string
  /** Default: the real ones. */
  readonly files?: Files
}

const LOCK_TIMEOUT_MS = 30_000

/**
 * A {@link ObjectStore} over a directory, which is made with the first write. A new file appears whole and only where none is;
 * what replaces or deletes one holds a lock file beside it. Throws `denied`, `storage_io` and `conflict` (a lock held for too long).
 *
 * @example directoryStore(context, { backend: 's3', directory: 'copies' }).get('image/09e7….payload', { signal })
 */
export function directoryStore(
  { now, random }: Pick<Context, 'now' | 'random'>,
  { backend, directory, files = nodeFiles }: DirectoryOptions,
): ObjectStore {
  /** Names are checked in place.ts; a slot may come from a plan that somebody edited. */
  function pathOf(name: string): string {
    if (/^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/.test(name)) return join(directory, name)
    throw new ProvError('internal', `${JSON.stringify(name)} is not an object's name`, { backend })
  }

  async function attempt<T>(operation: string, location: string, { signal }: CallOptions, work: () => Promise<T>) {
    try {
      if (signal.aborted) throw new ProvError('aborted', 'stopped before it was done', { backend, operation, location })
      return await work()
    } catch (thrown) {
      throw fileError(thrown, { backend, operation, location })
    }
  }

  const syncFolder = shared((folder: string) => files.syncFolder(folder))

  /** Tells the temporary files of this writer from those of any other. */
  const unique = Buffer.from(random(8)).toString('hex')
  let written = 0

  /** Makes a file with these bytes that is on the disk already, moves it to its place, and gives its version. */
  async function write(path: string, bytes: Uint8Array, move: (made: string) => Promise<void>): Promise<string> {
    const made = join(dirname(path), `.${basename(path)}.prov-tmp-${unique}-${written++}`)
    try {
      await files.create(made, bytes, 0o644, true).catch(async (error: unknown) => {
        if (fileErrorCode(error) !== 'ENOENT') throw error
        await makeFolder(dirname(path))
        await files.create(made, bytes, 0o644, true)
      })
      const version = versionOf(await lstat(made, { bigint: true }))
      await move(made)
      await syncFolder(dirname(path))
      return version
    } finally {
      await files.unlink(made).catch(() => {})
    }
  }

  /** Makes the folder, and brings the name of each new one to the disk. */
  async function makeFolder(folder: string): Promise<void> {
    const whole = resolve(folder)
    const first = await makeFolders(whole)
    if (first === undefined) return
    for (let made = whole; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made))
  }

  async function create(path: string, bytes: Uint8Array): Promise<string | undefined> {
    if ((await versionAt(path)) !== undefined) return undefined
    try {
      return await write(path, bytes, (made) => files.link(made, path))
    } catch (error) {
      if (fileErrorCode(error) === 'EEXIST') return undefined
      throw error
    }
  }

  /** Runs `work` under the file's lock; undefined: something else than `expect` stands there. */
  async function change<T>(path: string, expect: string, { signal }: CallOptions, work: () => Promise<T>) {
    if ((await versionAt(path)) !== expect) return undefined
    const lock = join(dirname(path), `.${basename(path)}.prov-lock`)
    return withLock(lock, { signal, timeoutMs: LOCK_TIMEOUT_MS, now, random, files }, async () =>
      (await versionAt(path)) === expect ? work() : undefined,
    )
  }

  return {
    get: (name, calls) => attempt('read', pathOf(name), calls, () => readFile(directory, pathOf(name))),

    head: (name, calls) =>
      attempt('read', pathOf(name), calls, async () => {
        const outside = await inside(directory, pathOf(name)).catch(oddOnly)
        return outside === undefined ? versionAt(pathOf(name)) : OUTSIDE
      }),

    put: (name, bytes, expect, calls) =>
      attempt('write', pathOf(name), calls, async () => {
        const path = pathOf(name)
        await inside(directory, path)
        if (expect === null) return create(path, bytes)
        return change(path, expect, calls, () => write(path, bytes, (made) => files.rename(made, path)))
      }),

    delete: (name, expect, calls) =>
      attempt('delete', pathOf(name), calls, async () => {
        const path = pathOf(name)
        await inside(directory, path)
        await change(path, expect, calls, async () => {
          await files.unlink(path)
          await syncFolder(dirname(path))
        })
      }),

    async *list(prefix, calls) {
      for await (const folder of namesIn(directory, true, backend)) {
        if (!folder.startsWith(prefix) && !prefix.startsWith(`${folder}/`)) continue
        for await (const file of namesIn(join(directory, folder), false, backend)) {
          if (calls.signal.aborted) throw new ProvError('aborted', 'stopped before it was done', { backend })
          const name = `${folder}/${file}`
          if (name.startsWith(prefix)) yield await listed(join(directory, name), name)
        }
      }
    },

    close: () => {},
  }
}

/**
 * One call at a time for each folder: whoever comes while one is under way shares the next with all others who do, since that one may
 * have begun before what they did.
 */
function shared(work: (folder: string) => Promise<void>): (folder: string) => Promise<void> {
  const running = new Map<string, Promise<void>>()
  const next = new Map<string, Promise<void>>()

  function run(folder: string): Promise<void> {
    const made = work(folder).finally(() => {
      if (running.get(folder) === made) running.delete(folder)
    })
    running.set(folder, made)
    return made
  }

  return (folder) => {
    const now = running.get(folder)
    if (now === undefined) return run(folder)
    const waiting = next.get(folder)
    if (waiting !== undefined) return waiting
    const then = (): Promise<void> => {
      next.delete(folder)
      return run(folder)
    }
    const made = now.then(then, then)
    next.set(folder, made)
    return made
  }
}

/** Version of whatever stands behind a folder that leads out of the directory. */
const OUTSIDE = 'outside'

/** Files are replaced as a whole, so an open one does not change: its bytes belong to its version. */
async function readFile(directory: string, path: string): Promise<StoredObject | undefined> {
  const outside = await inside(directory, path).catch(oddOnly)
  if (outside !== undefined) return { bytes: new Uint8Array(), version: OUTSIDE, damage: errorJson(outside) }
  try {
    const { bytes, facts } = await readRegular(path, { maxBytes: MAX_OBJECT_BYTES, follow: false })
    return { bytes, version: versionOf(facts) }
  } catch (error) {
    if (isAbsent(error)) return undefined
    if (!isOddFile(error)) throw error
    const version = await versionAt(path)
    return version === undefined ? undefined : { bytes: new Uint8Array(), version, damage: errorJson(error) }
  }
}

/** Throws when the file's folder leads out of the directory. */
function inside(directory: string, path: string): Promise<void> {
  const folder = dirname(path)
  const known = checking.get(folder)
  if (known !== undefined) return known
  const check = refuseOutside(directory, basename(folder)).finally(() => checking.delete(folder))
  checking.set(folder, check)
  return check
}

/** Checks under way: the four files of a place are asked for together. */
const checking = new Map<string, Promise<void>>()

function oddOnly(thrown: unknown): ProvError {
  if (isOddFile(thrown)) return thrown
  throw thrown
}

async function versionAt(path: string): Promise<string | undefined> {
  try {
    return versionOf(await lstat(path, { bigint: true }))
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** Each write makes a new file. */
function versionOf({ ino, mtimeNs, size }: { ino: bigint; mtimeNs: bigint; size: bigint }): string {
  return `${ino}-${mtimeNs}-${size}`
}

async function listed(path: string, name: string): Promise<ListedObject> {
  const facts = await lstat(path).catch(() => undefined)
  return { name, size: facts?.size }
}

/** Names of the folders or of the files in a folder, but those of locks and the like; none in one that is absent. */
async function* namesIn(folder: string, folders: boolean, backend: string): AsyncIterable<string> {
  try {
    for await (const found of await opendir(folder)) {
      if (found.isDirectory() === folders && !found.name.startsWith('.')) yield found.name
    }
  } catch (error) {
    if (!isAbsent(error)) throw fileError(error, { backend, operation: 'list', location: folder })
  }
}

function isAbsent(error: unknown): boolean {
  return fileErrorCode(error) === 'ENOENT'
}
