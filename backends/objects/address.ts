/**
 * Where an entry belongs. Chains' names for what belongs to a run: `taskrun-<namespace>-<name>/taskrun-<uid>` and, for its images,
 * `taskrun-<namespace>-<name>/<12 hex>` (pkg/chains/storage/gcs/gcs.go), each with `.payload` and so on. Chains has no place for
 * what has no run; here it goes to `image/<12 hex>-<32 hex>` and `statement/<sha256 of the payload>`; and what was moved here from a
 * store that knows only the uid of its run, to `run/taskrun-<uid>`. Pure.
 */

import type { About, Slot } from '../../src/backend/backend.ts'
import { ProvError } from '../../src/errors.ts'
import { type ImageRef, imageKey, type RunArtifact, type RunClaim, runKey } from '../../src/model/artifact.ts'
import { type Kind, sha256Hex } from '../../src/model/entry.ts'
import { keyBeside } from '../shared/image-key.ts'
import { PARTS, type Part } from './layout.ts'

export interface ObjectAddress {
  readonly folder: string
  readonly key: string
  readonly kind: Kind
  /** Of an image signature, when it is known which. */
  readonly image?: ImageRef
}

/** The object with the proofs beside a copy. */
export const PROOFS_PART = 'proofs' as const
/** The four of Chains, and the one beside them. */
export const ALL_PARTS = [...PARTS, PROOFS_PART] as const
const IMAGES = 'image'
const STATEMENTS = 'statement'
const RUNS = 'run'
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

/**
 * The one place of such an entry; undefined when it is none that is kept here. Throws `input_invalid` for a run whose names could leave
 * their folder.
 *
 * @example placeOf(about)?.folder // 'taskrun-ci-build-7x'
 */
export function placeOf({ artifact, kind }: About): ObjectAddress | undefined {
  switch (artifact.type) {
    case 'run': {
      if (kind !== 'dsse' || artifact.uid === '') return undefined
      return { folder: folderOf(artifact) ?? RUNS, key: named(runKey(artifact)), kind }
    }
    case 'image': {
      const { image, run } = artifact
      if (kind !== 'raw') return undefined
      const folder = run === undefined ? undefined : folderOf(run)
      if (folder === undefined) return { folder: IMAGES, key: named(keyBeside(image)), kind, image }
      return { folder, key: named(imageKey(image)), kind, image }
    }
    case 'statement':
      return kind === 'dsse' ? { folder: STATEMENTS, key: sha256Hex(artifact.payload), kind } : undefined
  }
}

/** undefined for a run whose name is not known. */
function folderOf({ kind, namespace, name, claim }: RunArtifact): string | undefined {
  const joined = name === '' ? claim?.joined : `${namespace}-${name}`
  return joined === undefined ? undefined : named(`${kind.toLowerCase()}-${joined}`)
}

function named(text: string): string {
  if (NAME.test(text)) return text
  throw new ProvError('input_invalid', `${JSON.stringify(text)} cannot be part of an object's name`, {
    hint: 'letters, digits, - and . only, as Kubernetes allows',
  })
}

/** Every key under which the entry may stand: an image of a run may have to give way to another one with Chains' key. */
export function keysOf({ folder, key, image }: ObjectAddress): readonly string[] {
  return image === undefined || folder === IMAGES ? [key] : [key, keyBeside(image)]
}

/** @example objectName(place, place.key, 'signature') // 'taskrun-ci-build-7x/taskrun-b0a4….signature' */
export function objectName(
  { folder }: Pick<ObjectAddress, 'folder'>,
  key: string,
  part: Part | typeof PROOFS_PART,
): string {
  return `${folder}/${key}.${part}`
}

/** Where what was found in a place is kept when it is replaced: one object with all of it, which is not a copy's part. */
export function keptName({ folder, key }: Pick<ObjectAddress, 'folder' | 'key'>, raw: Uint8Array): string {
  return `${folder}/${key}.kept-${sha256Hex(raw).slice(0, 12)}`
}

/** The slot of a place; `root` is how the store is named in reports, e.g. `gs://bucket/`. */
export function slotOf(backend: string, root: string, place: ObjectAddress): Slot {
  const { folder, key, kind, image } = place
  const suffix = image === undefined ? '' : ` (${image.repository}@${image.digest})`
  return {
    backend,
    key: `${root}${folder}/${key}${suffix}`,
    kind,
    holds: 'one',
    address: { folder, key, ...(image === undefined ? {} : { repository: image.repository, digest: image.digest }) },
  }
}

/** The same slot with what its name says. */
export function namedSlotOf(backend: string, root: string, place: ObjectAddress): Slot {
  const [, ofFolder, joined] = /^(taskrun|pipelinerun)-(.+)$/.exec(place.folder) ?? []
  const [, ofKey, uid] = (place.kind === 'dsse' && /^(taskrun|pipelinerun)-(.+)$/.exec(place.key)) || []
  const kind = ofKey ?? ofFolder
  const subject = place.image?.digest.slice('sha256:'.length)
  const run: RunClaim = {
    kind: kind === 'taskrun' ? 'TaskRun' : 'PipelineRun',
    ...(uid === undefined ? {} : { uid }),
    ...(joined === undefined ? {} : { joined }),
  }
  return {
    ...slotOf(backend, root, place),
    names: {
      ...(kind === undefined ? {} : { run }),
      ...(subject === undefined ? {} : { subject }),
      ...(place.kind === 'raw' && subject === undefined ? { imageKey: place.key.slice(0, 12) } : {}),
    },
  }
}

/** The place that {@link slotOf} made a slot of. Throws `internal` for a slot of another backend. */
export function placeIn({ kind, address, key: slot }: Slot): ObjectAddress {
  const { folder, key, repository, digest } = address
  if (folder === undefined || key === undefined) {
    throw new ProvError('internal', 'a slot of another backend', { location: slot })
  }
  const image = repository === undefined || digest === undefined ? {} : { image: { repository, digest } }
  return { folder: named(folder), key: named(key), kind, ...image }
}

/** What the name of a signature object says; `image` is not in it. undefined for the name of anything else. */
export function placeNamed(name: string): ObjectAddress | undefined {
  const [, folder, key] = /^([^/]+)\/([^/]+)\.signature$/.exec(name) ?? []
  if (folder === undefined || key === undefined || !NAME.test(folder) || !NAME.test(key)) return undefined
  const ofRun = /^(?:taskrun|pipelinerun)-/
  if (folder === STATEMENTS) return /^[0-9a-f]{64}$/.test(key) ? { folder, key, kind: 'dsse' } : undefined
  if ((ofRun.test(folder) || folder === RUNS) && ofRun.test(key)) return { folder, key, kind: 'dsse' }
  const forImage = folder === IMAGES ? /^[0-9a-f]{12}-[0-9a-f]{32}$/ : /^[0-9a-f]{12}(?:-[0-9a-f]{32})?$/
  return (ofRun.test(folder) || folder === IMAGES) && forImage.test(key) ? { folder, key, kind: 'raw' } : undefined
}

/** The place of the image whose signature stands under `place`, which {@link placeNamed} gave. */
export function placeOfImage(place: ObjectAddress, image: ImageRef): ObjectAddress {
  return { ...place, image, key: place.folder === IMAGES ? place.key : place.key.slice(0, 12) }
}
