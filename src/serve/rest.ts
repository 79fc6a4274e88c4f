/** What auditors ask: the verdict on an image, and what the source of truth holds. Every answer is JSON as a command prints it. */
import { asProvError, ERRORS, type ErrorCode, type ErrorJson, errorJson, ProvError } from '../errors.ts'
import { jsonText } from '../platform/text/json-text.ts'
import { timeText } from '../platform/text/time-text.ts'
import { type Asked, askedTerm } from '../provenance/terms.ts'
import type { ArtifactAnswer } from '../report/schemas/serve-artifact.ts'
import type { OutboxAnswer } from '../report/schemas/serve-outbox.ts'
import type { SearchAnswer } from '../report/schemas/serve-search.ts'
import type { VerifyAnswer } from '../report/schemas/serve-verify.ts'
import { QUARANTINED, seenAt, shownDelivery } from '../report/text/outbox-text.ts'
import { shownHit } from '../report/text/search-text.ts'
import type { SearchSource } from '../search/source.ts'
import type { Answer, Ask } from '../service/route.ts'
import { STATES, type State } from '../truth/states.ts'
import type { Truth } from '../truth/truth.ts'
import { type Judging, judgeKey } from './judging.ts'
import { RETRY_AFTER_SECONDS } from './limits.ts'

const MOST_ROWS = 1000
const BY: readonly Asked[] = ['sha', 'key', 'builder', 'identity', 'run', 'image', 'type']

/** Members of the queries, by path. */
export const QUERIES = {
  verify: ['image'],
  search: [...BY, 'after', 'limit'],
  outbox: ['state', 'target', 'run', 'after', 'limit'],
} as const

const WITH_TAGS = 'name it REPOSITORY@sha256:…; serve.tags lets the service look tags up'

/** Throws `usage`. @example (await answerVerify(ask, judging, { tags: false })).status // 200 */
export async function answerVerify(ask: Ask, judging: Judging, { tags }: { readonly tags: boolean }): Promise<Answer> {
  const image = one(ask, 'image')
  if (image === undefined) throw new ProvError('usage', 'the query needs image=REPOSITORY@sha256:…')
  const outcome = await judgeKey(image, { tags, hint: WITH_TAGS, signal: ask.signal }, judging)
  if (outcome.judged === undefined) return failed(outcome.error)
  const { ageMs, verdict, exit, findings, holding, cached, policy, keys } = outcome.judged
  const answer: VerifyAnswer = {
    image: outcome.image,
    ...{ verdict, exit, findings, holding, cached },
    age: Math.round(ageMs),
    ...{ policy, keys },
  }
  return json(answer)
}

/** Throws `usage` for what is not a search. @example await answerSearch(ask, truth, { search: async () => truthSource(truth) }) */
export async function answerSearch(
  ask: Ask,
  truth: Truth,
  { search }: { search(truth: Truth): Promise<SearchSource> },
): Promise<Answer> {
  const source = await search(truth)
  const terms = BY.flatMap((by) => (ask.query.get(by) ?? []).map((text) => askedTerm(by, text)))
  if (terms.length === 0) throw new ProvError('usage', `the query needs one of ${BY.join(', ')}`)
  const after = numberOf(ask, 'after', Number.MAX_SAFE_INTEGER) ?? 0
  const limit = numberOf(ask, 'limit', MOST_ROWS) ?? 100
  const { hits, ...rest } = await source.find(terms, { after, limit })
  const known = new Map((await truth.standing(hits.map(({ seq }) => seq))).map((each) => [each.seq, each]))
  const answer: SearchAnswer = { source: source.name, ...rest, hits: hits.map((hit) => shownHit(hit, known)) }
  return json(answer)
}

/** Throws `absent`. @example await answerArtifact(ask, truth) */
export async function answerArtifact(ask: Ask, truth: Truth): Promise<Answer> {
  const uri = ask.params['uri'] ?? ''
  const stored = await truth.stored(uri)
  if (stored.length === 0) throw new ProvError('absent', 'the truth holds no entry of this artifact')
  const known = new Map((await truth.standing(stored.map(({ seq }) => seq))).map((each) => [each.seq, each]))
  const answer: ArtifactAnswer = {
    artifact: uri,
    entries: stored.flatMap(({ seq, id, format }) => {
      const standing = known.get(seq)
      if (standing === undefined) return []
      const { state, created, copies } = standing
      return [{ seq, entry: id, format, state, committed: timeText(created), copies }]
    }),
  }
  return json(answer)
}

/** The bytes as they lie in the truth, not looked into. Throws `usage` and `absent`. @example await answerEntry(ask, truth) */
export async function answerEntry(ask: Ask, truth: Truth): Promise<Answer> {
  const id = ask.params['id'] ?? ''
  if (!/^(?:dsse|raw):sha256:[0-9a-f]{64}$/.test(id)) {
    throw new ProvError('usage', 'the id of an entry is dsse:sha256:… or raw:sha256:…')
  }
  const [first] = await truth.storedById(id)
  if (first === undefined) throw new ProvError('absent', 'the truth holds no entry of this id')
  return { body: first.bytes, headers: { 'prov-entry-number': String(first.seq) } }
}

/** Throws `usage`. @example await answerOutbox(ask, truth, { now: Date.now }) */
export async function answerOutbox(ask: Ask, truth: Truth, { now }: { now(): number }): Promise<Answer> {
  const [state, target, run] = [one(ask, 'state'), one(ask, 'target'), one(ask, 'run')]
  const limit = numberOf(ask, 'limit', MOST_ROWS) ?? 100
  const after = numberOf(ask, 'after', Number.MAX_SAFE_INTEGER) ?? 0
  const rows = await truth.list({
    ...(state === undefined ? {} : stateFilter(state)),
    ...(target === undefined ? {} : { target }),
    ...(run === undefined ? {} : { run }),
    after,
    limit: limit + 1,
  })
  const seen = seenAt(await truth.machines(), now())
  const answer: OutboxAnswer = {
    deliveries: rows.slice(0, limit).map((row) => shownDelivery(row, seen)),
    more: rows.length > limit,
  }
  return json(answer)
}

function stateFilter(state: string): { readonly states: readonly State[] } | { readonly quarantined: true } {
  if (state === QUARANTINED) return { quarantined: true }
  if (Object.hasOwn(STATES, state)) return { states: [state as State] }
  throw new ProvError('usage', `state takes one of ${[...Object.keys(STATES), QUARANTINED].join(', ')}`)
}

/** The one value of a member; undefined when it is absent. Throws `usage` for several. */
function one({ query }: Ask, name: string): string | undefined {
  const values = query.get(name) ?? []
  if (values.length < 2) return values[0]
  throw new ProvError('usage', `the query has ${name} more than once`)
}

function numberOf(ask: Ask, name: string, most: number): number | undefined {
  const text = one(ask, name)
  if (text === undefined) return undefined
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : -1
  if (value >= 0 && value <= most) return value
  throw new ProvError('usage', `${name} takes a whole number from 0 to ${most}`)
}

/** What is thrown is told as a command tells it. @example await orFailure(() => answerEntry(ask, truth)) */
export async function orFailure(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work()
  } catch (thrown) {
    return failure(asProvError(thrown))
  }
}

function json(value: object): Answer {
  return { body: jsonText(value) }
}

function failure(error: ProvError): Answer {
  return failed(errorJson(error))
}

/** Statuses by code; any other failure follows from its exit status. */
const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  absent: 404,
  throttled: 503,
  timed_out: 504,
  host_refused: 403,
  usage: 400,
  image_invalid: 400,
}

function failed(error: ErrorJson): Answer {
  const { exit } = ERRORS[error.code]
  // 2 beyond what the caller wrote is the service's own configuration.
  const status = STATUS[error.code] ?? (exit === 1 ? 500 : 503)
  return {
    status,
    ...(status === 503 ? { headers: { 'retry-after': String(RETRY_AFTER_SECONDS) } } : {}),
    body: jsonText({ exit, error }),
  }
}
