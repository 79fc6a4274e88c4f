/** Every document of the collection that is a copy, as the slot that it stands in. */
import type { CallOptions, ListFilter, Slot } from '../../src/backend/backend.ts'
import { ProvError } from '../../src/errors.ts'
import { linkedSignal } from '../../src/platform/async/linked-signal.ts'
import { listed, namedSlotOf } from './address.ts'
import type { Calls } from './calls.ts'
import type { StoredDocument } from './store.ts'

/**
 * Streams page by page. Throws `not_supported` for a namespace: documents do not say it.
 *
 * @param where the collection, as it is named in slots
 *
 * @example for await (const slot of listSlots(call, where, { subject }, { signal })) …
 */
export async function* listSlots(
  call: Calls['call'],
  where: string,
  filter: ListFilter,
  options: CallOptions,
): AsyncIterable<Slot> {
  if (filter.namespace !== undefined) {
    const refusal = new ProvError('not_supported', 'documents do not say in which namespace their run was')
    await call('list', where, options, () => Promise.reject(refusal))
  }
  const stop = linkedSignal(options.signal)
  const wanted = filter.subject === undefined ? {} : { subject: filter.subject }
  let pages: AsyncIterator<Pick<StoredDocument, 'key' | 'fields'>> | undefined
  try {
    const rows = await call('list', where, options, async (documents) =>
      documents.list(wanted, { signal: stop.signal })[Symbol.asyncIterator](),
    )
    pages = rows
    for (;;) {
      const next = await call('list', where, options, () => rows.next())
      if (next.done) return
      const place = listed(next.value, filter)
      if (place !== undefined) yield namedSlotOf(where, place)
    }
  } finally {
    stop.abort()
    stop.release()
    pages?.return?.().catch(() => {}) // what the reader thinks of its end changes nothing for the caller
  }
}
