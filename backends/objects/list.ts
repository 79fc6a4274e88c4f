/** Which slots of a store of objects hold something. */
import type { CallOptions, ListFilter, Slot } from '../../src/backend/backend.ts'
import { imageIn } from '../shared/image-key.ts'
import { namesSubject } from '../shared/names-subject.ts'
import { namedSlotOf, type ObjectAddress, objectName, placeNamed, placeOfImage } from './address.ts'
import { isPending, MARK_BYTES } from './layout.ts'
import type { ListedObject, ObjectStore } from './store.ts'

/** Payloads that are read at a time. */
const WIDTH = 16

/**
 * A slot for every copy, as the store lists them. Chains joins namespace and name of a run by `-`, so a filter by namespace `ci`
 * also lets `ci-east` pass. Only images, and a filter by subject, make it read payloads.
 *
 * @example for await (const slot of listSlots('gcs', 'gs://bucket/', store, { kind: 'raw' }, { signal })) …
 */
export async function* listSlots(
  backend: string,
  root: string,
  store: ObjectStore,
  filter: ListFilter,
  options: CallOptions,
): AsyncIterable<Slot> {
  const { namespace } = filter
  const prefixes = namespace === undefined ? [''] : [`taskrun-${namespace}-`, `pipelinerun-${namespace}-`]
  for (const prefix of prefixes) {
    const places = ahead(store.list(prefix, options), (object) => placeAt(store, object, filter, options))
    for await (const place of places) if (place !== undefined) yield namedSlotOf(backend, root, place)
  }
}

/**
 * The slot of the copy whose signature object has this name; undefined for the name of anything else, and while it is not there.
 *
 * @example await slotOfObject('gcs', 'gs://bucket/', store, 'taskrun-ci-build/taskrun-b0a4….signature', { signal })
 */
export async function slotOfObject(
  backend: string,
  root: string,
  store: ObjectStore,
  name: string,
  options: CallOptions,
): Promise<Slot | undefined> {
  const place = await placeAt(store, { name, size: undefined }, {}, options)
  return place === undefined ? undefined : namedSlotOf(backend, root, place)
}

async function placeAt(
  store: ObjectStore,
  { name, size }: Pick<ListedObject, 'name' | 'size'>,
  { kind, subject }: ListFilter,
  options: CallOptions,
): Promise<ObjectAddress | undefined> {
  const place = placeNamed(name)
  if (place === undefined || (kind !== undefined && kind !== place.kind)) return undefined
  if (size === undefined || size === MARK_BYTES) {
    const signature = await store.get(name, options)
    if (signature === undefined || isPending(signature.bytes)) return undefined
  }
  if (place.kind === 'dsse' && subject === undefined) return place
  const payload = await store.get(objectName(place, place.key, 'payload'), options)
  if (place.kind === 'dsse')
    return payload !== undefined && namesSubject(payload.bytes, subject ?? '') ? place : undefined
  const image = payload === undefined ? undefined : imageIn(payload.bytes)
  // Damage has a place too, though it does not say of which image.
  if (image === undefined || !image.digest.startsWith(`sha256:${place.key.slice(0, 12)}`)) {
    return subject === undefined ? place : undefined
  }
  return subject === undefined || image.digest === `sha256:${subject}` ? placeOfImage(place, image) : undefined
}

/** Results in the order of the source, with a few calls under way; memory stays flat. */
async function* ahead<T, R>(source: AsyncIterable<T>, work: (item: T) => Promise<R>): AsyncIterable<R> {
  const under: Promise<R>[] = []
  for await (const item of source) {
    const call = work(item)
    call.catch(() => {})
    under.push(call)
    const first = under.length < WIDTH ? undefined : under.shift()
    if (first !== undefined) yield await first
  }
  for (const call of under) yield await call
}
