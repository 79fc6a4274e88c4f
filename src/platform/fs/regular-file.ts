/** Files in folders that others may write to: read without following a link, without waiting at a pipe, and never without a limit. */
import { type BigIntStats, close, constants, fstat, lstat, open, read, stat } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { ProvError } from '../../errors.ts'

export interface RegularFile {
  readonly bytes: Uint8Array
  /** Of the very file that was read. */
  readonly facts: BigIntStats
}

export interface ReadOptions {
  /** A longer file is `response_too_large`. */
  readonly maxBytes: number
  /** A link is followed to its file; otherwise it is `symbolic_link`. */
  readonly follow: boolean
}

/**
 * The bytes of a regular file. Throws `symbolic_link`, `not_regular_file`, `response_too_large`, `conflict` for one that grows meanwhile, and
 * what node:fs throws.
 *
 * @example (await readRegular('copies/taskrun-x/y.payload', { maxBytes: 1024, follow: false })).bytes
 */
export async function readRegular(path: string, { maxBytes, follow }: ReadOptions): Promise<RegularFile> {
  // Before it is opened: opening a device may do something already.
  refuseOdd(path, await told<BigIntStats>((done) => (follow ? stat : lstat)(path, { bigint: true }, done)))
  const noFollow = follow ? 0 : (constants.O_NOFOLLOW ?? 0)
  try {
    const flags = constants.O_RDONLY | noFollow | (constants.O_NONBLOCK ?? 0)
    const file = await told<number>((done) => open(path, flags, done))
    try {
      return await readOpen(file, path, maxBytes)
    } finally {
      await told((done) => close(file, done))
    }
  } catch (thrown) {
    // The link took the place of the file only now.
    if (!follow && codeOf(thrown) === 'ELOOP') throw isLink(path)
    throw thrown
  }
}

async function readOpen(file: number, path: string, maxBytes: number): Promise<RegularFile> {
  const facts = await told<BigIntStats>((done) => fstat(file, { bigint: true }, done))
  refuseOdd(path, facts)
  if (facts.size > maxBytes) throw refused('response_too_large', path, `is over ${maxBytes} bytes`)
  const buffer = Buffer.allocUnsafeSlow(Number(facts.size) + 1)
  for (let length = 0; ; ) {
    const room = buffer.length - length
    const more = await told<number>((done) => read(file, buffer, length, room, null, done))
    length += more
    if (length === buffer.length) throw refused('conflict', path, 'grows while it is read')
    // One byte more was asked for than it had: it has ended where it was said to end.
    const isWhole = length === buffer.length - 1
    if (more === 0 || isWhole) return { bytes: new Uint8Array(buffer.buffer, buffer.byteOffset, length), facts }
  }
}

/** A bucket's folder is read file by file, a thousand and more: what node:fs/promises adds to each of five calls is a third of their time. */
function told<T>(call: (done: (error: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error === null || error === undefined ? resolve(value as T) : reject(error)))
  })
}

/**
 * Throws `symbolic_link` when the folder of that name below `root` leads out of `root`, `not_regular_file` when it is not a folder; nothing for
 * one that is not there. `root` itself may be a link: the user named it.
 *
 * @example await refuseOutside('copies', 'taskrun-ci-build')
 */
export async function refuseOutside(root: string, folder: string): Promise<void> {
  const path = join(root, folder)
  const facts = await told<BigIntStats>((done) => lstat(path, { bigint: true }, done)).catch((thrown: unknown) => {
    if (codeOf(thrown) !== 'ENOENT') throw thrown
  })
  if (facts === undefined || facts.isDirectory()) return
  if (!facts.isSymbolicLink()) throw refused('not_regular_file', path, `is ${kindOf(facts)}, not a folder`)
  // A link to nothing, or to itself, leads out as well.
  const [real, own] = await Promise.all([realpath(path).catch(() => ''), realpath(root)])
  if (!real.startsWith(own.endsWith(sep) ? own : `${own}${sep}`)) throw isLink(path)
}

/** True for what {@link readRegular} and {@link refuseOutside} say of a thing that no reader should open. */
export function isOddFile(thrown: unknown): thrown is ProvError {
  return thrown instanceof ProvError && (thrown.code === 'symbolic_link' || thrown.code === 'not_regular_file')
}

function refuseOdd(path: string, facts: BigIntStats): void {
  if (facts.isSymbolicLink()) throw isLink(path)
  if (!facts.isFile()) throw refused('not_regular_file', path, `is ${kindOf(facts)}, not a regular file`)
}

function isLink(path: string): ProvError {
  return refused('symbolic_link', path, 'is a symbolic link, which is not followed')
}

function refused(code: ProvError['code'], path: string, what: string): ProvError {
  return new ProvError(code, `${path} ${what}`, { operation: 'read', location: path })
}

function kindOf(facts: BigIntStats): string {
  if (facts.isDirectory()) return 'a folder'
  if (facts.isFIFO()) return 'a pipe'
  if (facts.isSocket()) return 'a socket'
  return facts.isFile() ? 'a file' : 'a device'
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
}
