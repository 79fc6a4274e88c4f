/** Collects what is asked for in one turn of the event loop and does it in one go: one request, or one transaction, instead of many. */
import { ProvError } from '../../src/errors.ts'
import type { StoreOptions } from './store.ts'

interface Waiting<I, O> {
  readonly item: I
  readonly signal: AbortSignal
  readonly resolve: (result: O) => void
  readonly reject: (error: unknown) => void
}

/**
 * `work` gives one result for each item, in their order; its signal is aborted once every caller has stopped. When it throws something
 * that trying again does not heal, each item is done by itself, so that one bad item is no failure of the others.
 *
 * @example const create = batching(32, (documents: readonly SignedDocument[], options) => createAll(documents, options))
 */
export function batching<I, O>(
  most: number,
  work: (items: readonly I[], options: StoreOptions) => Promise<readonly O[]>,
): (item: I, options: StoreOptions) => Promise<O> {
  let waiting: Waiting<I, O>[] = []

  function flush(): void {
    const all = waiting
    waiting = []
    for (let at = 0; at < all.length; at += most) void run(all.slice(at, at + most))
  }

  async function run(batch: readonly Waiting<I, O>[]): Promise<void> {
    try {
      const signal = whenAll(batch.map((one) => one.signal))
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
    }
  }

  return (item, { signal }) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush)
      waiting.push({ item, signal, resolve, reject })
    })
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
