/** How the keys of a journal are made public, and how it is known that they are: the port that rotation calls and `setup/` fulfils. */
import type { PublicJwk } from '../keys/jwk.ts'

/** One key of a journal as the world may see it. Times are RFC 3339, UTC. */
export interface KeyToPublish {
  readonly jwk: PublicJwk
  readonly status: 'prepared' | 'active' | 'old' | 'retired' | 'revoked'
  /** From when on it signs; absent while that is not known. */
  readonly from?: string
  /** Until when it signed; absent while it signs. */
  readonly until?: string
  /** For `revoked`: since when its signatures must not be trusted, and why. */
  readonly revoked?: { readonly since: string; readonly reason: string }
}

/** What was found at the public URLs. */
export interface PublicationProof {
  /** Each URL that showed the key: when, and for how long a cache may keep what was served, in milliseconds. */
  readonly seen: readonly { readonly url: string; readonly at: string; readonly maxAgeMs: number }[]
  /** Each URL that did not, and why. Empty, with `seen` not empty: it is public everywhere. */
  readonly missing: readonly { readonly url: string; readonly reason: string }[]
  /** From when on every cache shows it, RFC 3339; absent while a URL is missing or none is configured. */
  readonly activates?: string
}

export interface Publication {
  /** Writes the file of this region with exactly these keys, unless it says the same already. Returns its number (seq). */
  publish(keys: readonly KeyToPublish[], signal: AbortSignal): Promise<{ readonly seq: number }>
  /** Reads every public URL, past any cache, and looks for the key. Never throws for a URL that fails: it is `missing`. */
  proof(kid: string, signal: AbortSignal): Promise<PublicationProof>
}
