/** Whether a key is public: every URL is read past its caches, and every cache that may hold an older set is waited for. */
import { asProvError, ProvError } from '../errors.ts'
import type { HttpContext } from '../platform/http/context.ts'
import { fetchDocument } from '../platform/http/document.ts'
import { timeText } from '../platform/text/time-text.ts'
import { MAX_PUBLIC_BYTES, readPublicSet } from '../trust/public-set.ts'
import { LONGEST_MS, maxAgeMs } from './max-age.ts'
import type { PublicationProof } from './publication.ts'

export interface ProofJob {
  readonly urls: readonly string[]
  /** Least time between the last sight and the first signature, in milliseconds. */
  readonly minPropagationMs: number
  /** By how much clocks may differ. */
  readonly skewMs: number
  readonly http: HttpContext
  readonly signal: AbortSignal
}

type Look =
  | { readonly url: string; readonly at: number; readonly maxAgeMs: number }
  | { readonly url: string; readonly reason: string }

/**
 * Reads every URL and looks for the key. A URL that fails, or whose caches may keep an answer for longer than a day, is `missing`, with the
 * reason. `activates` is the last sight, plus the longer of what any cache may keep and the least wait, plus what clocks may differ. Throws
 * only `aborted`.
 *
 * @example (await proofOf('NzbLsXh8…', job)).activates // '2026-01-31T00:01:30.000Z'
 */
export async function proofOf(kid: string, job: ProofJob): Promise<PublicationProof> {
  const looks = await Promise.all(job.urls.map((url) => lookAt(url, kid, job)))
  const seen = looks.flatMap((look) => ('at' in look ? [look] : []))
  const missing = looks.flatMap((look) => ('reason' in look ? [look] : []))
  const last = Math.max(...seen.map(({ at }) => at))
  const wait = Math.max(job.minPropagationMs, ...seen.map((look) => look.maxAgeMs))
  const isPublic = seen.length > 0 && missing.length === 0
  return {
    seen: seen.map(({ url, at, maxAgeMs: age }) => ({ url, at: timeText(at), maxAgeMs: age })),
    missing,
    ...(isPublic ? { activates: timeText(last + wait + job.skewMs) } : {}),
  }
}

async function lookAt(url: string, kid: string, { http, signal }: ProofJob): Promise<Look> {
  try {
    const answer = await fetchDocument(url, http, { maxBytes: MAX_PUBLIC_BYTES, fresh: true, signal })
    if (answer === undefined) return { url, reason: 'nothing is there (404)' }
    const at = http.now()
    const { keys } = await readPublicSet(url, answer.body)
    if (!keys.some(({ jwk }) => jwk.kid === kid)) return { url, reason: 'does not show the key yet' }
    const age = maxAgeMs(answer.headers)
    if (age <= LONGEST_MS) return { url, at, maxAgeMs: age }
    const reason = `lets caches keep the set for ${Math.round(age / 1000)} s; more than a day is not waited for: set a shorter max-age`
    return { url, reason }
  } catch (thrown) {
    const error = asProvError(thrown)
    if (error.code === 'aborted' || signal.aborted) throw new ProvError('aborted', error.message, { location: url })
    return { url, reason: `${error.code}: ${error.message}` }
  }
}
