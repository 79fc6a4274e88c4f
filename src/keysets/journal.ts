/**
 * The port of key journals: what is known of the keys of one key store, in a database that says what counts. Time in it is the database's own, in
 * milliseconds since the epoch. `test/keysets/journal-suite.ts` is its definition, the same lines for every engine.
 */
import type { KeyStatus } from '../keys/status.ts'

export interface JournalName {
  /** A UUID. */
  readonly id: string
  readonly name: string
}

/** A key as its row says. */
export interface JournalKey {
  /** Names the key file: see `keyName`. */
  readonly n: number
  readonly status: KeyStatus
  readonly created: number
  /** The public key; absent only while the key is intended. `kid` is the RFC 7638 thumbprint, `spki` its DER. */
  readonly key?: { readonly kid: string; readonly spki: Uint8Array; readonly alg: string }
  /** When the file of the region held it first. */
  readonly published?: number
  /** From when on it may sign; of a key that has signed: since when it did. */
  readonly activates?: number
  /** When another key took its place, or when it was revoked. */
  readonly ended?: number
  /** End of its validity. */
  readonly retires?: number
  /** Of a revoked one: since when what it signed must not be trusted, and why. */
  readonly revoked?: { readonly since: number; readonly reason: string }
}

/** A row that cannot be used: its key bytes are not a key, or not the one that its kid names. */
export interface DamagedRow {
  readonly n: number
  readonly status: string
  /** As the rest of a sentence: `its kid is not that of its key`. */
  readonly why: string
  /** What the row says that its kid is; absent where that is not a thumbprint. */
  readonly kid?: string
  /** As of a key that can be read. */
  readonly revoked?: JournalKey['revoked']
}

/** How a row that cannot be read becomes whole again where the key store does not help. */
export const BRING_BACK = 'bring that row back with prov keys import --from the file of keys.journal-file'

export interface JournalState extends JournalName {
  /** Counts the changes. */
  readonly version: number
  readonly changed: number
  /** The database's time of this reading. */
  readonly now: number
  /** By `n`. */
  readonly keys: readonly JournalKey[]
  readonly damaged: readonly DamagedRow[]
}

/** What an event is about. `unreadable`: somebody changed it by hand. */
export const DEEDS = [
  'init',
  'intend',
  'prepare',
  'publish',
  'prove',
  'activate',
  'retire',
  'revoke',
  'import',
  'prune',
  'unreadable',
] as const

/** What an event says of a change; never a secret. Kept as JSON. */
export interface EventFacts {
  readonly did: (typeof DEEDS)[number]
  /** The key that it is about. */
  readonly n?: number
  readonly kid?: string
  /** `activate`: the key that signed until then. */
  readonly before?: string
  /** `activate`: nobody knew whether it was public. */
  readonly unsafe?: true
  /** `activate`: it was taken in as the key that signs. */
  readonly imported?: true
  /** `publish`: number of the region's file. */
  readonly seq?: number
  /** `prove`: how many URLs showed it. */
  readonly urls?: number
  readonly reason?: string
  /** `revoke`: RFC 3339. */
  readonly since?: string
  /** `import`, `prune`: how many keys, private keys and numbers. */
  readonly keys?: number
  readonly privateKeys?: number
  readonly intents?: number
}

export interface JournalEvent {
  readonly version: number
  readonly at: number
  readonly who: string
  readonly what: EventFacts
}

/** A time; with `after`: so many milliseconds after the change itself. */
export type TimeOfChange = number | { readonly after: number }

/** What becomes of one row; what is absent stays as it is. */
export interface RowChange {
  readonly n: number
  readonly status?: KeyStatus
  readonly key?: JournalKey['key']
  readonly published?: TimeOfChange
  readonly activates?: TimeOfChange
  readonly ended?: TimeOfChange
  readonly retires?: TimeOfChange
  readonly revoked?: { readonly since: number; readonly reason: string }
  /** What was found at the public URLs. */
  readonly proof?: object
}

/** One change of a journal: all of it, or nothing. */
export interface JournalChange {
  readonly insert?: readonly (RowChange & { readonly status: KeyStatus; readonly created?: number })[]
  readonly update?: readonly RowChange[]
  /** Numbers of rows that go; never one that has a public key. */
  readonly remove?: readonly number[]
  /** Events before this time go. */
  readonly forgetBefore?: number
  readonly what: EventFacts
}

export interface Journals {
  /** Journals that know any of these keys. */
  holding(kids: readonly string[]): Promise<readonly JournalName[]>
  /** False where a journal of this id is there: it stays as it is. */
  create(journal: JournalName, who: string): Promise<boolean>
  /** undefined where there is none of this id. */
  read(id: string): Promise<JournalState | undefined>
  /** The active key alone, in one query; undefined where there is none, or its row is damaged. */
  active(id: string): Promise<JournalKey | undefined>
  /** Writes the change if nobody has changed the journal since this version; false, and nothing is written, if somebody has. */
  change(journal: Pick<JournalState, 'id' | 'version'>, change: JournalChange, who: string): Promise<boolean>
  /** The newest first. */
  events(id: string, limit: number): Promise<readonly JournalEvent[]>
  close(): Promise<void>
}

/**
 * Name of a key's files in a key store, without their endings.
 *
 * @example keyName('3f0c…', 2) // '3f0c…-2'
 */
export function keyName(journal: string, n: number): string {
  return `${journal}-${n}`
}
