/** The port of what a store commits to before it delivers anything: one write that holds the entries and all that is owed. `truth/` fulfils it. */

import type { About } from '../backend/backend.ts'
import type { CopyReceipt } from '../backend/receipt.ts'
import { type ErrorJson, ProvError } from '../errors.ts'
import type { Entry } from '../model/entry.ts'
import type { Trust } from '../trust/trust.ts'
import type { PreparedItem } from './prepare.ts'

/** A copy, or the mark of a run as signed (`target` is then `seal`), as it stands in the ledger. */
export interface OwedCopy {
  /** Number of its row. */
  readonly id: number
  /** Name of the backend. */
  readonly target: string
  readonly slot: string
  readonly state: 'waiting' | 'pending' | 'done' | 'held' | 'gone' | 'superseded' | 'dropped'
  readonly required: boolean
  /** Name of the only machine that can deliver it: the copy belongs into a file there. */
  readonly host?: string
  /** Milliseconds since the epoch, by the ledger's clock. */
  readonly due: number
  readonly error?: ErrorJson
  readonly receipt?: CopyReceipt
}

/** `first`: others' entries that stand for some of the items, by their index; then nothing was written. */
export type Promised =
  | { readonly owed: readonly (readonly OwedCopy[])[]; readonly first?: never }
  | { readonly first: ReadonlyMap<number, Entry>; readonly owed?: never }

export interface LedgerOptions {
  readonly optional: readonly string[]
  readonly resign: boolean
  readonly trust: Trust
}

export interface Ledger {
  /** The entry that stands for an artifact in a format. */
  find(about: About, format: string): Promise<Entry | undefined>
  /** Entries of an artifact in a format that somebody found in a backend: none of them stands, and one that verifies is taken. */
  imported(about: About, format: string): Promise<readonly Entry[]>
  /** True when it was signed before and let go of once its copies were confirmed: it is never signed again by itself. */
  isPruned(about: About, format: string): Promise<boolean>
  /** All items in one transaction, or none. */
  commit(items: readonly PreparedItem[], options: LedgerOptions): Promise<Promised>
}

/** For an artifact that was signed once, and of which no copy could be read now. */
export function prunedError(name: string): ProvError {
  const message = `${name} was signed before, and its copies were confirmed when the truth let go of it; none of them could be read now`
  return new ProvError('pruned', message, {
    hint: 'name the backends that hold its copies; --resign signs it anew on purpose',
  })
}
