/** Works through a stream, a few items at a time, holding no more than those in memory. */

/**
 * Results as they are done, in no order. Reading from the source stops while `width` items are under way; the first failure of
 * source or work ends it once what is under way has ended.
 *
 * @example for await (const copy of pool(backend.list({}, { signal }), 16, (slot) => backend.get(slot, { signal }))) …
 */
export async function* pool<T, R extends object>(
  source: AsyncIterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void> {
  const items = source[Symbol.asyncIterator]()
  const done: R[] = []
  const failures: unknown[] = []
  let underWay = 0
  let drained = false
  let stopped = false
  const reader = bell()
  const feeder = bell()

  async function run(item: T): Promise<void> {
    try {
      done.push(await work(item))
    } catch (thrown) {
      failures.push(thrown)
    }
    underWay--
    reader.ring()
    feeder.ring()
  }

  async function feed(): Promise<void> {
    try {
      for (;;) {
        // What is done and not yet taken counts as well: a slow reader slows the source.
        while (underWay + done.length >= width && failures.length === 0 && !stopped) await feeder.heard()
        if (failures.length > 0 || stopped) return
        const next = await items.next()
        if (next.done === true) return
        underWay++
        void run(next.value)
      }
    } catch (thrown) {
      failures.push(thrown)
    } finally {
      drained = true
      reader.ring()
    }
  }

  const feeding = feed()
  try {
    for (;;) {
      const result = done.shift()
      if (result !== undefined) {
        feeder.ring()
        yield result
      } else if (drained && underWay === 0) break
      else await reader.heard()
    }
    if (failures.length > 0) throw failures[0]
  } finally {
    stopped = true
    feeder.ring()
    await feeding
    await items.return?.()
  }
}

/** A signal between two sides: `ring` wakes the one that waits; when none waits, the next `heard` returns at once. */
function bell(): { ring(): void; heard(): Promise<void> } {
  let rung = false
  let wake: (() => void) | undefined
  return {
    ring() {
      rung = true
      wake?.()
    },
    async heard() {
      if (!rung) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      rung = false
      wake = undefined
    },
  }
}

/**
 * Waits so that calls begin at most `perSecond` times a second, evenly; unused time is not made up for.
 *
 * @example const turn = pace(50, io); await turn()
 */
export function pace(
  perSecond: number | undefined,
  { now, sleep }: { now(): number; sleep(ms: number): Promise<void> },
): () => Promise<void> {
  let next = 0
  return async () => {
    if (perSecond === undefined) return
    const time = now()
    const due = Math.max(time, next)
    next = due + 1000 / perSecond
    if (due > time) await sleep(due - time)
  }
}
