/** An answer as a stream: its length is bounded, and so is how long it may be silent. */
import type { IncomingMessage } from 'node:http'
import { announced, brokenOff, type Exchange, failure, type HttpAnswer, tooLarge } from './exchange.ts'

export interface StreamLimits {
  /** Longest silence between two pieces, in milliseconds. */
  readonly idleMs: number
}

export interface HttpStream extends HttpAnswer {
  /**
   * The pieces as they come, once. Leaving the loop ends the connection. Throws `timed_out` after too long a silence, `unreachable` when
   * the connection breaks off, `response_too_large`, `aborted`.
   */
  readonly body: AsyncIterable<Uint8Array>
}

/**
 * The pieces of an answer.
 *
 * @example for await (const piece of pieces(message, job, { idleMs: 30_000 })) console.log(piece.length)
 */
export async function* pieces(
  message: IncomingMessage,
  job: Exchange,
  { idleMs }: StreamLimits,
): AsyncGenerator<Uint8Array> {
  if (announced(message) > job.maxBytes) {
    message.destroy()
    throw tooLarge(job).error
  }
  const silence = (): Error =>
    failure(job, 'timed_out', `${job.url.host} has sent nothing for ${idleMs} ms in the middle of the answer`)
  const stop = (): void => {
    message.destroy(failure(job, 'aborted', `stopped while ${job.url.host} was answering`))
  }
  let timer = setTimeout(() => message.destroy(silence()), idleMs)
  job.signal.addEventListener('abort', stop)
  if (job.signal.aborted) stop()
  let size = 0
  try {
    for await (const piece of message as AsyncIterable<Buffer>) {
      clearTimeout(timer)
      size += piece.length
      if (size > job.maxBytes) throw tooLarge(job).error
      yield piece
      timer = setTimeout(() => message.destroy(silence()), idleMs) // not while the reader is at work
    }
  } catch (thrown) {
    throw thrown instanceof Error && 'code' in thrown && thrown.name !== 'ProvError' ? brokenOff(job).error : thrown
  } finally {
    clearTimeout(timer)
    job.signal.removeEventListener('abort', stop)
    message.destroy()
  }
}
