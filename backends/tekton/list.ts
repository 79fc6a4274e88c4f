/** Which slots of a run, or of the runs of a file, hold something. Pure. */

import type { ListFilter, Slot } from '../../src/backend/backend.ts'
import { ProvError } from '../../src/errors.ts'
import type { RunClaim } from '../../src/model/artifact.ts'
import { imageIn } from '../shared/image-key.ts'
import { namesSubject } from '../shared/names-subject.ts'
import { type AnnotationAddress, type Live, slotOf } from './address.ts'
import { type Annotations, NAME, PREFIX, readItem } from './layout.ts'

const SIGNATURE = `${PREFIX}signature-`
const RUN_KEY = /^(?:taskrun|pipelinerun)-/

/** A run of a file, with what it is called there. */
export interface ListedRun {
  readonly uid: string
  readonly namespace?: string
  readonly name?: string
  readonly annotations: Annotations
}

interface Holder {
  readonly file: string
  readonly uid: string
  readonly live?: Live
  readonly namespace?: string
  readonly name?: string
}

/**
 * A slot for every entry in the runs' annotations that can be told to belong to its run. Throws `not_supported` for a filter by namespace.
 *
 * @example [...slotsIn('runs.yaml', runs, { kind: 'raw' })].map((slot) => slot.key)
 */
export function* slotsIn(file: string, runs: readonly ListedRun[], filter: ListFilter): Iterable<Slot> {
  if (filter.namespace !== undefined) {
    throw new ProvError('not_supported', 'a file of runs cannot be listed by namespace', {
      backend: NAME,
      operation: 'list',
    })
  }
  for (const { annotations, ...run } of runs) yield* slotsOfRun({ file, ...run }, annotations, filter)
}

/** The same for one run, whose namespace is the caller's to check. */
export function* slotsOfRun(holder: Holder, annotations: Annotations, filter: ListFilter): Iterable<Slot> {
  const { namespace = holder.live?.namespace, name = holder.live?.name, ...where } = holder
  const keys = Object.keys(annotations).flatMap((name) =>
    name.startsWith(SIGNATURE) ? [name.slice(SIGNATURE.length)] : [],
  )
  for (const key of keys) {
    const place = placeUnder(where, key, keys, annotations)
    if (place === undefined || !passes(place, annotations, filter)) continue
    const run: RunClaim = {
      kind: place.run.startsWith('pipelinerun-') ? 'PipelineRun' : 'TaskRun',
      uid: where.uid,
      ...(namespace === undefined || name === undefined ? {} : { namespace, name }),
    }
    const subject = place.image?.digest.slice('sha256:'.length)
    yield { ...slotOf(place), names: { run, ...(subject === undefined ? {} : { subject }) } }
  }
}

function placeUnder(
  where: { readonly file: string; readonly uid: string; readonly live?: Live },
  key: string,
  keys: readonly string[],
  annotations: Annotations,
): AnnotationAddress | undefined {
  const { uid } = where
  if (RUN_KEY.test(key)) return key.endsWith(`-${uid}`) ? { ...where, run: key, key, kind: 'dsse' } : undefined
  const payload = readItem(annotations, key, 'raw')?.entry?.payload
  const image = payload === undefined ? undefined : imageIn(payload)
  // The kind of the run is only in the key of its own entry.
  const run = keys.find((k) => RUN_KEY.test(k) && k.endsWith(`-${uid}`)) ?? `taskrun-${uid}`
  if (image === undefined || !image.digest.startsWith(`sha256:${key.slice(0, 12)}`)) return undefined
  return { ...where, run, key: key.slice(0, 12), kind: 'raw', image }
}

function passes(place: AnnotationAddress, annotations: Annotations, { kind, subject }: ListFilter): boolean {
  if (kind !== undefined && kind !== place.kind) return false
  if (subject === undefined) return true
  if (place.image !== undefined) return place.image.digest === `sha256:${subject}`
  const payload = readItem(annotations, place.key, 'dsse')?.entry?.payload
  return payload !== undefined && namesSubject(payload, subject)
}
