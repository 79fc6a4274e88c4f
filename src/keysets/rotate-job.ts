/** What a rotation is given, and what it tells. */
import type { SignerOptions } from '../signing/open-signer.ts'
import type { JournalName, Journals } from './journal.ts'
import type { KeyStore } from './keystore.ts'
import type { Publication } from './publication.ts'
import type { RotateRules } from './rotate.ts'

export interface RotateJob extends Omit<RotateRules, 'publishes' | 'proves'> {
  readonly journals: Journals
  readonly journal: JournalName
  readonly store: KeyStore
  /** Writes the file of the region; absent: none is configured. */
  readonly publish?: Publication['publish']
  /** Reads the public URLs; absent: none is configured. */
  readonly proof?: Publication['proof']
  /** Of the keys in the store. */
  readonly password: SignerOptions['password']
  /** Who changes the journal, for its events. */
  readonly who: string
  readonly signal: AbortSignal
  /** Milliseconds since the epoch, by this machine. */
  now(): number
  random(size: number): Uint8Array
  sleep(ms: number): Promise<void>
  /** Told of each step once it is done; it may take its time. */
  readonly told?: (done: DoneStep) => void | Promise<void>
}

export interface DoneStep {
  readonly step: 'intend' | 'make' | 'record' | 'publish' | 'prove' | 'activate' | 'retire' | 'destroy'
  readonly n: number
  readonly kid?: string
}
