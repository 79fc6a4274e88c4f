/** Where an entry belongs: under which key of the collection. Pure. */

import type { About, ListFilter, Slot } from '../../src/backend/backend.ts'
import type { ErrorJson } from '../../src/errors.ts'
import { type ImageRef, imageKey, runKey } from '../../src/model/artifact.ts'
import { type Kind, sha256Hex } from '../../src/model/entry.ts'
import { parseBounded } from '../../src/platform/text/bounded-json.ts'
import { imageAddress, imageIn, imageSuffix, isOtherImage, keyBeside } from '../shared/image-key.ts'
import { type Item, itemOf, NAME, rawOf } from './layout.ts'
import { proofsKey, withDocument } from './proofs.ts'
import type { StoredDocument } from './store.ts'

/** A slot's address with its types. */
export interface DocumentAddress {
  /** Chains' key. */
  readonly key: string
  readonly kind: Kind
  readonly image?: ImageRef
}

/**
 * The one place of such an entry; undefined when it has none: an attestation about an image alone, whose run is not known. Chains has no
 * key for a Statement without a run; prov's is `statement-<32 hex of the payload's sha256>`.
 *
 * @example placeOf(about)?.key // 'taskrun-b0a4c3c0-…'
 */
export function placeOf({ artifact, kind }: About): DocumentAddress | undefined {
  if (artifact.type === 'image') {
    return kind === 'raw' ? { key: imageKey(artifact.image), kind, image: artifact.image } : undefined
  }
  if (kind !== 'dsse') return undefined
  if (artifact.type === 'run') return artifact.uid === '' ? undefined : { key: runKey(artifact), kind }
  return { key: `statement-${sha256Hex(artifact.payload).slice(0, 32)}`, kind }
}

/** Readable and unique: `mongo://db/coll#taskrun-<uid>`; an image's also names the image, since two may share a key. */
export function slotOf(where: string, { key, kind, image }: DocumentAddress): Slot {
  return {
    backend: NAME,
    key: `${locationOf(where, key)}${imageSuffix(image)}`,
    kind,
    holds: 'one',
    address: { key, ...imageAddress(image) },
  }
}

/** The same slot with what its key says. */
export function namedSlotOf(where: string, place: DocumentAddress): Slot {
  const [, kind, uid] = /^(taskrun|pipelinerun)-(.+)$/.exec(place.key) ?? []
  const slot = slotOf(where, place)
  if (place.image !== undefined) return { ...slot, names: { subject: place.image.digest.slice('sha256:'.length) } }
  if (kind === undefined || uid === undefined) return slot
  return { ...slot, names: { run: { kind: kind === 'taskrun' ? 'TaskRun' : 'PipelineRun', uid } } }
}

/** The place that {@link slotOf} made a slot of. */
export function placeIn({ kind, address: { key = '', repository, digest } }: Slot): DocumentAddress {
  return { key, kind, ...(repository === undefined || digest === undefined ? {} : { image: { repository, digest } }) }
}

/** Where the document is, for receipts and messages. */
export function locationOf(where: string, key: string): string {
  return `${where}#${key}`
}

/** Every key under which an entry of this place may stand. */
export function keysOf({ key, image }: DocumentAddress): readonly string[] {
  return image === undefined ? [key] : [key, keyBeside(image)]
}

/** What has to be read for a place: those, and the documents beside them. */
export function readKeysOf(place: DocumentAddress): readonly string[] {
  const keys = keysOf(place)
  return [...keys, ...keys.map(proofsKey)]
}

/** A document with what could be made of it. */
export type Standing = Item & {
  readonly stored: StoredDocument
  /** The document beside it. */
  readonly beside?: StoredDocument
  readonly proofsDamage?: ErrorJson
}

/**
 * The documents of this place, without that of another image that rightly has the same key, and the key for an entry that is not there.
 *
 * @example standing(place, await store.get(readKeysOf(place), options)).items.length // 0 when absent
 */
export function standing(
  place: DocumentAddress,
  documents: readonly StoredDocument[],
): {
  readonly items: readonly Standing[]
  readonly freeKey: string
  readonly beside: (key: string) => StoredDocument | undefined
} {
  const beside = (key: string) => documents.find((stored) => stored.key === proofsKey(key))
  const all = keysOf(place).flatMap((key) => documents.filter((stored) => stored.key === key))
  const items = all.map((stored) => joined(itemOf(stored.key, stored.fields, place.kind), stored, beside(stored.key)))
  const { image } = place
  if (image === undefined) return { items, freeKey: place.key, beside }
  const taken = items.find(
    ({ key, entry }) => key === place.key && entry !== undefined && isOtherImage(entry.payload, image),
  )
  return taken === undefined
    ? { items, freeKey: place.key, beside }
    : { items: items.filter((item) => item !== taken), freeKey: keyBeside(image), beside }
}

function joined(item: Item, stored: StoredDocument, beside: StoredDocument | undefined): Standing {
  if (beside === undefined) return Object.assign(item, { stored })
  const common = {
    key: item.key,
    stored,
    beside,
    /** With the document beside it: what is kept, or has changed, is both. */
    get raw() {
      const proofs = rawOf(beside.fields)
      return Buffer.concat([item.raw, Buffer.from('\n'), proofs])
    },
  }
  if (item.entry === undefined) return Object.assign(common, { damage: item.damage })
  return Object.assign(common, withDocument(item.entry, beside))
}

const STATEMENT_KEY = /^(?:(?:taskrun|pipelinerun)-.|statement-[0-9a-f]{32}$)/
const IMAGE_KEY = /^[0-9a-f]{12}(?:-[0-9a-f]{32})?$/

/**
 * The place that a document of the collection belongs to, if the filter lets it pass; undefined for one that is none of ours.
 *
 * @example listed({ key: '09e72cd46682', fields }, { kind: 'raw' })?.image?.digest // 'sha256:09e72cd46682…'
 */
export function listed(
  { key, fields }: Pick<StoredDocument, 'key' | 'fields'>,
  { kind, subject }: ListFilter,
): DocumentAddress | undefined {
  const payload = fields['Signed'] instanceof Uint8Array ? fields['Signed'] : new Uint8Array()
  if (STATEMENT_KEY.test(key)) {
    if (kind === 'raw' || (subject !== undefined && !subjectDigests(payload).includes(`sha256:${subject}`))) return
    return { key, kind: 'dsse' }
  }
  if (kind === 'dsse' || !IMAGE_KEY.test(key)) return
  const image = imageIn(payload)
  if (image === undefined || imageKey(image) !== key.slice(0, 12)) return
  if (key !== imageKey(image) && key !== keyBeside(image)) return
  return subject === undefined || image.digest === `sha256:${subject}`
    ? { key: imageKey(image), kind: 'raw', image }
    : undefined
}

/**
 * Digests that a payload is about, `algorithm:hex`: those of a Statement's subjects, or of the image of a simplesigning document.
 *
 * @example subjectDigests(payload) // ['sha256:09e7…']
 */
export function subjectDigests(payload: Uint8Array): readonly string[] {
  const image = imageIn(payload)
  if (image !== undefined) return [image.digest]
  try {
    const { subject } = parseBounded(Buffer.from(payload).toString('utf8')) as Readonly<Record<string, unknown>>
    const named = subject as readonly { readonly digest?: Readonly<Record<string, unknown>> }[]
    return [
      ...new Set(
        named.flatMap(({ digest }) => Object.entries(digest ?? {}).map(([algorithm, hex]) => `${algorithm}:${hex}`)),
      ),
    ]
  } catch {
    return []
  }
}
