/** What a truth answers to a search, and how it takes in what a backend holds: the part of its port that neither stores nor delivers. */
import type { About } from '../backend/backend.ts'
import type { ErrorJson } from '../errors.ts'
import type { Entry } from '../model/entry.ts'
import type { NewDelivery } from './new-delivery.ts'
import type { EntryState, State } from './states.ts'

/** A place in commit order. */
export interface Mark {
  readonly xid: string
  readonly seq: number
}

/** An entry that has every term asked for. `seq` tells two of them apart; an id may occur twice (one payload, signed by two). */
export interface Hit {
  /** The entry's number in the truth. */
  readonly seq: number
  /** Id of the entry: kind and sha256 of the payload. */
  readonly id: string
  /** See `truthUri`. */
  readonly uri: string
  readonly format: string
  /** Names of the keys under which it was verified: `SHA256:…`, and sha256 of the SPKI in hex. */
  readonly keyids: readonly string[]
  readonly source: 'signed' | 'adopted' | 'imported'
}

/** How far an answer reaches. */
export interface Reach {
  /** The last entry, in commit order, before which nothing can be committed any more; absent where there is none yet. */
  readonly upTo?: Mark
  /** False where entries that stand may have no search terms yet: a migration has not come to its end. */
  readonly whole: boolean
}

/** Where one copy of an entry is, as the truth has it. */
export interface KnownCopy {
  readonly target: string
  readonly slotKey: string
  readonly state: State
  readonly required: boolean
  /** As the backend names it; of a copy that was confirmed. */
  readonly location?: string
  readonly host?: string
  readonly error?: ErrorJson
}

/** What the truth knows of an entry beside its terms. */
export interface Standing {
  readonly seq: number
  readonly state: EntryState | 'superseded'
  /** Why it is quarantined. */
  readonly reason?: ErrorJson
  /** Older signatures of the same artifact whose place it has taken. */
  readonly supersedes: number
  /** When it was committed, in milliseconds since the epoch. */
  readonly created: number
  readonly copies: readonly KnownCopy[]
}

/** Names that the entries found share, the first of them with the number of entries of each. */
export interface Shares {
  /** How many names there are. */
  readonly total: number
  readonly first: readonly { readonly name: string; readonly entries: number }[]
}

/** All that the truth knows of the entries that have the terms, in exact numbers. */
export interface Impact extends Reach {
  readonly entries: number
  readonly quarantined: number
  readonly imported: number
  /** When the first and the last of them were committed, in milliseconds since the epoch. */
  readonly since?: number
  readonly until?: number
  readonly artifacts: Shares
  readonly runs: Shares
  readonly builders: Shares
  readonly places: readonly { readonly target: string; readonly state: State; readonly copies: number }[]
  /** What the numbers above do not count. */
  readonly unknown: {
    /** Entries that were superseded: they are kept, and not searched. */
    readonly superseded: number
    /** Entries that were pruned: their names alone are kept. */
    readonly pruned: number
    /** Items of backends that were refused. */
    readonly refused: number
    /** Entries found of which a name is too long to be kept in plain. */
    readonly long: number
  }
}

/** An entry that a backend holds, with the place of the copy that was read. */
export interface NewImport {
  readonly uri: string
  readonly format: string
  /** With no other signatures than those that verified. */
  readonly entry: Entry
  readonly keyids: readonly string[]
  readonly about: About
  /** Where it was read: what was refused there is forgotten. */
  readonly from: Pick<Refused, 'source' | 'location'>
  /** The copy that was read, as a delivery that is done unless it does not stay there, and what else is owed for it. */
  readonly deliveries: readonly NewDelivery[]
}

/** Something in a backend that did not become an entry. */
export interface Refused {
  /** Name of the backend. */
  readonly source: string
  readonly location: string
  /** sha256 of the bytes, in hex. */
  readonly digest: string
  readonly reason: ErrorJson
}

export interface Searching {
  /** Entries that stand and have all of these terms (one at least), with a number after `after`, ascending. */
  search(terms: readonly string[], after: number, limit: number): Promise<readonly Hit[]>
  /** To be asked before the search that it is said of. */
  reach(): Promise<Reach>
  /** What is known of these entries; one that is not there (any more) is left out. */
  standing(seqs: readonly number[]): Promise<readonly Standing[]>
  /** `most`: so many names at most of each kind. */
  impact(terms: readonly string[], most: number): Promise<Impact>
}

/** `present`: these signatures are in the truth already. `pruned`: the truth let go of this entry. `new`: it has neither. */
export type Holding = 'present' | 'pruned' | 'new'

export interface Importing {
  holding(entry: Entry): Promise<Holding>
  /** Adds the entry with its terms; what it says is what was the case before: only `new` was written. */
  import(one: NewImport): Promise<Holding>
  /**
   * Owes the search index every entry of this id that stands and is not owed to it yet. True once the index has confirmed all of them; false as
   * well where the truth holds none.
   */
  indexed(id: string): Promise<boolean>
  /** Entries that were imported for an artifact in a format: a store adopts one that verifies. */
  imported(uri: string, format: string): Promise<readonly Entry[]>
  /** Keeps why; each location and digest once, and no more than the truth has room for. */
  refuse(items: readonly Refused[]): Promise<void>
}
