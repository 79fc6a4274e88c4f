/** The part of the port that an index is made from and compared with: entries that stand, with their search terms, in commit order. */

import type { Mark } from './search-port.ts'
import type { EntryState } from './states.ts'

/** What the deliveries to the search index are filed under instead of a backend's name. */
export const INDEX = 'index'

/** An entry that stands, without its bytes. */
export interface TermedEntry {
  readonly seq: number
  readonly id: string
  readonly uri: string
  readonly format: string
  readonly keyids: readonly string[]
  readonly source: 'signed' | 'adopted' | 'imported'
  readonly state: EntryState
  /** Sorted; what a search of the truth finds it by. */
  readonly terms: readonly string[]
  /** A delivery of it to the index is not done. */
  readonly owed: boolean
}

/** An entry that gave way to another, with the terms that an index may still have of it. */
export type SupersededEntry = Pick<TermedEntry, 'seq' | 'id' | 'terms'>

/** What an index says of an entry. */
export interface TermClaim {
  readonly term: string
  readonly seq: number
  readonly id: string
}

export interface TermPages {
  /** The truth's own name, a UUID; another one after it was restored. */
  name(): Promise<string>
  /** Entries that stand, in commit order after the mark. No entry that is committed later can come before one that was given out. */
  termPage(after: Mark | undefined, limit: number): Promise<readonly (TermedEntry & Mark)[]>
  /** Those of these entries that stand. */
  termsOf(seqs: readonly number[]): Promise<readonly TermedEntry[]>
  /** What this entry took the place of. */
  superseded(seq: number): Promise<readonly SupersededEntry[]>
  /** Everything that is committed by now lies before this point. See {@link isPast}. */
  horizon(): Promise<string>
  /** True once nothing before the point is still to be committed, so that pages in commit order have shown all of it. */
  isPast(horizon: string): Promise<boolean>
  /** True for an entry that was committed after the point was asked for. Pure. */
  isLater(mark: Mark, horizon: string): boolean
  /** Those of these entries that stand. */
  stillStanding(seqs: readonly number[]): Promise<ReadonlySet<number>>
  /** For each of them whether an entry of this number and id stands and has the term. */
  has(claims: readonly TermClaim[]): Promise<readonly boolean[]>
  /** The mark after which every entry lies that was committed since, in milliseconds since the epoch; undefined: from the first one on. */
  markBefore(sinceMs: number): Promise<Mark | undefined>
}
