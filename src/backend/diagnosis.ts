/** What a look at a backend found, and what a backend says of itself before it is probed: the vocabulary of `prov doctor`. */

import { asProvError, ERRORS, type ErrorJson, errorJson, type ProvError } from '../errors.ts'

/** What can be checked, with what it means. One table: the report, the tests and the types are made from it. */
export const CHECKS = {
  configuration: 'its settings can be used',
  reach: 'it answers',
  authenticate: 'it takes the credentials',
  clock: 'its clock and this one agree',
  read: 'a place can be looked at',
  list: 'its places can be listed',
  write: 'a copy can be written',
  'read-back': 'what was written comes back byte for byte',
  repeat: 'writing the same again changes nothing',
  'conditional-write': 'nobody overwrites what he has not seen',
  replace: 'a copy can be put in the place of another',
  delete: 'a copy can be removed',
  limits: 'how much it holds',
  room: 'how much the run at hand still holds',
  referrers: 'the registry lists what refers to an image',
  'tag-writes': 'how writers of one tag are kept apart',
  topic: 'the topic is there',
  workers: 'somebody delivers what a source of truth owes',
  'clean-up': 'nothing is left behind',
  signers: 'who is trusted, and in which time',
  root: 'the trusted root by which proofs are judged',
  journal: 'the rows of the key journal and the key files belong together',
  rotation: 'the next key is made in time, and old ones retire',
  sign: 'the private key signs',
  verify: 'signatures can be verified with it',
} as const satisfies Record<string, string>

export type Check = keyof typeof CHECKS

/**
 * `degraded`: works, and something is lost or less certain (said which). `skipped`: was not tried, and what to give or to mend for it.
 * `not_possible`: this backend cannot, by its nature.
 */
export type CheckOutcome = 'ok' | 'degraded' | 'failed' | 'skipped' | 'not_possible'

/** One check and what came of it. Plain data. */
export interface Diagnosis {
  readonly check: Check
  readonly outcome: CheckOutcome
  /** One sentence or less, never a secret. */
  readonly detail: string
  /** The place that was probed, where it is about one. */
  readonly slot?: string
  /** Always with `failed`. */
  readonly error?: ErrorJson
  /** Milliseconds it took. */
  readonly ms: number
}

/** What a check found; a bare text is `ok`. */
export type CheckResult = string | { readonly outcome: CheckOutcome; readonly detail: string }

/**
 * Runs one check: what it throws is `failed`, under its own code.
 *
 * @example await examine('read', Date.now, async () => `${(await backend.get(slot, { signal })).length} found`)
 */
export async function examine(check: Check, now: () => number, work: () => Promise<CheckResult>): Promise<Diagnosis> {
  const began = now()
  const took = (): number => Math.max(0, Math.round(now() - began))
  try {
    const look = await work()
    return { check, ...(typeof look === 'string' ? { outcome: 'ok', detail: look } : look), ms: took() }
  } catch (thrown) {
    return { ...failed(check, asProvError(thrown)), ms: took() }
  }
}

/** @example failed('reach', new ProvError('unreachable', 'no route')).outcome // 'failed' */
export function failed(check: Check, error: ProvError): Diagnosis {
  const hint = error.hint === undefined ? '' : ` (${error.hint})`
  return { check, outcome: 'failed', detail: `${error.message}${hint}`, error: errorJson(error), ms: 0 }
}

/** @example stated('limits', 'entries up to 1,048,576 bytes') // an outcome that took no time */
export function stated(check: Check, look: CheckResult): Diagnosis {
  return { check, ...(typeof look === 'string' ? { outcome: 'ok', detail: look } : look), ms: 0 }
}

/** @example degraded('no referrers API') // { outcome: 'degraded', detail: 'no referrers API' } */
export function degraded(detail: string): CheckResult {
  return { outcome: 'degraded', detail }
}

/** @example skipped('name an image with --image') */
export function skipped(detail: string): CheckResult {
  return { outcome: 'skipped', detail }
}

/** Checks that fail because nobody could look (exit 6); all others say that it cannot be written as needed (exit 7). */
const LOOKING: readonly Check[] = ['configuration', 'reach', 'authenticate', 'read', 'list']

/**
 * The exit status that a diagnosis stands for; only `failed` has one. What is configured wrong (2) stays so wherever it shows.
 *
 * @example exitOf(diagnosis) // 7
 */
export function exitOf({ check, outcome, error }: Diagnosis): number {
  if (outcome !== 'failed') return 0
  const own = error === undefined ? ERRORS.not_looked.exit : ERRORS[error.code].exit
  const looking = LOOKING.includes(check)
  if (own === ERRORS.internal.exit || (own === ERRORS.usage.exit && (looking || error?.code !== 'target_unwritable')))
    return own
  return looking || error?.code === 'aborted' ? ERRORS.not_looked.exit : ERRORS.incomplete.exit
}
