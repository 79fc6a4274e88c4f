/**
 * The document beside a copy, under `proofs-<key>`: log entries, log proofs and time-stamps of the signatures. Chains' document has six fields and
 * its reader refuses a seventh, so they cannot go there. It is no part of the copy: without it, or when it is damaged, the copy is whole.
 */
import { asProvError, type ErrorJson, errorJson, ProvError } from '../../src/errors.ts'
import type { Entry } from '../../src/model/entry.ts'
import {
  addedTo,
  BESIDE_CHAINS,
  type ProofsById,
  proofsIn,
  proofsText,
  readProofs,
  withProofs,
} from '../../src/model/proofs-json.ts'
import { NAME, type SignedDocument } from './layout.ts'
import type { DocumentStore, StoredDocument, StoreOptions } from './store.ts'

const TRIES = 5

/** @example proofsKey('09e72cd46682') // 'proofs-09e72cd46682' */
export function proofsKey(key: string): string {
  return `proofs-${key}`
}

/** The document for the proofs of an entry under `key`; undefined for one that needs none. */
export function proofsDocument(entry: Entry, key: string): SignedDocument | undefined {
  const text = proofsText(proofsIn(entry.signatures, BESIDE_CHAINS))
  return text === undefined ? undefined : documentWith(text, key)
}

/** Chains' fields, so that every database holds it as it holds a copy; `Signed` is the text. */
function documentWith(text: string, key: string): SignedDocument {
  return { Signed: Buffer.from(text), Signature: '', Cert: '', Chain: '', Object: {}, Name: proofsKey(key) }
}

/** The entry with what the document says, or with what is wrong with that. */
export function withDocument(
  entry: Entry,
  beside: StoredDocument | undefined,
): { readonly entry: Entry; readonly proofsDamage?: ErrorJson } {
  if (beside === undefined) return { entry }
  try {
    return { entry: withProofs(entry, readProofs(textIn(beside))) }
  } catch (thrown) {
    return { entry, proofsDamage: { ...errorJson(asProvError(thrown)), backend: NAME } }
  }
}

/** What is not bytes is text that nobody can read. */
function textIn({ fields }: StoredDocument): string {
  const signed = fields['Signed']
  return signed instanceof Uint8Array ? Buffer.from(signed).toString('utf8') : ''
}

/**
 * Adds these proofs to those that stand beside the copy under `key`; true when any was new. Throws `conflict` when other writers are at work all
 * the time, and `not_supported` for proofs of a later version.
 *
 * @param there as it was read; undefined for none
 */
export async function addProofs(
  documents: DocumentStore,
  key: string,
  wanted: ProofsById,
  there: StoredDocument | undefined,
  options: StoreOptions,
): Promise<boolean> {
  if (wanted.size === 0) return false
  let now = there
  for (let tries = 0; tries < TRIES; tries++) {
    const text = addedTo(now === undefined ? undefined : textIn(now), wanted)
    if (text === undefined) return false
    const document = documentWith(text, key)
    const done = now === undefined ? documents.create(document, options) : documents.replace(now, document, options)
    if (await done) return true
    now = (await documents.get([proofsKey(key)], options))[0]
  }
  throw new ProvError('conflict', 'other writers change the proofs here all the time', { hint: 'try again' })
}

/** Brings what stands beside the copy to what the entry has. False: it has changed since it was read. */
export async function setProofs(
  documents: DocumentStore,
  key: string,
  entry: Entry,
  there: StoredDocument | undefined,
  options: StoreOptions,
): Promise<boolean> {
  const document = proofsDocument(entry, key)
  if (document === undefined) return there === undefined || documents.remove(there, options)
  return there === undefined ? documents.create(document, options) : documents.replace(there, document, options)
}
