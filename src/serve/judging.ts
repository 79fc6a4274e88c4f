/** The verdict on one key that a caller named: its deadline, its tag, and what is said when there is no verdict. */
import type { Judge, Judged } from '../cache/judged.ts'
import { asProvError, type ErrorJson, errorJson, ProvError } from '../errors.ts'
import { parseImage, parseTagged } from '../model/image-reference.ts'

export interface Judging {
  /** By the keys and the policy that count now. Throws why none can count. */
  judge(): Judge
  /** The digest that a tag names now, `sha256:…`. Throws `image_invalid` for a tag that the registry does not have. */
  digestOf(repository: string, tag: string, signal: AbortSignal): Promise<string>
  /** How long one key may take, in milliseconds. */
  readonly deadlineMs: number
  /** Milliseconds since any fixed point in time. */
  now(): number
  told(outcome: KeyOutcome, ms: number): void
}

/** A verdict, or why there is none. */
export type KeyOutcome =
  | {
      readonly judged: Judged
      /** `repository@digest` as the caller spelled the repository: what was judged. */
      readonly image: string
      readonly byTag: boolean
      readonly error?: never
    }
  | { readonly error: ErrorJson; readonly judged?: never }

export interface KeyOptions {
  /** Tags are looked up; otherwise a key without a digest is refused, with `hint`. */
  readonly tags: boolean
  readonly hint: string
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal
}

/** Work that its caller no longer waits for goes on for so long, and fills the cache. */
export const LATE_MS = 30_000
/** No registry takes a longer reference. */
const MAX_KEY = 1024

/**
 * Never throws, and never later than the deadline.
 *
 * @example const { judged, error } = await judgeKey('ghcr.io/acme/app@sha256:…', { tags: false, hint, signal }, judging)
 */
export async function judgeKey(key: string, options: KeyOptions, judging: Judging): Promise<KeyOutcome> {
  const began = judging.now()
  const outcome = await inTime(key, options, judging)
  judging.told(outcome, judging.now() - began)
  return outcome
}

async function inTime(key: string, options: KeyOptions, judging: Judging): Promise<KeyOutcome> {
  const { signal } = options
  const own = new AbortController()
  const stop = (): void => own.abort()
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<KeyOutcome>((resolve) => {
    timer = setTimeout(() => {
      // From here on nobody waits: that the caller goes is not the end of the work.
      signal.removeEventListener('abort', stop)
      timer = setTimeout(stop, LATE_MS)
      timer.unref()
      resolve({ error: errorJson(tooLate(judging.deadlineMs)) })
    }, judging.deadlineMs)
  })
  const work = outcomeOf(key, { ...options, signal: own.signal }, judging).finally(() => {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  })
  return Promise.race([work, late])
}

async function outcomeOf(key: string, options: KeyOptions, judging: Judging): Promise<KeyOutcome> {
  try {
    const judge = judging.judge()
    const { reference, image, byTag } = await referenceOf(key, options, judging)
    const judged = await judge.image(reference, options.signal)
    // Nobody could look: that is not a verdict that anybody may act on.
    const [first] = judged.findings
    if (judged.verdict === 'unknown') return { error: first ?? { code: 'nothing_verified', message: 'no verdict' } }
    return { judged, image, byTag }
  } catch (thrown) {
    return { error: errorJson(asProvError(thrown)) }
  }
}

async function referenceOf(key: string, { tags, hint, signal }: KeyOptions, judging: Judging) {
  if (key.length > MAX_KEY) throw new ProvError('image_invalid', `a key of ${key.length} characters names no image`)
  if (key.includes('@')) {
    const reference = parseImage(key)
    return { reference, image: key, byTag: false }
  }
  const { repository, tag, written } = parseTagged(key)
  if (!tags) throw new ProvError('image_invalid', `${JSON.stringify(key)} has no digest`, { hint })
  const digest = await judging.digestOf(repository, tag, signal)
  return { reference: { repository, digest }, image: `${written}@${digest}`, byTag: true }
}

function tooLate(ms: number): ProvError {
  return new ProvError('timed_out', `no verdict within ${ms} ms`, { hint: 'ask again: the work goes on' })
}
