/** The world as a command sees it: streams, clock, randomness, environment and the wish to stop. Given once, by src/cli/cli.ts. */
import type { Readable, Writable } from 'node:stream'
import { STOPPED_EXIT } from '../errors.ts'

export interface Io {
  readonly stdin: Readable
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  now(): number
  random(size: number): Uint8Array
}

/**
 * The exit status of a command that came to this one: what Ctrl-C kept from success has a status of its own.
 *
 * @example exitStatus(7, io) // 7, or 130 after Ctrl-C
 */
export function exitStatus(exit: number, io: Pick<Io, 'signal'>): number {
  return io.signal.aborted && exit !== 0 ? STOPPED_EXIT : exit
}

/** Waits, or rejects with the signal's reason. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', stop, { once: true })
    function done(): void {
      signal.removeEventListener('abort', stop)
      resolve()
    }
    function stop(): void {
      clearTimeout(timer)
      reject(signal.reason)
    }
  })
}

/** True for the error of a write whose reader has closed the stream. */
export function isClosed(error: Error): boolean {
  return 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED')
}

/** Writes everything, waiting while the reader is slow; nothing when it has gone. */
export function write(stream: Writable, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, (error) => (error && !isClosed(error) ? reject(error) : resolve()))
  })
}
