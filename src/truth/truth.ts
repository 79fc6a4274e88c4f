/**
 * The port of a source of truth: a database that holds entries and what is still owed for them. Time in it is the database's own.
 * `test/truth/suite.ts` is its definition, the same lines for every engine.
 */
import type { About, Slot } from '../backend/backend.ts'
import type { CopyReceipt } from '../backend/receipt.ts'
import type { ErrorJson } from '../errors.ts'
import type { Entry } from '../model/entry.ts'
import type { Action } from '../store/plan.ts'
import type { NewDelivery } from './new-delivery.ts'
import type { Importing, Mark, Searching } from './search-port.ts'
import type { EntryState, State } from './states.ts'
import type { TermPages } from './term-pages.ts'
import type { Machine, WorkerBeat } from './worker-beat.ts'

export type { NewDelivery } from './new-delivery.ts'
export type { Mark } from './search-port.ts'

/** The name by which `--storage` has it, to be read like a backend. */
export const TRUTH = 'truth'

/** What a mark as signed is filed under instead of a backend's name. */
export const SEAL = 'seal'

/** One artifact in one format, with the entry that stands for it and where its copies belong. */
export interface NewItem {
  /** See `truthUri`. Artifact and format are unique: the first entry committed is the one that stands. */
  readonly uri: string
  readonly format: string
  readonly entry: Entry
  /** Names of the keys under which it was verified before the commit: `SHA256:…`, and sha256 of the SPKI in hex. */
  readonly keyids: readonly string[]
  readonly source: 'signed' | 'adopted'
  readonly about: About
  /** The entry takes the place of the one that stands. */
  readonly resign: boolean
  readonly deliveries: readonly NewDelivery[]
  /** Backends that mark the run as signed once every required copy of all its items is done. */
  readonly seals: readonly { readonly backend: string; readonly host?: string }[]
}

/** An entry that the truth holds. */
export interface Kept {
  readonly seq: number
  readonly uri: string
  readonly format: string
  readonly id: string
  readonly state: EntryState
  readonly entry: Entry
}

export interface CommittedItem {
  readonly seq: number
  readonly deliveries: readonly Delivery[]
}

/** `first`: somebody else's entry stands for these artifacts; nothing was written. */
export type Committed =
  | { readonly items: readonly CommittedItem[]; readonly first?: never }
  | { readonly first: readonly Kept[]; readonly items?: never }

/** A row of the outbox. */
export interface Delivery {
  readonly id: number
  readonly seq: number
  readonly run?: string
  readonly uri: string
  readonly format: string
  readonly target: string
  readonly lane: string
  readonly slotKey: string
  readonly required: boolean
  readonly host?: string
  readonly state: State
  readonly entryState: EntryState
  /** Milliseconds since the epoch, by the database's clock. */
  readonly due: number
  readonly changed: number
  readonly attempts: number
  readonly error?: ErrorJson
  readonly receipt?: CopyReceipt
}

/** What says that a worker may settle a row: a stale one is refused. */
export interface Claim {
  readonly id: number
  readonly fence: number
  readonly holder: string
  readonly item: number
  readonly slotKey: string
}

/** A row with everything that its delivery needs. */
export interface Claimed extends Claim {
  readonly seq: number
  readonly uri: string
  readonly format: string
  readonly target: string
  readonly lane: string
  readonly slot: Slot
  readonly action: Action
  readonly foreign: boolean
  readonly resign: boolean
  readonly attempts: number
  /** What went wrong the last time. */
  readonly error?: ErrorJson
  /** The bytes as they stand; whoever delivers them verifies them first. */
  readonly entry: Uint8Array
  /** Ids of the keys that had signed it when it was committed: no others can tell whether it was changed since. */
  readonly keyids: readonly string[]
  readonly about: Uint8Array
  /** What is kept of the run; absent for an artifact without one. */
  readonly run?: Uint8Array
}

export interface Wanted {
  readonly lane: string
  /** Names of the backends that the caller can deliver to: rows of others are none of its business, whatever their lane. */
  readonly targets: readonly string[]
  /** Unique for each start of a process. */
  readonly holder: string
  readonly host: string
  readonly leaseMs: number
  readonly limit: number
  /** Entries that this worker gave back: not to be claimed again. */
  readonly without?: readonly number[]
  /** Only these rows; absent: all of the lane. */
  readonly only?: readonly number[]
}

export interface NextWanted {
  readonly targets: readonly string[]
  readonly host: string
  readonly tries: number
  /** Entries and lanes that do not count. */
  readonly without: readonly number[]
  readonly withoutLanes: readonly string[]
}

/** What became of a claimed row. */
export type Outcome =
  | { readonly state: 'done'; readonly receipt: CopyReceipt }
  | { readonly state: 'held' | 'gone'; readonly error: ErrorJson }
  /** `untried`: the attempt does not count. Without an error the last one stays. */
  | { readonly state: 'pending'; readonly afterMs: number; readonly error?: ErrorJson; readonly untried?: boolean }

export interface Lane {
  readonly lane: string
  readonly target: string
  readonly failures: number
  /** Milliseconds until it goes on; 0: it is not paused. */
  readonly pausedMs: number
}

export interface OutboxFilter {
  readonly states?: readonly State[]
  readonly target?: string
  readonly run?: string
  readonly ids?: readonly number[]
  /** Only rows of entries that are quarantined. */
  readonly quarantined?: boolean
  /** Only rows after this one. */
  readonly after?: number
  /** Milliseconds since the epoch: only what has changed since. */
  readonly since?: number
  /** The newest rows first; absent: the oldest. */
  readonly newest?: true
  readonly limit?: number
}

/** What is owed to one backend, its marks as signed among it. */
export interface Backlog {
  readonly target: string
  readonly state: State | 'quarantined'
  readonly rows: number
  /** Age of the oldest entry among these, in milliseconds. */
  readonly oldestMs: number
}

export interface Owed {
  /** Deliveries that are waiting, pending or held. */
  readonly rows: number
  /** Bytes of their entries. */
  readonly bytes: number
}

/** An entry as it lies there, not looked into: somebody may have changed it by hand. */
export interface StoredBytes {
  readonly seq: number
  readonly uri: string
  readonly format: string
  readonly id: string
  readonly bytes: Uint8Array
}

/** An artifact of which entries stand, with the run that it is or belongs to. */
export interface StandingArtifact {
  readonly uri: string
  readonly formats: readonly string[]
  readonly run?: { readonly uid: string; readonly kind: string; readonly namespace: string; readonly name: string }
}

/** An entry that may be removed once its copies were found again. */
export interface Prunable {
  readonly seq: number
  readonly uri: string
  readonly format: string
  readonly entry: Entry
  /** Where its required copies were confirmed. */
  readonly copies: readonly { readonly target: string; readonly slot: Slot }[]
}

export interface Truth extends Searching, Importing, TermPages {
  readonly engine: 'sqlite' | 'postgres'
  /** All items in one transaction, or none. */
  commit(items: readonly NewItem[]): Promise<Committed>
  /** The entry that stands for an artifact in a format. */
  find(uri: string, format: string): Promise<Kept | undefined>
  /** Id of the entry that was removed once its copies were confirmed; undefined when there was none. Nobody signs such an artifact again. */
  pruned(uri: string, format: string): Promise<string | undefined>
  /** Every entry that stands for an artifact, in any format. */
  stored(uri: string): Promise<readonly StoredBytes[]>
  /** Every entry of this id that stands, the newest first. */
  storedById(id: string): Promise<readonly StoredBytes[]>
  /** Artifacts in the order of their URIs, after this one. */
  artifacts(after: string | undefined, limit: number): Promise<readonly StandingArtifact[]>
  claim(wanted: Wanted): Promise<readonly Claimed[]>
  /** Ids of the claims that still hold; what is missing was taken over, and must be stopped. */
  renew(claims: readonly Claim[], leaseMs: number): Promise<readonly number[]>
  /** False for a stale claim: then nothing has changed. */
  settle(claim: Claim, outcome: Outcome): Promise<boolean>
  /** Entries in commit order after the mark. No entry that is committed later can come before one that was given out. */
  page(after: Mark | undefined, limit: number): Promise<readonly (Kept & Mark)[]>
  /** The entry's open rows stay as they are, and are not claimed. */
  quarantine(seq: number, reason: ErrorJson): Promise<boolean>
  release(seq: number): Promise<boolean>
  /** Lanes of these backends that have something to deliver now. */
  lanes(targets: readonly string[], host: string): Promise<readonly Lane[]>
  /** Lanes that pause now. */
  pausedLanes(): Promise<readonly string[]>
  /**
   * Milliseconds until the next row of these backends can be claimed: once it is due, and no other holds it. undefined when there is none. Rows
   * that have failed by themselves `tries` times are left out.
   */
  nextDue(wanted: NextWanted): Promise<number | undefined>
  /** Calls `told` when something was committed; absent where nobody tells, so that only looking again helps. `lost`: nobody is told any more. Ends with what it gives. */
  listen?(told: () => void, lost: () => void): Promise<() => Promise<void>>
  /**
   * Counts failures that are the lane's fault, of so many rows (1) that were tried together, and says for how long it pauses (milliseconds).
   */
  laneFailed(lane: string, error: ErrorJson, chance: number, rows?: number): Promise<number>
  laneWell(lane: string): Promise<void>
  /** `probe`: the pause is over, and one row may be tried; nobody else is given that leave for `leaseMs`. */
  laneOpen(lane: string, leaseMs: number): Promise<'open' | 'probe' | 'paused'>
  list(filter: OutboxFilter): Promise<readonly Delivery[]>
  /** These rows as a worker would get them, claimed by nobody. */
  inspect(ids: readonly number[]): Promise<readonly Claimed[]>
  /** Rows by target and state. */
  count(): Promise<readonly { readonly target: string; readonly state: State; readonly rows: number }[]>
  /** What is owed, by backend and state. */
  backlog(): Promise<readonly Backlog[]>
  owed(): Promise<Owed>
  /** Entries older than `olderThanMs` of which every required copy is done and nothing is open or quarantined, after this number. */
  prunable(olderThanMs: number, after: number, limit: number): Promise<readonly Prunable[]>
  /** Removes the entry and leaves a tombstone; false when it may not go any more. */
  prune(seq: number): Promise<boolean>
  /** Removes what is kept of a run: `false` while a delivery needs it, `undefined` for a run that is not known. */
  forget(run: string): Promise<boolean | undefined>
  /** Ids of the rows that are pending again. */
  retry(ids: readonly number[]): Promise<readonly number[]>
  /** Ids of the rows that are dropped now, marks that will never come among them; who and why is kept. */
  drop(ids: readonly number[], who: string, reason: string): Promise<readonly number[]>
  beat(worker: WorkerBeat): Promise<void>
  leave(holder: string): Promise<void>
  /** Workers that gave a sign of life within `withinMs`. */
  workers(withinMs: number): Promise<readonly WorkerBeat[]>
  /** Machines that alone can deliver something that is owed, by name. */
  machines(): Promise<readonly Machine[]>
  close(): Promise<void>
}
