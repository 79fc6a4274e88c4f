/** The messages between `prov conform` and the process that runs the backend. Plain data. */

import type { ErrorJson } from '../errors.ts'
import type { Kind } from '../model/entry.ts'

/** Sent once, to begin. */
export interface Task {
  /** `file:` URL of the module. */
  readonly module: string
  /** What `context.setting` answers; `{place}` in a value is replaced by a word made for each test. */
  readonly settings: Readonly<Record<string, string>>
  /** Only lines whose name or words hold this text. */
  readonly only: string | undefined
  /** Number of the first case to run: those before have their result. */
  readonly from: number
  /** The backend's debug lines go to standard error. */
  readonly verbose: boolean
}

/** One line of the suite for one kind of entry. */
export interface PlannedCase {
  readonly kind: Kind
  /** Short name of the line; absent: the kind is not kept, and only that is checked. */
  readonly line?: string
  readonly says: string
}

/** `not_run`: nothing brings the line about, `reason` says what is missing. Never counted as passed. */
export interface CaseEnd {
  readonly result: 'pass' | 'fail' | 'gap' | 'not_run'
  readonly reason?: string
}

export type Message =
  | { readonly type: 'plan'; readonly backend: string; readonly cases: readonly PlannedCase[] }
  | { readonly type: 'begin'; readonly index: number }
  | ({ readonly type: 'end'; readonly index: number } & CaseEnd)
  /** An unhandled error during or just after this case: it has failed, and the process ends itself. */
  | { readonly type: 'stray'; readonly index: number; readonly reason: string }
  /** The module is not a backend that can be run. */
  | { readonly type: 'refused'; readonly error: ErrorJson }
  | { readonly type: 'done' }
