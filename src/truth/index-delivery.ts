/** What is owed to the search index for an entry: no location of its own, since its terms say where it belongs. Pure. */
import type { Entry } from '../model/entry.ts'
import type { NewDelivery } from './new-delivery.ts'
import { INDEX } from './term-pages.ts'

/**
 * Not required: a run is marked as signed once its copies are stored, searched or not.
 *
 * @example indexDelivery(entry, false).lane // 'index'
 */
export function indexDelivery({ kind }: Pick<Entry, 'kind'>, resign: boolean): NewDelivery {
  return {
    target: INDEX,
    lane: INDEX,
    slot: { backend: INDEX, key: INDEX, kind, holds: 'one', address: {} },
    action: 'write',
    required: false,
    foreign: false,
    resign,
    state: 'pending',
  }
}
