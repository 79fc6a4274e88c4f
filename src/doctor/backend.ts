/** Checks one backend: its own diagnosis, then a probe of what its capabilities promise, then the removal of the probe. */

import type { Backend, Diagnostics, Slot } from '../backend/backend.ts'
import {
  type Check,
  type CheckOutcome,
  type CheckResult,
  type Diagnosis,
  examine,
  exitOf,
  failed,
  skipped,
  stated,
} from '../backend/diagnosis.ts'
import { asProvError, ERRORS, gravest, ProvError } from '../errors.ts'
import type { Artifact, ImageRef } from '../model/artifact.ts'
import { cleanUp } from './clean-up.ts'
import { type Material, madeUpImage, material } from './material.ts'
import { probe } from './probe.ts'

export interface BackendJob {
  readonly readOnly: boolean
  readonly artifacts: readonly Artifact[]
  readonly signal: AbortSignal
  now(): number
  random(size: number): Uint8Array
}

export interface BackendReport {
  readonly backend: string
  /** The gravest exit status of its checks. `skipped`: nothing was reached or read at all, which is not success. */
  readonly outcome: Exclude<CheckOutcome, 'not_possible'>
  readonly exit: number
  readonly checks: readonly Diagnosis[]
}

/**
 * Everything about one backend. Never throws for what the backend does, and leaves nothing behind; where it had to, the check
 * `clean-up` has failed and says what and where.
 *
 * @example (await diagnoseBackend(backend, { readOnly: true, artifacts: [], signal, now: Date.now, random: randomBytes })).outcome
 */
export async function diagnoseBackend(backend: Backend, job: BackendJob): Promise<BackendReport> {
  const { signal, readOnly, artifacts, now } = job
  const told: Diagnostics[] = []
  const made = (repository: string): ImageRef => madeUpImage(repository, job.random)
  const asked = await examine('reach', now, async () => {
    told.push((await backend.diagnose?.({ signal, readOnly, artifacts, madeUpImage: made })) ?? { checks: [] })
    return 'it was asked'
  })
  const misconfigured = asked.error !== undefined && ERRORS[asked.error.code].exit === ERRORS.config_invalid.exit
  const diagnostics = told[0] ?? { checks: [misconfigured ? { ...asked, check: 'configuration' } : asked] }
  const own = diagnostics.checks.map(({ check }) => check)
  // What the backend has said itself about writing stands for the probe that was not written.
  const probed = (await probeOf(backend, diagnostics, job)).filter(
    ({ check, outcome }) => !(check === 'write' && outcome === 'skipped' && own.includes(check)),
  )
  return reportOf(backend.name, inOrder([...diagnostics.checks, ...derived(diagnostics, probed), ...probed], backend))
}

/** @example reportOf('oci', [failed('configuration', error)]).exit // 2 */
export function reportOf(backend: string, checks: readonly Diagnosis[]): BackendReport {
  const has = (outcome: CheckOutcome) => checks.some((check) => check.outcome === outcome)
  const looked = checks.some(({ check, outcome }) => TOUCHING.includes(check) && outcome !== 'skipped')
  const outcome = has('failed') ? 'failed' : !looked ? 'skipped' : has('degraded') ? 'degraded' : 'ok'
  return { backend, outcome, exit: gravest(checks.map(exitOf)), checks }
}

const TOUCHING: readonly Check[] = ['reach', 'read', 'signers', 'root']
const GATES: readonly Check[] = ['configuration', 'reach', 'authenticate']

async function probeOf(backend: Backend, diagnostics: Diagnostics, job: BackendJob): Promise<readonly Diagnosis[]> {
  const through = diagnostics.standIn ?? backend
  const tried = new Set<Slot>()
  let made: Material | undefined
  const tryAll = async (): Promise<readonly Diagnosis[]> => {
    const shut = diagnostics.checks.find((check) => check.outcome === 'failed' && GATES.includes(check.check))
    if (shut !== undefined) return notProbed(`not tried, since it failed at ${shut.check}`)
    if (diagnostics.upTo?.extent === 'nothing') return notProbed(diagnostics.upTo.reason)
    made = await material({ run: diagnostics.run, image: diagnostics.image, random: job.random })
    const { about, entries } = made
    const slots = through.slots(about)
    if (slots.length === 0) return notProbed('it has no place for a probe')
    const checks: Diagnosis[] = []
    for (const slot of slots) {
      const begun = () => tried.add(slot)
      const one = { backend: through, slot, entries, unwritten: unwritten(backend, diagnostics, job) }
      const found = await probe({ ...one, signal: job.signal, now: job.now, begun })
      checks.push(...found.map((check) => ({ ...check, slot: slot.key })))
    }
    return checks
  }
  const checks = await tryAll().catch((thrown: unknown) => [failed('read', asProvError(thrown))])
  if (tried.size === 0 && diagnostics.sweep === undefined) {
    await diagnostics.standIn?.close()
    return checks
  }
  const entries = made?.entries ?? []
  const rest = { slots: [...tried], entries, diagnostics, hurried: job.signal.aborted, now: job.now }
  return [...checks, await cleanUp({ backend: through, ...rest })]
}

function unwritten(
  { capabilities, remove }: Backend,
  { upTo }: Diagnostics,
  { readOnly }: BackendJob,
): CheckResult | undefined {
  if (upTo !== undefined) return skipped(upTo.reason)
  if (!capabilities.readable) return skipped('no probe is sent, since it could not be removed')
  if (remove === undefined) return skipped('no probe is written, since nothing can be removed here again')
  return readOnly ? skipped('nothing is written with --read-only') : undefined
}

function notProbed(reason: string): readonly Diagnosis[] {
  return [stated('read', skipped(reason)), stated('write', skipped(reason))]
}

/** What reading a slot says about reach and credentials, for backends whose own diagnosis does not. */
function derived({ checks }: Diagnostics, probed: readonly Diagnosis[]): readonly Diagnosis[] {
  const read = probed.find(({ check }) => check === 'read')
  if (read === undefined || read.outcome === 'skipped' || read.outcome === 'not_possible') return []
  const known = checks.map(({ check }) => check)
  const missing = (['reach', 'authenticate'] as const).filter((check) => !known.includes(check))
  return missing.flatMap((check) => {
    const refused = read.error?.code === 'denied'
    const silent =
      read.error !== undefined && !refused && ['unreachable', 'timed_out', 'aborted'].includes(read.error.code)
    if (check === 'reach') return [silent ? { ...read, check } : stated(check, 'it answers')]
    if (silent || (read.error !== undefined && !refused)) return []
    return [refused ? { ...read, check } : stated(check, 'it lets prov look')]
  })
}

/** The order of the checks: its own diagnosis and reach first, what is left of the probe last. */
function inOrder(checks: readonly Diagnosis[], { capabilities }: Backend): readonly Diagnosis[] {
  const bytes = capabilities.maxEntryBytes
  const limit = bytes === undefined ? 'no limit of its own is known' : `an entry may have ${bytes} bytes`
  const all = checks.some(({ check }) => check === 'limits') ? checks : [...checks, stated('limits', limit)]
  // What was tried in one place stays together, in the order tried.
  const rank = ({ check, slot }: Diagnosis) => ORDER.indexOf(slot === undefined ? check : 'read')
  return all.toSorted((a, b) => rank(a) - rank(b))
}

const ORDER: readonly Check[] = [
  ...(['configuration', 'reach', 'authenticate', 'clock', 'topic', 'read', 'write', 'read-back', 'repeat'] as const),
  ...(['list', 'replace', 'conditional-write', 'delete', 'referrers', 'tag-writes', 'room', 'limits'] as const),
  'clean-up',
]

/** The report of a backend that could not even be opened. @example unopened('docdb', error).exit // 2 */
export function unopened(backend: string, thrown: unknown): BackendReport {
  const error = asProvError(thrown)
  return reportOf(backend, [
    failed('configuration', new ProvError(error.code, error.message, { backend, hint: error.hint })),
  ])
}
