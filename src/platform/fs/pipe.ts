/** Pipes and devices that the user named as an input: read as they come, without ever blocking the process. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { ProvError } from '../../errors.ts'

const PIECE = 64 * 1024
/** How long to wait for a writer to open the pipe, and how long a writer may be silent, in milliseconds. */
const NO_WRITER_MS = 5000
const SILENT_MS = 60_000

/**
 * The bytes of a pipe or device, piece by piece. Opened without blocking: a pipe without a writer ends with `input_unreadable`.
 *
 * @example for await (const bytes of readPipe('/dev/fd/63')) …
 */
export async function* readPipe(path: string): AsyncIterable<Uint8Array> {
  await using file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  let began = false
  for (let waited = 0, wait = 2; ; wait = Math.min(wait * 2, 50)) {
    const buffer = Buffer.allocUnsafe(PIECE)
    const length = await readNow(file, buffer)
    if (length !== undefined && length > 0) {
      yield buffer.subarray(0, length)
      ;[began, waited, wait] = [true, 0, 2]
      continue
    }
    // Before the first byte an end only means that the writer has not come yet.
    if (length === 0 && (began || !(await file.stat()).isFIFO())) return
    if (waited > (length === 0 ? NO_WRITER_MS : SILENT_MS)) {
      throw new ProvError('input_unreadable', `${path}: nothing is written to this pipe`, {
        location: path,
        hint: 'name a file, or give the run on standard input with -',
      })
    }
    await pause(wait)
    waited += wait
  }
}

/** Bytes read, 0 at the end, undefined when there are none yet. */
async function readNow(file: FileHandle, buffer: Buffer): Promise<number | undefined> {
  try {
    return (await file.read(buffer, 0, buffer.length, null)).bytesRead
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EAGAIN') return undefined
    throw thrown
  }
}
