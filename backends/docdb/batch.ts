/** Does in one go what is asked for at about the same time: one request, or one transaction, instead of many. */
import { ProvError } from '../../src/errors.ts'
import type { StoreOptions } from './store.ts'

interface Waiting<I, O> {
  readonly item: I
  readonly signal: AbortSignal
  readonly resolve: (result: O) => void
  readonly reject: (error: unknown) => void
}

/**
 * What is asked for in one turn of the event loop goes together, and so does what is asked for while a batch is under way: it waits for the
 * end of that, or until there is a full batch of it. `work` gives one result for each item, in their order; its signal is aborted once
 * every caller has stopped, and then nobody waits for it any more. When it throws something that trying again does not heal, each item
 * is done by itself, so that one bad item is no failure of the others.
 *
 * @example const create = batching(32, (documents: readonly SignedDocument[], options) => createAll(documents, options))
 */
export function batching<I, O>(
  most: number,
  work: (items: readonly I[], options: StoreOptions) => Promise<readonly O[]>,
): (item: I, options: StoreOptions) => Promise<O> {
  let waiting: Waiting<I, O>[] = []
  let underWay = 0
  let called = false

  function callFlush(): void {
    if (called || waiting.length === 0) return
    called = true
    setImmediate(flush)
  }

  function flush(): void {
    called = false
    const stopped = waiting.filter(({ signal }) => signal.aborted)
    for (const { reject } of stopped) reject(new ProvError('aborted', 'stopped before it was done'))
    if (stopped.length > 0) waiting = waiting.filter(({ signal }) => !signal.aborted)
    while (waiting.length >= most || (waiting.length > 0 && underWay === 0)) void run(waiting.splice(0, most))
  }

  async function run(batch: readonly Waiting<I, O>[]): Promise<void> {
    const signal = whenAll(batch.map((one) => one.signal))
    const ended = once(() => {
      underWay--
      callFlush()
    })
    underWay++
    signal.addEventListener('abort', ended, { once: true })
    try {
      const results = await work(
        batch.map(({ item }) => item),
        { signal },
      )
      for (const [i, one] of batch.entries()) one.resolve(results[i] as O)
    } catch (error) {
      const alone = batch.length > 1 && !(error instanceof ProvError && error.retryable)
      for (const one of batch)
        if (alone) void run([one])
        else one.reject(error)
    } finally {
      signal.removeEventListener('abort', ended)
      ended()
    }
  }

  return (item, { signal }) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, signal, resolve, reject })
      callFlush()
    })
}

function once(work: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    work()
  }
}

function whenAll(signals: readonly AbortSignal[]): AbortSignal {
  const [only, ...others] = signals
  if (only !== undefined && others.length === 0) return only
  const stop = new AbortController()
  let left = signals.length
  const stopped = (): void => {
    left--
    if (left === 0) stop.abort()
  }
  for (const signal of signals) {
    if (signal.aborted) stopped()
    else signal.addEventListener('abort', stopped, { once: true })
  }
  return stop.signal
}
