/** Work on many items at a time, with the results in the order of the items. */

/**
 * At most `width` items are under way or waiting to be taken, so that memory is flat. What `work` or the source throws is thrown when its
 * turn comes, after what is under way has ended.
 *
 * @example for await (const one of orderedPool(targets, 16, repairOne)) print(one)
 */
export async function* orderedPool<T, R>(
  source: AsyncIterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void> {
  const items = source[Symbol.asyncIterator]()
  const waiting: Promise<R>[] = []
  let drained = false
  try {
    while (!drained || waiting.length > 0) {
      while (!drained && waiting.length < width) {
        const next = await items.next()
        if (next.done === true) drained = true
        else {
          const one = work(next.value)
          one.catch(() => undefined) // thrown in its turn
          waiting.push(one)
        }
      }
      const first = waiting.shift()
      if (first !== undefined) yield await first
    }
  } finally {
    await Promise.allSettled(waiting)
    await items.return?.()
  }
}
