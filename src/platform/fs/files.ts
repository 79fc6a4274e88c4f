/** The few file operations that prov's writers use, as a port: what is given another one can be stopped before and after each of them. */
import { constants } from 'node:fs'
import * as fs from 'node:fs/promises'
import { errorAt, ProvError } from '../../errors.ts'
import { type ReadOptions, readRegular } from './regular-file.ts'

/** No file that prov reads as a whole is larger. */
const MAX_FILE_BYTES = 256 * 1024 * 1024

/** What is kept of a file when it is replaced. */
export interface FileFacts {
  /** Permission bits, as `chmod` takes them. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly modified: number
  /** The inode number, which differs for another file under the same name. */
  readonly inode?: number
}

/** Each rejects with Node's own error (`code: 'ENOENT'`, …); {@link fileError} makes a ProvError of it. */
export interface Files {
  /** The path with every symbolic link followed. */
  realpath(path: string): Promise<string>
  facts(path: string): Promise<FileFacts>
  /** A regular file as a whole; by default links are followed, and the file may have {@link MAX_FILE_BYTES}. */
  read(path: string, options?: Partial<ReadOptions>): Promise<Uint8Array>
  /** Rejects with EACCES or EROFS when a file cannot be made or replaced in that folder. */
  canWriteIn(folder: string): Promise<void>
  /** A new file; EEXIST when there is one. `durable`: it is on the disk, not only in memory, when the call ends (else see `sync`). */
  create(path: string, bytes: Uint8Array, mode: number, durable?: boolean): Promise<void>
  sync(path: string): Promise<void>
  /** Makes renames in the folder last. Does nothing on systems that cannot. */
  syncFolder(folder: string): Promise<void>
  chmod(path: string, mode: number): Promise<void>
  chown(path: string, uid: number, gid: number): Promise<void>
  rename(from: string, to: string): Promise<void>
  link(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
}

/** The real ones. */
export const nodeFiles: Files = {
  realpath: (path) => fs.realpath(path),
  facts: async (path) => {
    const { mode, uid, gid, size, mtimeMs, ino } = await fs.stat(path)
    return { mode: mode & 0o7777, uid, gid, size, modified: mtimeMs, inode: ino }
  },
  read: async (path, options) =>
    (await readRegular(path, { maxBytes: MAX_FILE_BYTES, follow: true, ...options })).bytes,
  canWriteIn: (folder) => fs.access(folder, constants.W_OK | constants.X_OK),
  create: (path, bytes, mode, durable) => fs.writeFile(path, bytes, { flag: 'wx', mode, flush: durable ?? false }),
  sync: (path) => synced(path, 'r+'),
  syncFolder: (folder) => (process.platform === 'win32' ? Promise.resolve() : synced(folder, 'r')),
  chmod: (path, mode) => fs.chmod(path, mode),
  chown: (path, uid, gid) => fs.chown(path, uid, gid),
  rename: (from, to) => fs.rename(from, to),
  link: (from, to) => fs.link(from, to),
  unlink: (path) => fs.unlink(path),
}

async function synced(path: string, flags: string): Promise<void> {
  const handle = await fs.open(path, flags)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Node's code of a failed file operation, e.g. `ENOENT`; undefined for any other thrown value.
 *
 * @example fileErrorCode(await fs.stat('nowhere').catch((e) => e)) // 'ENOENT'
 */
export function fileErrorCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined
  return typeof thrown.code === 'string' ? thrown.code : undefined
}

const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOENT: 'no such file or folder',
  EEXIST: 'something else has that name',
  EBUSY: 'it is in use',
  EIO: 'the disk or its server failed',
  ENOSPC: 'no space is left',
  EFBIG: 'the file would be larger than the system allows',
  EDQUOT: 'the quota is used up',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  ENOTEMPTY: 'the folder is not empty',
  EXDEV: 'it is on another disk',
  EINVAL: 'the file system does not allow this',
  ETXTBSY: 'it is in use',
  ENXIO: 'nothing reads or writes the other end',
  ENODEV: 'the device is missing',
  ETIMEDOUT: 'the file system did not answer in time',
  ERR_INVALID_ARG_VALUE: 'not a valid path',
}

/**
 * Why a file operation failed, in words; a code of the system never stands alone.
 *
 * @example fileReason('EACCES') // 'permission denied'
 */
export function fileReason(code: string): string {
  return MEANINGS[code] ?? `unexpected error of the system (${code})`
}

/**
 * A failed file operation as a ProvError: `denied` for permissions and read-only file systems, `storage_io` for the rest. A
 * ProvError is handed through, a defect stays `internal`.
 *
 * @example throw fileError(thrown, { backend: 'tekton', operation: 'write', location: 'run.yaml' })
 */
export function fileError(
  thrown: unknown,
  where: { readonly backend?: string | undefined; readonly operation: string; readonly location: string },
): ProvError {
  if (thrown instanceof ProvError) {
    if (where.backend === undefined || thrown.backend !== undefined) return thrown
    return errorAt(thrown, { backend: where.backend, location: thrown.location ?? where.location })
  }
  const code = fileErrorCode(thrown)
  if (code === undefined) return new ProvError('internal', String(thrown), { ...where, cause: thrown })
  const denied = code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
  const message = `cannot ${where.operation} ${where.location}: ${fileReason(code)}`
  return new ProvError(denied ? 'denied' : 'storage_io', message, { ...where, cause: thrown })
}
