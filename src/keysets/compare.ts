/** In what a journal and its key store do not belong together. Pure. */
import type { KnownKey } from './find.ts'
import { type JournalState, keyName } from './journal.ts'
import { neverSigns } from './rotate.ts'

export interface Mismatch {
  readonly kind: 'stray' | 'missing' | 'unheld' | 'other' | 'left' | 'damaged'
  /** One sentence or less. */
  readonly detail: string
}

/**
 * `stray`: a key of the store that the journal does not know; nothing takes it in by itself. `missing`: a key that could still sign, without its
 * file. `unheld`: a key that the database alone names, which is neither published nor trusted. `other`: a file that is not the key of its row.
 * `left`: a private key that never signs again. `damaged`: a row that cannot be read.
 *
 * @example compare(state, await keysOf(store)) // []
 */
export function compare({ id, keys, damaged }: JournalState, stored: readonly KnownKey[]): readonly Mismatch[] {
  const byName = new Map(keys.map((key) => [keyName(id, key.n), key]))
  const names = new Set([...byName.keys(), ...damaged.map(({ n }) => keyName(id, n))])
  const files = new Map(stored.map((one) => [one.name, one]))
  return [
    ...damaged.map(({ n, why }): Mismatch => ({ kind: 'damaged', detail: `row ${n} cannot be read: ${why}` })),
    ...stored.flatMap(({ name, kid }): readonly Mismatch[] => {
      const row = byName.get(name)
      if (!names.has(name)) {
        const isKnown = kid !== undefined && keys.some(({ key }) => key?.kid === kid)
        return isKnown ? [] : [{ kind: 'stray', detail: `${name} is a key of no row` }]
      }
      if (kid === undefined || row?.key === undefined || row.key.kid === kid) return []
      return [{ kind: 'other', detail: `${name}.pub is not the key of its row` }]
    }),
    ...[...byName].flatMap(([name, row]): readonly Mismatch[] => {
      const hasPrivate = files.get(name)?.hasPrivate === true
      const needed = row.status === 'active' || row.status === 'prepared' || row.status === 'published'
      const isUnheld = row.key !== undefined && files.get(name)?.kid === undefined
      return [
        ...(neverSigns(row) && hasPrivate ? [{ kind: 'left', detail: `${name}.key never signs again` } as const] : []),
        ...(needed && !hasPrivate
          ? [{ kind: 'missing', detail: `${name}.key is not there, and is ${row.status}` } as const]
          : []),
        ...(isUnheld
          ? [{ kind: 'unheld', detail: `${name}.pub is not there: its key is neither published nor trusted` } as const]
          : []),
      ]
    }),
  ]
}
