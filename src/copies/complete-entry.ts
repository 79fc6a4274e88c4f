/** What one backend keeps of an entry in several places, put together: a bundle has no room for an envelope or a chain, a tag has. */
import type { Backend, Found, FoundEntry, Slot } from '../backend/backend.ts'
import { type Entry, holds, type Signature, sameBytes, signatureId } from '../model/entry.ts'
import { joinSignatures } from '../model/proofs.ts'
import { retry } from '../platform/async/retry.ts'
import type { WriteOptions } from './write-copy.ts'

/**
 * The items, those that came without their envelope with all that the `others` keep of the same signed bytes. So it does not matter which
 * place of an entry is moved first. Looks no further than the first place that has the envelope; throws what a look throws.
 *
 * @example await completeEntry(items, source, source.slots(about).filter((other) => other.key !== slot.key), options)
 */
export async function completeEntry(
  items: readonly FoundEntry[],
  source: Pick<Backend, 'get'>,
  others: readonly Slot[],
  options: Pick<WriteOptions, 'signal' | 'retry'>,
): Promise<readonly FoundEntry[]> {
  let all = items
  for (const other of others) {
    if (all.every(({ entry }) => isWhole(entry))) break
    const found = await retry(() => source.get(other, options), options.retry)
    all = all.map((item) => (isWhole(item.entry) ? item : { ...item, entry: joined(item.entry, found) }))
  }
  // Several bundles of one envelope have come to be the same.
  return all.filter((item, i) => !all.slice(0, i).some((before) => isSame(before, item)))
}

function isSame({ entry: a }: FoundEntry, { entry: b }: FoundEntry): boolean {
  return b.envelope !== undefined && a.envelope !== undefined && sameBytes(a.envelope, b.envelope)
}

function isWhole({ kind, envelope }: Entry): boolean {
  return kind === 'raw' || envelope !== undefined
}

/** The entry with what is said beside its signatures elsewhere; of two that say something, the fuller one's word, and the proofs of both. */
function joined(entry: Entry, found: readonly Found[]): Entry {
  const whole = found.find((item) => item.entry !== undefined && isWhole(item.entry) && holds(item.entry, entry))?.entry
  if (whole === undefined) return entry
  const own = new Map(entry.signatures.map((signature) => [signatureId(signature), signature]))
  const signatures = whole.signatures.map((one): Signature => {
    const mine = own.get(signatureId(one))
    return mine === undefined ? one : joinSignatures(one, mine)
  })
  return { ...whole, signatures }
}
