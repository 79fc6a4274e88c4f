/** What an index and the truth do not both say. Pure. */

/** `term` is absent where what a search shows of the entry is missing, wrong or too much. */
export interface IndexDifference {
  readonly what: 'missing' | 'wrong' | 'extra'
  readonly term?: string
  /** Number and id of the entry. Absent for a member that prov does not write. */
  readonly seq?: number
  readonly id?: string
  /** As it stands in the index, where it is nothing that prov writes. */
  readonly member?: string
  /** The number that stands there in place of the right one. */
  readonly score?: number
  /** A worker has yet to deliver it. */
  readonly owed?: true
  readonly repaired: boolean
}

export interface IndexCounts {
  /** Entries of the truth that were compared. */
  readonly entries: number
  /** Terms of these entries. */
  readonly terms: number
  readonly missing: number
  readonly wrong: number
  readonly extra: number
  /** Of what is missing or wrong: what a worker has yet to deliver. */
  readonly owed: number
  /** What was written, and what was removed. */
  readonly repaired: number
  readonly pruned: number
}
