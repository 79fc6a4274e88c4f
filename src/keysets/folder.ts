/** A key store in a folder: `NAME.key`, encrypted and for its owner only, and `NAME.pub` beside it. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ProvError } from '../errors.ts'
import { publicKeyIn } from '../keys/public-half.ts'
import { type Files, fileError, fileErrorCode, nodeFiles } from '../platform/fs/files.ts'
import { withLock } from '../platform/fs/lock-file.ts'
import type { KeyStore, StoredKey } from './keystore.ts'

export interface FolderOptions {
  readonly signal: AbortSignal
  now(): number
  random(size: number): Uint8Array
  readonly files?: Files
}

/** A key of 16,384 bits is under 16 KiB. */
const MAX_BYTES = 64 * 1024
const MOST_FILES = 20_000
/** Making a key file takes milliseconds. */
const LOCK_MS = 30_000
const CLAIM = 'journal'

/**
 * The folder has to be there. Each call throws `storage_io` or `denied` with the path for what the disk refuses.
 *
 * @example const store = folderStore('/etc/prov/keys', { signal, now: Date.now, random: randomBytes })
 */
export function folderStore(folder: string, options: FolderOptions): KeyStore {
  const files = options.files ?? nodeFiles
  const at = (name: string): string => join(folder, name)
  const locked = <T>(work: () => Promise<T>): Promise<T> =>
    withLock(at('.prov-lock'), { ...options, files, timeoutMs: LOCK_MS }, work)
  const failing = async <T>(operation: string, location: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (thrown) {
      throw fileError(thrown, { operation, location })
    }
  }

  const partOf = (name: string): string => at(`.${name}.prov-tmp`)

  /** Whole or not at all: the name appears with its last byte, and never in the place of another file. False where it is taken. */
  async function create(name: string, bytes: Uint8Array, mode: number): Promise<boolean> {
    const part = partOf(name)
    await gone(files.unlink(part)) // of a process that died: whoever lives holds the lock
    try {
      await files.create(part, bytes, mode, true)
      await files.link(part, at(name))
    } catch (thrown) {
      if (fileErrorCode(thrown) === 'EEXIST') return false
      throw thrown
    } finally {
      await gone(files.unlink(part))
    }
    await files.syncFolder(folder)
    return true
  }

  const text = async (name: string): Promise<string> =>
    Buffer.from(await files.read(at(name), { maxBytes: MAX_BYTES })).toString('latin1')

  return {
    location: `folder:${folder}`,
    list: () =>
      failing('read', folder, async () => {
        const names = (await readdir(folder).catch(unmade))
          .filter((name) => /^[^.].*\.(?:key|pub)$/.test(name))
          .toSorted()
        if (names.length > MOST_FILES) throw new ProvError('limit_exceeded', `${folder} holds over ${MOST_FILES} keys`)
        const privates = new Set(names.filter((name) => name.endsWith('.key')).map(stem))
        const stored: StoredKey[] = []
        for (const name of new Set(names.map(stem))) {
          const publicKey = names.includes(`${name}.pub`)
            ? publicKeyIn(await orNothing(text(`${name}.pub`)))
            : undefined
          stored.push({ name, hasPrivate: privates.has(name), ...(publicKey === undefined ? {} : { publicKey }) })
        }
        return stored
      }),
    make: (name, privatePem) =>
      failing('write', at(`${name}.key`), () => locked(() => create(`${name}.key`, Buffer.from(privatePem), 0o600))),
    makePublic: (name, publicPem) =>
      failing('write', at(`${name}.pub`), async () => {
        await locked(async () => {
          await create(`${name}.pub`, Buffer.from(publicPem), 0o644)
          await gone(files.unlink(partOf(`${name}.key`))) // a second name of the private key, if its maker died in between
        })
      }),
    read: (name) => failing('read', at(`${name}.key`), () => text(`${name}.key`)),
    destroy: (name) =>
      failing('remove', at(`${name}.key`), () =>
        locked(async () => {
          await gone(files.unlink(partOf(`${name}.key`)))
          const was = await gone(files.unlink(at(`${name}.key`)).then(() => true))
          if (was === true) await files.syncFolder(folder)
          return was === true
        }),
      ),
    claim: (journal) =>
      failing('write', at(CLAIM), async () => {
        await locked(() => create(CLAIM, Buffer.from(`${journal}\n`), 0o644))
        return (await text(CLAIM)).trim()
      }),
    claimed: () => failing('read', at(CLAIM), async () => (await gone(text(CLAIM)))?.trim()),
    close: () => undefined,
  }
}

/** Nobody but its owner makes it: a folder that is not mounted just now would be taken for an empty store. */
function unmade(thrown: unknown): never {
  if (fileErrorCode(thrown) !== 'ENOENT') throw thrown
  throw new ProvError('storage_io', 'the folder of the key store is not there', {
    operation: 'read',
    location: String((thrown as NodeJS.ErrnoException).path),
    hint: 'is it mounted? a new one is made with mkdir -m 700',
    cause: thrown,
  })
}

const stem = (name: string): string => name.slice(0, name.lastIndexOf('.'))

/** '' for what is not a small regular file, and for one that went meanwhile: its neighbours are read all the same. */
async function orNothing(call: Promise<string>): Promise<string> {
  try {
    return await call
  } catch (error) {
    const isOdd = error instanceof ProvError || fileErrorCode(error) === 'ENOENT' || fileErrorCode(error) === 'ELOOP'
    if (isOdd) return ''
    throw error
  }
}

/** undefined for a file that is not there. */
async function gone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return undefined
    throw error
  }
}
