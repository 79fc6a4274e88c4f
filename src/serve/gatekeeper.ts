/**
 * Gatekeeper's external data provider, version v1beta1. Wire facts: open-policy-agent/frameworks, constraint/pkg/externaldata/request.go. Gatekeeper reads the
 * body of every answer, whatever its status, and takes a document without items for one without faults: so each refusal here is a ProviderResponse
 * with a `systemError`.
 */
import type { ErrorJson } from '../errors.ts'
import { escapeControlJson } from '../platform/text/escape-control.ts'
import { cutTo } from '../platform/text/shorten.ts'
import { API_VERSION, type ProviderRequest } from '../report/schemas/serve-request.ts'
import type { ProviderItem, ProviderResponse } from '../report/schemas/serve-response.ts'
import type { Answer, Ask, Refusal } from '../service/route.ts'
import { type Judging, judgeKey, type KeyOutcome } from './judging.ts'
import { RETRY_AFTER_SECONDS } from './limits.ts'

export interface GatekeeperOptions {
  readonly judging: Judging
  /** `serve.max-keys`. */
  readonly maxKeys: number
  /** `serve.tags`: /verify takes keys without a digest. */
  readonly tags: boolean
}

const MOST_WORDS = 300
const USE_MUTATE = 'use /mutate first, which puts the digest in the place of the tag'

/** Items in the order of the keys. @example await verifyKeys(ask, options) */
export function verifyKeys(ask: Ask, options: GatekeeperOptions): Promise<Answer> {
  return each(ask, options, { tags: options.tags, item: verifyItem })
}

/** The image by digest in the place of each key that verifies. @example await mutateKeys(ask, options) */
export function mutateKeys(ask: Ask, options: GatekeeperOptions): Promise<Answer> {
  return each(ask, options, { tags: true, item: mutateItem, idempotent: true })
}

interface Way {
  readonly tags: boolean
  readonly idempotent?: true
  item(key: string, outcome: KeyOutcome): ProviderItem
}

async function each({ body, signal }: Ask, options: GatekeeperOptions, way: Way): Promise<Answer> {
  const { keys } = (body as ProviderRequest).request
  const { judging, maxKeys } = options
  if (keys.length > maxKeys) {
    return refusedRequest({
      status: 400,
      code: 'usage',
      message: `${keys.length} keys are more than the ${maxKeys} of serve.max-keys`,
    })
  }
  const outcomes = await Promise.all(
    keys.map((key) => judgeKey(key, { tags: way.tags, hint: USE_MUTATE, signal }, judging)),
  )
  // What is kept is answered however many wait. A registry that is asked too often has a name; the queue of this service has none.
  const isFull = ({ error }: KeyOutcome): boolean => error?.code === 'throttled' && error.backend === undefined
  if (outcomes.every(isFull)) return refusedRequest(FULL)
  const items = keys.map((key, i) => way.item(key, outcomes[i] as KeyOutcome))
  return answer(200, { ...(way.idempotent ? { idempotent: true } : {}), items })
}

const FULL: Refusal = {
  status: 503,
  code: 'throttled',
  message: 'as many verifications wait as may; ask again',
  headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
}

function verifyItem(
  key: string,
  { judged, image, byTag, error }: KeyOutcome & { image?: string; byTag?: boolean },
): ProviderItem {
  if (judged === undefined) return { key, error: said(error) }
  const { verdict, exit, cached, ageMs, findings } = judged
  const [first] = findings
  return {
    key,
    value: {
      isSuccess: verdict === 'verified',
      verdict,
      exit,
      cached,
      age: Math.round(ageMs),
      ...(byTag === true && image !== undefined ? { image } : {}),
      ...(verdict === 'verified' || first === undefined ? {} : { reason: said(first) }),
    },
  }
}

function mutateItem(key: string, { judged, image, error }: KeyOutcome & { image?: string }): ProviderItem {
  if (judged === undefined) return { key, error: said(error) }
  if (judged.verdict === 'verified' && image !== undefined) return { key, value: image }
  const [first] = judged.findings
  return { key, error: `${judged.verdict}: ${first === undefined ? 'it does not verify' : said(first)}` }
}

/** @example said({ code: 'absent', message: 'no copy', hint: 'run prov repair' }) // 'absent: no copy (run prov repair)' */
function said({ code, message, hint }: ErrorJson = { code: 'internal', message: 'no reason was given' }): string {
  return cutTo(`${code}: ${message}${hint === undefined ? '' : ` (${hint})`}`, MOST_WORDS)
}

/** What a whole request is refused with. @example refusedRequest({ status: 413, code: 'usage', message: 'the body is larger than 1 MB' }) */
export function refusedRequest({ status, code, message, headers }: Refusal): Answer {
  return { ...answer(status, { systemError: `${code}: ${message}` }), ...(headers === undefined ? {} : { headers }) }
}

function answer(status: number, response: ProviderResponse['response']): Answer {
  const document: ProviderResponse = { apiVersion: API_VERSION, kind: 'ProviderResponse', response }
  return { status, body: escapeControlJson(JSON.stringify(document)) }
}
