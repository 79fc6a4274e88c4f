/** Calls that meet are served together: whoever comes while one group is being served waits for the next. */
import { ProvError } from '../../src/errors.ts'

/** One call in a group. The first of resolve, reject and the caller's abort counts. */
export interface Job<I, O> {
  readonly input: I
  resolve(output: O): void
  reject(error: unknown): void
}

export type Join<I, O> = (input: I, signal: AbortSignal) => Promise<O>

/**
 * A function whose calls are handed to `serve` in groups, one group at a time; a group holds only calls made before it began. A call
 * whose signal is aborted ends at once with `aborted`; when all calls of a group have, so is the signal that `serve` was given.
 *
 * @example const read = grouped(async (jobs) => { const text = await readFile(path); for (const job of jobs) job.resolve(text) })
 */
export function grouped<I, O>(serve: (jobs: readonly Job<I, O>[], signal: AbortSignal) => Promise<void>): Join<I, O> {
  let waiting: Call<I, O>[] = []
  let serving = false

  async function pump(): Promise<void> {
    serving = true
    while (waiting.length > 0) {
      const group = waiting.filter((call) => !call.ended())
      waiting = []
      if (group.length > 0) await serveGroup(group)
    }
    serving = false
  }

  async function serveGroup(group: readonly Call<I, O>[]): Promise<void> {
    const stop = new AbortController()
    let left = group.length
    for (const call of group) {
      call.onEnd((wasAborted) => {
        left--
        if (left === 0 && wasAborted) stop.abort()
      })
    }
    try {
      await serve(group, stop.signal)
      const forgotten = new ProvError('internal', 'a call was not served')
      for (const call of group) call.reject(forgotten)
    } catch (error) {
      for (const call of group) call.reject(error)
    }
  }

  return (input, signal) =>
    new Promise<O>((resolve, reject) => {
      waiting.push(newCall(input, signal, resolve, reject))
      // Those who call in the same turn come along.
      if (!serving) {
        serving = true
        queueMicrotask(pump)
      }
    })
}

interface Call<I, O> extends Job<I, O> {
  ended(): boolean
  onEnd(listener: (wasAborted: boolean) => void): void
}

function newCall<I, O>(
  input: I,
  signal: AbortSignal,
  resolve: (output: O) => void,
  reject: (error: unknown) => void,
): Call<I, O> {
  let ended = false
  let listener: (wasAborted: boolean) => void = () => {}
  const end = (act: () => void, wasAborted = false): void => {
    if (ended) return
    ended = true
    signal.removeEventListener('abort', abort)
    act()
    listener(wasAborted)
  }
  const abort = (): void => end(() => reject(new ProvError('aborted', 'stopped before it was done')), true)
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  return {
    input,
    resolve: (output) => end(() => resolve(output)),
    reject: (error) => end(() => reject(error)),
    ended: () => ended,
    onEnd: (next) => {
      listener = next
    },
  }
}
