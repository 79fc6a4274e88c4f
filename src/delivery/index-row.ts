/** One delivery to the search index: the terms of a verified entry are written, read back, and what it took the place of is taken out. */
import type { CopyReceipt } from '../backend/receipt.ts'
import { asProvError, errorJson, ProvError } from '../errors.ts'
import { entryId, signatureId } from '../model/entry.ts'
import { termsOf } from '../provenance/terms.ts'
import { type IndexedEntry, memberOf } from '../search/index-member.ts'
import { type Change, type IndexStore, isWhole } from '../search/index-store.ts'
import { runOf } from '../store/seal.ts'
import { INDEX, type SupersededEntry } from '../truth/term-pages.ts'
import type { Claimed, Truth } from '../truth/truth.ts'
import type { GoodRow } from './check.ts'

export interface IndexTarget {
  readonly index: IndexStore
  readonly truth: Pick<Truth, 'termsOf' | 'superseded'>
}

/**
 * The terms follow from what was verified, never from what the database says they are. Throws what the truth throws; what the index throws is in
 * the receipt.
 *
 * @example (await deliverToIndex(row, good, { index, truth })).confirmed // true
 */
export async function deliverToIndex(
  row: Claimed,
  { entry, about, keyids }: GoodRow,
  { index, truth }: IndexTarget,
): Promise<CopyReceipt> {
  const run = runOf(about.artifact)
  const id = entryId(entry)
  const receipt = { backend: INDEX, slot: row.slot.key, entry: id, signatures: entry.signatures.map(signatureId) }
  const [standing] = await truth.termsOf([row.seq])
  try {
    if (standing === undefined) throw new ProvError('aborted', 'the entry no longer stands')
    if (standing.id !== id) throw new ProvError('wrong_artifact', 'the row belongs to another entry than its bytes')
    const one: IndexedEntry = {
      seq: row.seq,
      id,
      uri: row.uri,
      format: row.format,
      source: standing.source,
      keyids,
      terms: termsOf(entry, { keyids, runs: run === undefined || run.claim !== undefined ? [] : [run] }),
    }
    const older = row.resign ? await truth.superseded(row.seq) : []
    const generations = await index.write([{ add: one }, ...older.map(removalOf)])
    for (const generation of generations) {
      const [found] = await index.look(generation, [one])
      if (found !== undefined && isWhole(found, one)) continue
      throw new ProvError('read_back_failed', 'the terms were written to the index and not found there')
    }
    const location = `${index.redis.location} ${memberOf(one)}`
    return { ...receipt, location, outcome: 'written', confirmed: generations.length > 0 }
  } catch (thrown) {
    const error = errorJson(asProvError(thrown))
    return {
      ...receipt,
      location: index.redis.location,
      outcome: 'failed',
      confirmed: false,
      error: { ...error, backend: INDEX },
    }
  }
}

function removalOf(old: SupersededEntry): Change {
  return { remove: { member: memberOf(old), terms: old.terms, whole: true } }
}
