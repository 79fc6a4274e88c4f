/** What gcs and s3 say of themselves: does the store keep its preconditions, and what time has it. */
import type { Backend, CallOptions, Context, DiagnoseOptions, Diagnostics, Slot } from '../../src/backend/backend.ts'
import { type CheckResult, type Diagnosis, degraded, examine } from '../../src/backend/diagnosis.ts'
import { asProvError, ProvError } from '../../src/errors.ts'
import { clockAt } from '../shared/clock.ts'
import { scratchIn, withSettings } from '../shared/scratch.ts'
import { objectName, placeIn } from './address.ts'
import { PARTS } from './layout.ts'
import type { ObjectStore } from './store.ts'

export interface DiagnoseJob {
  readonly name: 'gcs' | 's3'
  readonly context: Context
  /** The directory that stands in for a bucket; absent: a bucket. */
  readonly directory?: string | undefined
  /** Where the service is asked for the time; absent: nowhere. */
  readonly endpoint?: string | undefined
  reached(signal: AbortSignal): Promise<ObjectStore>
  open(context: Context): Backend
}

/**
 * In a directory the probe goes to a scratch folder; in a bucket to places of its own. There, before it, the preconditions are tried
 * on an object of three bytes: some emulators take no notice of them.
 *
 * @example await diagnose({ name: 's3', context, reached, open }, options)
 */
export async function diagnose(job: DiagnoseJob, options: DiagnoseOptions): Promise<Diagnostics> {
  const { name, context, directory } = job
  if (directory !== undefined) {
    if (options.readOnly) return { checks: [] }
    const scratch = await scratchIn(directory, context)
    const standIn = job.open(withSettings(context, { [`storage.${name}.directory`]: scratch.path }))
    return { checks: [], standIn, sweep: () => scratch.sweep() }
  }
  const object = `prov-doctor/${Buffer.from(context.random(8)).toString('hex')}.probe`
  const now = () => context.now()
  let mayStand = true
  const refused = () => {
    mayStand = false
  }
  const [clock, honoured] = await Promise.all([
    job.endpoint === undefined ? [] : [await clockAt(job.endpoint, context, options.signal)],
    options.readOnly
      ? []
      : [await examine('conditional-write', now, () => preconditions(job, object, options, refused))],
  ])
  // What was not asked about, reading and writing will say better; but nobody need wait for it twice.
  const told = honoured.flatMap((check): readonly Diagnosis[] => {
    if (check.outcome !== 'failed' || TOLD.includes(check.error?.code ?? '')) return [check]
    const silent = check.error?.code === 'unreachable' || check.error?.code === 'timed_out'
    return silent ? [{ ...check, check: 'reach' }] : []
  })
  if (options.readOnly || told.some(({ check }) => check === 'reach')) return { checks: [...clock, ...told] }
  const own = mayStand ? [object] : []
  return { checks: [...clock, ...told], sweep: (slots, calls) => sweep(job, slots, own, calls) }
}

/** Failures of the first writes that nobody else would say as well. */
const TOLD: readonly string[] = ['conflict', 'not_supported']

const MISSING = {
  checksums: 'it refuses checksums (set AWS_REQUEST_CHECKSUM_CALCULATION=WHEN_REQUIRED)',
  conditions:
    'it knows no conditional writes (If-None-Match, If-Match), without which two writers overwrite each other',
} as const

/** What a refused write was refused for; undefined where it is not for want of an ability. */
async function wanting(
  store: ObjectStore,
  name: string,
  object: string,
  thrown: unknown,
  calls: CallOptions,
): Promise<ProvError | undefined> {
  const { code, hint } = asProvError(thrown)
  if (store.missing === undefined || (code !== 'not_supported' && code !== 'response_invalid')) return undefined
  const missing = await store.missing(`${object}.ability`, calls)
  if (missing.length === 0) return undefined
  const message = `the service lacks what a write needs: ${missing.map((one) => MISSING[one]).join('; and ')}`
  const conditions = missing.includes('conditions')
  return new ProvError('not_supported', message, {
    backend: name,
    operation: 'probe',
    location: object,
    hint: conditions ? undefined : hint,
    cause: thrown,
  })
}

/** @param refused called when nothing of the object can be there, since the very first write was not allowed */
async function preconditions(
  { name, reached }: DiagnoseJob,
  object: string,
  calls: CallOptions,
  refused: () => void,
): Promise<CheckResult> {
  const store = await reached(calls.signal)
  const write = (text: string, expect: string | null) => store.put(object, Buffer.from(text), expect, calls)
  const broken = (what: string) =>
    new ProvError('conflict', `the store ignores preconditions: ${what}`, {
      backend: name,
      operation: 'probe',
      location: object,
      hint: 'two writers may overwrite each other here',
    })
  const first = await write('one', null).catch(async (thrown: unknown) => {
    if (asProvError(thrown).code === 'denied') refused()
    const error = await wanting(store, name, object, thrown, calls)
    if (error !== undefined) refused()
    throw error ?? thrown
  })
  if (first === undefined) throw new ProvError('occupied', 'the place of the probe is taken', { backend: name })
  if ((await write('two', null)) !== undefined) throw broken('an object was made that was there already')
  const second = await write('two', first)
  if (second === undefined) throw broken('a write that named the state that stands there was refused')
  if ((await write('six', first)) !== undefined) throw broken('a write that named an older state was let through')
  await store.delete(object, first, calls)
  if ((await store.head(object, calls)) === undefined) {
    return degraded('the store honours preconditions of writes, but ignores those of deletions')
  }
  return 'the store honours preconditions'
}

/** Halves of a copy that broke off are not a copy, and nobody lists or removes them: so every object is looked for by name. */
async function sweep(
  job: DiagnoseJob,
  slots: readonly Slot[],
  own: readonly string[],
  calls: CallOptions,
): Promise<void> {
  const copies = slots.map(placeIn).flatMap((place) => PARTS.map((part) => objectName(place, place.key, part)))
  const names = [...own, ...copies]
  if (names.length === 0) return
  const store = await job.reached(calls.signal)
  for (const name of names) {
    const version = await store.head(name, calls)
    if (version !== undefined) await store.delete(name, version, calls)
  }
}
