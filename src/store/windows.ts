/** A stream of items, stored a window at a time, so that memory does not grow with the stream. */

import type { StoreItem } from './prepare.ts'
import { runOf } from './seal.ts'
import { type StoreJob, type StoreReport, store } from './store.ts'

/**
 * One report a window. What belongs to one run and comes one after the other stays together, however small the window: its mark as signed
 * needs all of it. Throws what {@link store} throws.
 *
 * @example for await (const report of storeInWindows(items, job, 64)) console.log(report.exit, report.items.length)
 */
export async function* storeInWindows(
  items: AsyncIterable<StoreItem> | Iterable<StoreItem>,
  job: Omit<StoreJob, 'items'>,
  size: number,
): AsyncGenerator<StoreReport, void> {
  let window: StoreItem[] = []
  for await (const item of items) {
    const last = window.at(-1)
    if (last !== undefined && window.length >= size && !isSameRun(last, item)) {
      yield await store({ ...job, items: window })
      window = []
    }
    window.push(item)
  }
  if (window.length > 0) yield await store({ ...job, items: window })
}

function isSameRun(a: StoreItem, b: StoreItem): boolean {
  const uid = runOf(a.artifact)?.uid
  return uid !== undefined && uid === runOf(b.artifact)?.uid
}
