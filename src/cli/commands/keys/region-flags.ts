/** The flags of the commands of `prov keys` that work on key sets of regions, as they are parsed. */
import type { CommonOptions } from '../../options.ts'
import type { JournalOptions } from './journal-flags.ts'

export interface WatchOptions extends CommonOptions {
  /** Milliseconds; absent: once. */
  readonly watch?: number
}

export interface PublishOptions extends JournalOptions, WatchOptions {
  readonly region?: string
  readonly to?: string
  /** URL or file of a key set; absent: the keys of the journal. */
  readonly from?: string
  readonly publisherKey?: string
  readonly passwordFile?: string
  /** Milliseconds. */
  readonly expires?: number
}

export interface MergeOptions extends WatchOptions {
  readonly at: string
  readonly regions: string
  readonly listen?: string
}

export interface StatusOptions extends CommonOptions {
  readonly at: string
  readonly regions?: string
  /** Milliseconds. */
  readonly maxAge: number
  readonly url: readonly string[]
}
