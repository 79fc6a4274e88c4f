/** Calls that meet are served together: one request, one transaction or one edit of a file, instead of many. */
import { ProvError } from '../../errors.ts'
import type { CallOptions } from './call.ts'

/** One call in a group. The first of resolve, reject and the caller's abort counts. */
export interface Job<I, O> {
  readonly input: I
  resolve(output: O): void
  reject(error: unknown): void
}

export type Join<I, O> = (input: I, signal: AbortSignal) => Promise<O>

export interface CoalesceOptions {
  /** Calls in one group; a full group begins at once, whatever is under way. Absent: no limit, and one group at a time. */
  readonly most?: number
  /**
   * The callers watch their signals themselves: a call under way is not ended by its signal. When all of a group have stopped, the next one
   * begins, whether or not the work of this one ever ends.
   */
  readonly isLeft?: true
}

/**
 * A function whose calls are handed to `serve` in groups: those of one turn of the event loop together, and those that come while a group is
 * under way together after it. A call whose signal is aborted ends at once with `aborted`; when the signals of all calls of a group are, so is
 * the one that `serve` was given.
 *
 * @example const read = grouped(async (jobs) => { const text = await readFile(path); for (const job of jobs) job.resolve(text) })
 */
export function grouped<I, O>(
  serve: (jobs: readonly Job<I, O>[], signal: AbortSignal) => Promise<void>,
  { most = Number.POSITIVE_INFINITY, isLeft }: CoalesceOptions = {},
): Join<I, O> {
  let waiting: Call<I, O>[] = []
  let underWay = 0
  let isCalled = false

  function callNext(): void {
    if (isCalled) return
    isCalled = true
    setImmediate(next)
  }

  function next(): void {
    isCalled = false
    for (const call of waiting) if (call.isStopped) call.reject(stopped())
    waiting = waiting.filter((call) => !call.isStopped)
    while (waiting.length >= most || (waiting.length > 0 && underWay === 0)) void serveGroup(waiting.splice(0, most))
  }

  async function serveGroup(group: readonly Call<I, O>[]): Promise<void> {
    const stop = new AbortController()
    let left = group.length
    let isOver = false
    const over = (): void => {
      if (isOver) return
      isOver = true
      underWay--
      callNext()
    }
    underWay++
    for (const call of group) {
      call.begin((wasAborted) => {
        left--
        if (left > 0 || !wasAborted) return
        stop.abort()
        if (isLeft) over()
      })
    }
    try {
      await serve(group, stop.signal)
      const forgotten = new ProvError('internal', 'a call was not served')
      for (const call of group) call.reject(forgotten)
    } catch (error) {
      for (const call of group) call.reject(error)
    } finally {
      over()
    }
  }

  return (input, signal) =>
    new Promise<O>((resolve, reject) => {
      waiting.push(newCall(input, signal, isLeft === true, { resolve, reject }))
      callNext()
    })
}

/**
 * The same for work that gives one result for each item, in their order, at most `most` at a time. When it throws something that trying again
 * does not heal, each item is done by itself, so that one bad item is not a failure of the others.
 *
 * @example const create = batching(32, (documents: readonly SignedDocument[], options) => createAll(documents, options))
 */
export function batching<I, O>(
  most: number,
  work: (items: readonly I[], options: CallOptions) => Promise<readonly O[]>,
): (item: I, options: CallOptions) => Promise<O> {
  async function serve(jobs: readonly Job<I, O>[], signal: AbortSignal): Promise<void> {
    try {
      const results = await work(
        jobs.map(({ input }) => input),
        { signal },
      )
      for (const [i, job] of jobs.entries()) job.resolve(results[i] as O)
    } catch (error) {
      if (jobs.length === 1 || (error instanceof ProvError && error.retryable)) throw error
      await Promise.all(jobs.map((job) => serve([job], signal).catch(job.reject)))
    }
  }
  const join = grouped<I, O>(serve, { most, isLeft: true })
  return (item, { signal }) => join(item, signal)
}

interface Call<I, O> extends Job<I, O> {
  readonly isStopped: boolean
  /** `listener` is told once: of the caller's abort, or of the end. */
  begin(listener: (wasAborted: boolean) => void): void
}

function newCall<I, O>(
  input: I,
  signal: AbortSignal,
  isLeft: boolean,
  { resolve, reject }: Pick<PromiseWithResolvers<O>, 'resolve' | 'reject'>,
): Call<I, O> {
  let hasEnded = false
  let listener: ((wasAborted: boolean) => void) | undefined
  const tell = (wasAborted: boolean): void => {
    signal.removeEventListener('abort', abort)
    listener?.(wasAborted)
    listener = undefined
  }
  const end = (act: () => void, wasAborted = false): void => {
    if (hasEnded) return
    hasEnded = true
    act()
    tell(wasAborted)
  }
  const abort = (): void => (isLeft ? tell(true) : end(() => reject(stopped()), true))
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  return {
    input,
    resolve: (output) => end(() => resolve(output)),
    reject: (error) => end(() => reject(error)),
    get isStopped() {
      return signal.aborted
    },
    begin: (next) => {
      listener = next
    },
  }
}

function stopped(): ProvError {
  return new ProvError('aborted', 'stopped before it was done')
}
