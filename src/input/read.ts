/** The bytes of the inputs: files, folders, standard input. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ProvError } from '../errors.ts'
import { readPipe } from '../platform/fs/pipe.ts'

/** Largest single input in bytes, unless said otherwise. */
export const MAX_BYTES = 32 * 1024 * 1024

/** One input as it was named. */
export interface InputFile {
  /** Path as given, or below the folder given; `-` for standard input. */
  readonly file: string
  readonly bytes: Uint8Array
}

export interface ReadOptions {
  /** Read for `-`; without it `-` is refused. */
  readonly stdin?: AsyncIterable<Uint8Array | string> | undefined
  readonly maxBytes: number
}

/**
 * Reads every path, in order; a folder stands for its `*.yaml`, `*.yml` and `*.json` files by name, not for those of folders in it. Throws
 * `input_unreadable`, `input_too_large` (before the file is read), or `usage` for `-` without standard input.
 *
 * @example for await (const { file, bytes } of readFiles(['runs/'], { maxBytes: 1e6 })) …
 */
export async function* readFiles(paths: readonly string[], options: ReadOptions): AsyncIterable<InputFile> {
  for (const path of paths) {
    if (path === '-') {
      yield { file: '-', bytes: await readBounded('-', options) }
      continue
    }
    for (const file of await filesOf(path)) yield { file, bytes: await readOne(file, options.maxBytes) }
  }
}

/**
 * The bytes of one file, or of standard input for `-`; throws as {@link readFiles}. `maxBytes` is 32 MiB unless said.
 *
 * @example await readBounded('statement.json')
 */
export async function readBounded(path: string, options: Partial<ReadOptions> = {}): Promise<Uint8Array> {
  const maxBytes = options.maxBytes ?? MAX_BYTES
  if (path !== '-') return readOne(path, maxBytes)
  if (options.stdin === undefined)
    throw new ProvError('usage', 'there is no standard input to read', { hint: 'name a file' })
  return collect('standard input', options.stdin, maxBytes)
}

async function filesOf(path: string): Promise<readonly string[]> {
  const info = await look(path, () => stat(path))
  if (!info.isDirectory()) return [path]
  const names = await look(path, () => readdir(path))
  return names
    .filter((name) => /\.(ya?ml|json)$/.test(name) && !name.startsWith('.'))
    .toSorted()
    .map((name) => join(path, name))
}

async function readOne(file: string, maxBytes: number): Promise<Uint8Array> {
  const info = await look(file, () => stat(file))
  if (info.isDirectory())
    throw new ProvError('input_unreadable', `${file}: is a folder`, { location: file, hint: 'name the file' })
  if (info.size > maxBytes) throw tooLarge(file, maxBytes)
  if (info.isFile()) return look(file, () => readFile(file))
  return look(file, () => collect(file, readPipe(file), maxBytes))
}

async function collect(
  name: string,
  stream: AsyncIterable<Uint8Array | string>,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    size += bytes.length
    if (size > maxBytes) throw tooLarge(name, maxBytes)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

function tooLarge(name: string, maxBytes: number): ProvError {
  return new ProvError('input_too_large', `${name}: larger than ${Math.floor(maxBytes / 1048576)} MiB`, {
    location: name,
    hint: 'give the runs in several files',
  })
}

async function look<T>(file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (cause) {
    if (cause instanceof ProvError) throw cause
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    const why = REASONS.get(code) ?? code
    throw new ProvError('input_unreadable', `${file}: ${why}`, {
      location: file,
      hint: 'check the path and its permissions',
      cause,
    })
  }
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file or folder'],
  ['EACCES', 'permission denied'],
  ['ENOTDIR', 'a part of the path is not a folder'],
  ['ELOOP', 'too many symbolic links'],
  ['ENAMETOOLONG', 'the name is too long'],
  ['ERR_INVALID_ARG_VALUE', 'no valid path'],
])
