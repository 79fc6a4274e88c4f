/** Where verdicts are kept for a short time. Losing one costs a verification and nothing else, so nothing here is ever a failure of a command. */
import type { ProvError } from '../errors.ts'

export type ProviderName = 'none' | 'memory' | 'redis' | 'dapr'

/** What was asked of the cache and what it did. Never throws: a failure is a miss, and is told to {@link CacheEvents}. */
export interface Cache {
  readonly provider: ProviderName
  /** See {@link Provider.instant}. */
  readonly instant?: true
  /** The bytes as they were set; undefined for none, for one that is over, and for a failure. */
  get(key: string): Promise<Uint8Array | undefined>
  /** Whoever sets need not wait. */
  set(key: string, value: Uint8Array, ttlMs: number): Promise<void>
  delete(key: string): Promise<void>
  close(): Promise<void>
}

/** A provider without its guard (guarded.ts): throws ProvError, and may be slow. */
export interface Provider {
  readonly name: ProviderName
  /** It answers within the process: nobody has to watch how long that takes, and what it gives is the very object that was set. */
  readonly instant?: true
  /** Of a value longer than {@link MOST_VALUE_BYTES} undefined, or no more than its beginning. */
  get(key: string, signal: AbortSignal): Promise<Uint8Array | undefined>
  set(key: string, value: Uint8Array, ttlMs: number, signal: AbortSignal): Promise<void>
  delete(key: string, signal: AbortSignal): Promise<void>
  /** After several failures in a row: what is connected may hang, so it is given up and opened anew with the next call. */
  renew?(): void
  close(): Promise<void>
}

/**
 * `hit` and `miss` are what a verdict was asked for and came to; the others say why it was missed, beside the `miss`: the provider failed, the
 * value was not sealed with this MAC key, or the provider was not asked, since it had failed several times in a row.
 */
export type CacheResult = 'hit' | 'miss' | 'error' | 'forged' | 'open'

/** Whom the cache tells, so that it is counted; nothing here holds a key or a value. */
export interface CacheEvents {
  counted(provider: ProviderName, result: CacheResult): void
  /** How long one answer of the provider took. */
  took?(provider: ProviderName, ms: number): void
  /** Why the provider failed. */
  failed?(provider: ProviderName, error: ProvError): void
}

/** Longest value that is kept or read, MAC included. */
export const MOST_VALUE_BYTES = 64 * 1024
