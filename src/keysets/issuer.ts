/** Keys of another issuer: a JWK set at a URL or in a file, to be published as a region's. */
import { ProvError } from '../errors.ts'
import { refusedSet } from '../keys/key-set.ts'
import { readOrRefuse } from '../platform/fs/read-limited.ts'
import type { HttpContext } from '../platform/http/context.ts'
import { fetchDocument } from '../platform/http/document.ts'
import { type PublicSet, readPublicSet } from '../trust/public-set.ts'
import type { KeyToPublish } from './publication.ts'

/** A hundred keys of RSA with 16,384 bits. */
const MAX_BYTES = 1024 * 1024

export interface IssuerKeys {
  readonly keys: readonly KeyToPublish[]
  /** Keys whose own kids gave way to their thumbprints. */
  readonly renamed: readonly { readonly from: string; readonly kid: string }[]
}

/**
 * Reads the set: windows and revoked keys of a set of prov, else every key as an active one. Throws `keyset_refused` for private members, for
 * what is not a key set, and for a URL that serves no key; `usage` for a URL that is not https; and what reading throws.
 *
 * @example (await keysOfIssuer('https://dex.example.com/keys', context, signal)).keys.length
 */
export async function keysOfIssuer(from: string, context: HttpContext, signal: AbortSignal): Promise<IssuerKeys> {
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(from)
  const { keys, windows, revoked } = isUrl ? await setAt(from, context, signal) : await setIn(from)
  // A file without keys is how a region is taken out of use; a server without them is broken.
  if (isUrl && keys.length === 0) throw refusedSet(from, 'serves no key that prov can verify with')
  return {
    keys: [
      ...keys.map(({ jwk }): KeyToPublish => ({ jwk, ...(windows[jwk.kid] ?? { status: 'active' }) })),
      ...Object.values(revoked).map(
        ({ jwk, since, reason }): KeyToPublish => ({ jwk, status: 'revoked', revoked: { since, reason } }),
      ),
    ],
    renamed: keys.flatMap(({ jwk: { kid }, renamedFrom }) =>
      renamedFrom === undefined ? [] : [{ from: renamedFrom, kid }],
    ),
  }
}

async function setAt(url: string, context: HttpContext, signal: AbortSignal): Promise<PublicSet> {
  const answer = await fetchDocument(url, context, { maxBytes: MAX_BYTES, fresh: true, signal })
  if (answer !== undefined) return readPublicSet(url, answer.body)
  throw new ProvError('response_invalid', `${new URL(url).host} answered 404: nothing is there`, { location: url })
}

async function setIn(path: string): Promise<PublicSet> {
  const refuse = (why: string): ProvError => new ProvError('input_unreadable', `${path} ${why}`, { location: path })
  return readPublicSet(path, await readOrRefuse(path, MAX_BYTES, refuse))
}
