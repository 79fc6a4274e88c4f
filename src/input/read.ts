/** The bytes of the inputs: files, folders, standard input. */
import { readFile, stat } from 'node:fs/promises'
import { relative, sep } from 'node:path'
import { ProvError } from '../errors.ts'
import { fileReason } from '../platform/fs/files.ts'
import { readPipe } from '../platform/fs/pipe.ts'
import { filesBelow, type NotRead } from './folder.ts'

/** Largest single input in bytes, unless said otherwise. */
export const MAX_BYTES = 32 * 1024 * 1024

/** The most files that are read from folders, and the most names that are read there. */
const MAX_FILES = 100_000
const MAX_NAMES = 2_000_000

/** One input as it was named. */
export interface InputFile {
  /** Path as given, or below the folder given; `-` for standard input. */
  readonly file: string
  readonly bytes: Uint8Array
  /** By the caller, not found in a folder. */
  readonly named: boolean
  /** Directly in a folder that was named, not in one below it. */
  readonly direct: boolean
}

export interface ReadOptions {
  /** Read for `-`; without it `-` is refused. */
  readonly stdin?: AsyncIterable<Uint8Array | string> | undefined
  readonly maxBytes: number
  /** Called for each thing in a folder that is not read. */
  readonly notRead?: (why: NotRead) => void
}

/**
 * Reads every path, in order; a folder means the `*.yaml`, `*.yml` and `*.json` files in it and in the folders below (see {@link
 * filesBelow}). Throws `input_unreadable`, `input_too_large` (before the file is read, or for more than 100,000 of them), or `usage` for `-`
 * without standard input.
 *
 * @example for await (const { file, bytes } of readFiles(['runs/'], { maxBytes: 1e6 })) …
 */
export async function* readFiles(paths: readonly string[], options: ReadOptions): AsyncIterable<InputFile> {
  let before = 0
  for (const path of paths) {
    if (path === '-') {
      yield { file: '-', bytes: await readBounded('-', options), named: true, direct: false }
      continue
    }
    const info = await look(path, () => stat(path))
    if (!info.isDirectory()) {
      yield { file: path, bytes: await readOne(path, options.maxBytes), named: true, direct: false }
      continue
    }
    const files = await look(path, () => filesOf(path, before, options))
    before += files.length
    for (const file of files) {
      const direct = !relative(path, file).includes(sep)
      yield { file, bytes: await readOne(file, options.maxBytes), named: false, direct }
    }
  }
}

/** All of a folder, so that one that is too large is refused before anything of it is read. */
async function filesOf(path: string, before: number, { notRead }: ReadOptions): Promise<readonly string[]> {
  const room = (files: number, names: number): void => {
    if (before + files <= MAX_FILES && names <= MAX_NAMES) return
    const many = names > MAX_NAMES ? `${MAX_NAMES} names` : `${MAX_FILES} files to read`
    throw new ProvError('input_too_large', `${path}: holds more than ${many}`, {
      location: path,
      hint: 'name the folders with the runs, one command for each',
    })
  }
  const files: string[] = []
  for await (const file of filesBelow(path, { notRead: (why) => notRead?.(why), room })) files.push(file)
  return files
}

/**
 * The bytes of one file, or of standard input for `-`; throws as {@link readFiles}. `maxBytes` is 32 MiB unless said.
 *
 * @example await readBounded('statement.json')
 */
export async function readBounded(path: string, options: Partial<ReadOptions> = {}): Promise<Uint8Array> {
  const maxBytes = options.maxBytes ?? MAX_BYTES
  if (path !== '-') return readOne(path, maxBytes)
  if (options.stdin === undefined) throw new ProvError('usage', 'standard input is closed', { hint: 'name a file' })
  return collect('standard input', options.stdin, maxBytes)
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
    const why = fileReason(code)
    const path = cause instanceof Error && 'path' in cause ? String(cause.path) : file
    throw new ProvError('input_unreadable', `${path}: ${why}`, {
      location: path,
      hint: 'check the path and its permissions',
      cause,
    })
  }
}
