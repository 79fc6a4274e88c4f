/** For forms of Chains that have room for one signature and one certificate. Pure. */
import { ProvError } from '../../src/errors.ts'
import type { Entry, Signature } from '../../src/model/entry.ts'

/**
 * The first signature of an entry, whose certificates are those of all. Throws what `cannotHold` makes of an entry that the form has no room
 * for.
 *
 * @example oneForAll(entry, (what) => new ProvError('not_supported', `one document cannot hold ${what}`)).sig
 */
export function oneForAll(entry: Entry, cannotHold: (what: string) => ProvError): Signature {
  const [first, ...others] = entry.signatures
  if (first === undefined) throw new ProvError('internal', 'an entry without a signature')
  if (entry.kind === 'raw' && others.length > 0) throw cannotHold('several signatures of one image signature')
  const isUnlike = (name: 'certificate' | 'chain') => others.some((one) => (one[name] ?? '') !== (first[name] ?? ''))
  if (isUnlike('certificate') || isUnlike('chain')) throw cannotHold('signatures with unlike certificates')
  return first
}
