/** Where an entry belongs: which run in which file, and under which key of its annotations. Pure. */

import type { About, Slot } from '../../src/backend/backend.ts'
import { type ImageRef, imageKey, type RunArtifact, runKey } from '../../src/model/artifact.ts'
import type { Kind } from '../../src/model/entry.ts'
import { imageAddress, imageSuffix, isOtherImage, keyBeside } from '../shared/image-key.ts'
import { type Annotations, annotationNames, type Item, NAME, readItem } from './layout.ts'

/** Where a live run is. */
export interface Live {
  readonly namespace: string
  readonly name: string
  /** The API server it was read from; absent: that of the configuration. */
  readonly server?: string
}

/** A slot's address with its types. */
export interface AnnotationAddress {
  /** Path of the file, or the name of the live run (`cluster:ci/taskrun/build-7x`). */
  readonly file: string
  /** For a live run. */
  readonly live?: Live
  readonly uid: string
  /** Chains' key of the run. */
  readonly run: string
  /** Chains' key of the entry. */
  readonly key: string
  readonly kind: Kind
  readonly image?: ImageRef
  /** Where the run stood in its file when it was read: a hint only. */
  readonly document?: number
  readonly item?: number
}

/**
 * The one place of such an entry in `file`; undefined when it is none that belongs to a run: a Statement alone, an image alone.
 *
 * @example placeOf(about, 'run.yaml')?.key // 'taskrun-b0a4c3c0-…'
 */
export function placeOf({ artifact, kind }: About, file: string, live?: Live): AnnotationAddress | undefined {
  if (artifact.type === 'run' && kind === 'dsse') {
    return { ...runPlace(artifact, file, live), key: runKey(artifact), kind }
  }
  if (artifact.type !== 'image' || artifact.run === undefined || kind !== 'raw') return undefined
  return { ...runPlace(artifact.run, file, live), key: imageKey(artifact.image), kind, image: artifact.image }
}

function runPlace(run: RunArtifact, file: string, live: Live | undefined): Omit<AnnotationAddress, 'key' | 'kind'> {
  if (live !== undefined) return { file, live, uid: run.uid, run: runKey(run) }
  const own = run.source?.file === file ? run.source : undefined
  return {
    file,
    uid: run.uid,
    run: runKey(run),
    ...(own === undefined ? {} : { document: own.document }),
    ...(own?.item === undefined ? {} : { item: own.item }),
  }
}

/** Readable and unique: `run.yaml#chains.tekton.dev/signature-taskrun-<uid>`; an image's also names the run and the repository. */
export function slotOf(place: AnnotationAddress): Slot {
  const { file, live, uid, run, key, kind, image, document, item } = place
  return {
    backend: NAME,
    key: `${locationOf(place, key)}${imageSuffix(image)}`,
    kind,
    holds: 'one',
    address: {
      file,
      ...live,
      uid,
      run,
      key,
      ...imageAddress(image),
      ...(document === undefined ? {} : { document: String(document) }),
      ...(item === undefined ? {} : { item: String(item) }),
    },
  }
}

/** The place that {@link slotOf} made a slot of. */
export function placeIn({ kind, address }: Slot): AnnotationAddress {
  const { file = '', uid = '', run = '', key = '', repository, digest, document, item } = address
  const { namespace, name, server } = address
  return {
    file,
    ...(namespace === undefined || name === undefined
      ? {}
      : { live: { namespace, name, ...(server === undefined ? {} : { server }) } }),
    uid,
    run,
    key,
    kind,
    ...(repository === undefined || digest === undefined ? {} : { image: { repository, digest } }),
    ...(document === undefined ? {} : { document: Number(document) }),
    ...(item === undefined ? {} : { item: Number(item) }),
  }
}

/** Where the item under `key` is, for receipts and messages. */
export function locationOf({ file, run, kind }: Pick<AnnotationAddress, 'file' | 'run' | 'kind'>, key: string): string {
  const { signature } = annotationNames(key)
  return kind === 'dsse' ? `${file}#${signature}` : `${file}#${run}/${signature}`
}

/** What stands in a place, and the key for an entry that is not there yet. */
export interface Standing {
  /** Entries and damage of this place; not those of another image that rightly has the same key. */
  readonly items: readonly Item[]
  readonly freeKey: string
}

/**
 * Looks at Chains' own key and, for an image, at the one beside it.
 *
 * @example standing(annotations, place).items.length // 0 when absent
 */
export function standing(annotations: Annotations, place: AnnotationAddress): Standing {
  const first = readItem(annotations, place.key, place.kind)
  if (place.image === undefined) return { items: first === undefined ? [] : [first], freeKey: place.key }
  const { image } = place
  const second = readItem(annotations, keyBeside(image), place.kind)
  const neighbour = first?.entry !== undefined && isOtherImage(first.entry.payload, image)
  const own = first === undefined || neighbour ? [] : [first]
  return { items: second === undefined ? own : [...own, second], freeKey: neighbour ? keyBeside(image) : place.key }
}
