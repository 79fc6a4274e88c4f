/** Replaces a file as a whole: readers, also after a power cut, see either the old or the new content. */
import { basename, dirname, join } from 'node:path'
import { type FileFacts, type Files, fileErrorCode, nodeFiles } from './files.ts'

export interface AtomicWriteOptions {
  readonly files?: Files
  /** The file that is being replaced, so that mode and owner are kept; absent: a new file of mode 0644. */
  readonly like?: FileFacts | undefined
  /** Tells the temporary files of several writers apart. Absent: the writer holds a lock, and a leftover of a dead one is removed. */
  readonly unique?: string
  /** Called when all is ready, right before the rename; what it throws leaves the file as it is. */
  readonly recheck?: () => Promise<void>
}

/**
 * Writes a temporary file in the same folder, brings it to the disk, renames it over `path` and brings the folder to the disk.
 * `path` must not be a symbolic link that should stay one: resolve it first. Rejects with Node's own error; the temporary file is
 * then removed. An owner that this process may not set is not kept.
 *
 * @example await atomicWrite('run.yaml', bytes, { like: await nodeFiles.facts('run.yaml') })
 */
export async function atomicWrite(path: string, bytes: Uint8Array, options: AtomicWriteOptions = {}): Promise<void> {
  const { files = nodeFiles, like, unique, recheck } = options
  const folder = dirname(path)
  const temporary = join(folder, `.${basename(path)}.prov-tmp${unique === undefined ? '' : `-${unique}`}`)
  // Never wider than the file it replaces, not even for a moment.
  const create = () => files.create(temporary, bytes, like === undefined ? 0o644 : like.mode & 0o777, true)
  try {
    await create().catch(async (error: unknown) => {
      if (fileErrorCode(error) !== 'EEXIST') throw error
      await files.unlink(temporary)
      await create()
    })
    if (like !== undefined) await keepOwner(files, temporary, like)
    await recheck?.()
    await files.rename(temporary, path)
  } catch (error) {
    await removeIfThere(files, temporary).catch(() => {})
    throw error
  }
  await files.syncFolder(folder)
}

async function keepOwner(files: Files, path: string, like: FileFacts): Promise<void> {
  const made = await files.facts(path)
  const foreign = made.uid !== like.uid || made.gid !== like.gid
  if (foreign) {
    try {
      await files.chown(path, like.uid, like.gid)
    } catch (error) {
      if (fileErrorCode(error) !== 'EPERM') throw error
    }
  }
  // A change of owner clears the setuid bits.
  if (foreign || made.mode !== like.mode) await files.chmod(path, like.mode)
}

async function removeIfThere(files: Files, path: string): Promise<void> {
  try {
    await files.unlink(path)
  } catch (error) {
    if (fileErrorCode(error) !== 'ENOENT') throw error
  }
}
