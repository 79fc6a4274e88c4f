/** prov store: look, sign once, fan out, read back, seal. */
import pLimit, { type LimitFunction } from 'p-limit'
import type { About, Backend, Slot } from '../backend/backend.ts'
import type { CopyReceipt } from '../backend/receipt.ts'
import type { GoodCopy } from '../copies/judge-slot.ts'
import { lookFor } from '../copies/read-copies.ts'
import { asProvError, ERRORS, type ErrorJson, errorJson, gravest, ProvError } from '../errors.ts'
import type { Format, FormatOptions } from '../formats/format.ts'
import { type Artifact, artifactName } from '../model/artifact.ts'
import { differences } from '../model/canonical.ts'
import { type Entry, entryId, signatureId } from '../model/entry.ts'
import type { RetryOptions } from '../platform/async/retry.ts'
import { failuresOf, type Report } from '../platform/progress.ts'
import { draft, type Sign, signOnce } from '../signing/sign-once.ts'
import type { Signer } from '../signing/signer.ts'
import type { Trust } from '../trust/trusted-keys.ts'
import type { Look } from '../verify/agree.ts'
import { settleCopies, settlePlan } from './completeness.ts'
import { carryOut, type FanoutOptions } from './execute-row.ts'
import { type PlanRow, planRow } from './plan.ts'
import { runOf, sealRuns } from './seal.ts'

/** One artifact in one format, and the backends that shall hold it. */
export interface StoreItem {
  readonly artifact: Artifact
  readonly format: Format
  readonly backends: readonly Backend[]
}

export interface StoreJob {
  readonly items: readonly StoreItem[]
  /** Opened at most once, and only when something has to be signed. */
  readonly signer: () => Promise<Signer>
  /** Keys whose copies count as ours: the signer's own public half and every --verify-key. */
  readonly trust: () => Promise<Trust>
  readonly formatOptions: FormatOptions
  readonly optional: readonly string[]
  readonly require?: number
  readonly resign: boolean
  readonly dryRun: boolean
  readonly signal: AbortSignal
  readonly retry: RetryOptions
  /** Called as copies are settled; for progress only. */
  readonly progress?: Report
}

export interface StoredItem {
  readonly artifact: string
  readonly type: Artifact['type']
  readonly format: string
  /** `signed` now, or `adopted` from a copy that already verified; `none` when nothing could be made of it. */
  readonly source: 'signed' | 'adopted' | 'planned'
  readonly entry: string
  readonly signatures: readonly string[]
  readonly keyids: readonly string[]
  /** JSON pointers at which today's payload would differ from the adopted one; [] when it would not. */
  readonly differs: readonly string[]
  readonly plan: readonly PlanRow[]
  readonly copies: readonly CopyReceipt[]
  readonly exit: number
  readonly findings: readonly ErrorJson[]
}

export interface StoreReport {
  readonly exit: number
  readonly items: readonly StoredItem[]
  /** Runs marked `chains.tekton.dev/signed: "true"`. */
  readonly sealed: readonly string[]
  readonly findings: readonly ErrorJson[]
}

interface Prepared {
  readonly item: StoreItem
  readonly about: About
  readonly looks: readonly Look[]
  readonly adopted: Entry | undefined
  readonly payload: Uint8Array | undefined
}

const AT_ONCE = 64

/**
 * Stores every item in each of its backends. Throws (exit 2) before anything is written when an item cannot be made or is kept
 * nowhere; what a backend does is in the report.
 *
 * @example const report = await store(job); process.exitCode = report.exit
 */
export async function store(job: StoreJob): Promise<StoreReport> {
  const limit = pLimit(AT_ONCE)
  const abouts = job.items.map((item) => placed(item, job))
  const [trust, prepared] = await prepareAll(abouts, limit, job)
  const sign = signOnce(job.signer, trust)
  const foreign = foreignPlaces(prepared)
  let done = 0
  const failures = failuresOf()
  const items = await Promise.all(
    prepared.map((one) =>
      limit(async () => {
        const stored = await storeOne(one, sign, trust, foreign, job)
        for (const { backend, outcome } of stored.copies) if (outcome === 'failed') failures.add(backend)
        job.progress?.(++done, prepared.length, { errors: failures.counts })
        return stored
      }),
    ),
  )
  const settlements = job.items.map((item, i) => ({ ...item, complete: items[i]?.exit === 0 }))
  const seals = job.dryRun ? { sealed: [], findings: [] } : await sealRuns(settlements, job.signal)
  return {
    exit: gravest([...items.map((item) => item.exit), ...seals.findings.map(({ code }) => ERRORS[code].exit)]),
    items,
    sealed: seals.sealed,
    findings: [...items.flatMap((item) => item.findings), ...seals.findings],
  }
}

/** Reads the stores while the key is being opened; what fails first ends both. */
async function prepareAll(
  abouts: readonly { readonly item: StoreItem; readonly about: About }[],
  limit: LimitFunction,
  job: StoreJob,
): Promise<[Trust, readonly Prepared[]]> {
  const stop = new AbortController()
  const stoppable = { ...job, signal: AbortSignal.any([job.signal, stop.signal]) }
  const trust = job.trust()
  try {
    const looking = abouts.map(({ item, about }) => limit(() => prepare(item, about, trust, stoppable)))
    return await Promise.all([trust, Promise.all(looking)])
  } catch (thrown) {
    stop.abort(thrown)
    throw thrown
  }
}

/** Refuses, before anything is touched, what no backend keeps. */
function placed(item: StoreItem, job: StoreJob): { item: StoreItem; about: About } {
  const { artifact, format, backends } = item
  const about: About = {
    artifact,
    kind: format.kind,
    subjects: format.subjects(artifact, job.formatOptions),
    ...(format.predicateType === undefined ? {} : { format: format.name }),
    ...(format.role === undefined ? {} : { role: format.role }),
  }
  // What only a write-only store took could never be verified.
  const keeping = backends.filter((backend) => backend.capabilities.readable && backend.slots(about).length > 0)
  const wanted = job.require ?? 1
  if (keeping.length < wanted) {
    const named = backends.map((backend) => backend.name).join(', ')
    const what = `${format.name} of ${artifactName(artifact)}`
    const few = `${what} is kept by ${keeping.length} of the ${wanted} backends that --require asks for (${named})`
    const writeOnly = backends.filter((backend) => !backend.capabilities.readable).map((backend) => backend.name)
    throw new ProvError('not_kept', keeping.length === 0 ? `${what} is not kept by ${named}` : few, {
      hint:
        writeOnly.length > 0
          ? `nobody can look into ${writeOnly.join(', ')}: name a backend that can be read as well`
          : artifact.type === 'run'
            ? 'name a backend that keeps runs (tekton), or choose other runs with --run'
            : 'name a backend that needs no run (oci)',
    })
  }
  return { item, about }
}

async function prepare(item: StoreItem, about: About, trust: Promise<Trust>, job: StoreJob): Promise<Prepared> {
  const looks = await lookFor(about, item.backends, trust, { signal: job.signal })
  const empty = looks.filter((look) => job.resign || look.judged?.good.length === 0)
  await Promise.all(
    empty.map(async ({ backend, slot }) => {
      if (slot !== undefined) await backendNamed(item, backend).ready?.(slot, { signal: job.signal })
    }),
  )
  const adopted = job.resign ? undefined : adopt(looks)
  let payload: Uint8Array | undefined
  try {
    payload = item.format.payload(item.artifact, job.formatOptions)
  } catch (thrown) {
    if (adopted === undefined) throw thrown
  }
  return { item, about, looks, adopted, payload }
}

/** The first copy that verifies, in the order of the backends, else one that the artifact brought along; its bytes are the entry. */
function adopt(looks: readonly Look[]): Entry | undefined {
  const [copy] = [...looks.flatMap((look) => look.judged?.good ?? []), ...looks.flatMap((look) => look.carried ?? [])]
  return copy === undefined ? undefined : hinted(copy)
}

/** The copy's entry, with the key that verified each signature named: stores of bundles tell keys by that. */
function hinted({ found: { entry }, verified, keyHints }: GoodCopy): Entry {
  const signatures = entry.signatures.map((signature) => {
    const keyHint = keyHints[verified.indexOf(signature)]
    return keyHint === undefined ? signature : { ...signature, keyHint }
  })
  return { ...entry, signatures }
}

async function storeOne(
  one: Prepared,
  sign: Sign,
  trust: Trust,
  foreign: ReadonlySet<string>,
  job: StoreJob,
): Promise<StoredItem> {
  const { item, looks, adopted, payload } = one
  const unsigned = payload === undefined ? undefined : draft(item.format, payload)
  // What no backend has room for is not signed either.
  const blocked = (draft: Entry): boolean =>
    looks
      .map((look) => rowOf(look, draft, one, foreign, job))
      .every(({ slot, action }) => slot === undefined || action === 'blocked')
  const pointless = unsigned !== undefined && adopted === undefined && blocked(unsigned)
  const entry =
    adopted ??
    (job.dryRun || pointless ? unsigned : payload === undefined ? undefined : await sign(item.format, payload))
  if (entry === undefined) throw new ProvError('internal', 'neither a payload nor a copy to adopt')
  const plan = looks.map((look) => rowOf(look, entry, one, foreign, job))
  const copies = job.dryRun
    ? []
    : await Promise.all(plan.flatMap((row) => execute(row, one, entry, trust, foreign, job)))
  const planned = adopted === undefined && (job.dryRun || pointless)
  const verdict = job.dryRun ? settlePlan(plan, job) : settleCopies(plan, copies, job)
  return {
    artifact: artifactName(item.artifact),
    type: item.artifact.type,
    format: item.format.name,
    source: adopted !== undefined ? 'adopted' : planned ? 'planned' : 'signed',
    entry: entryId(entry),
    signatures: planned ? [] : entry.signatures.map(signatureId),
    keyids: entry.signatures.flatMap((signature) => (signature.keyid === undefined ? [] : [signature.keyid])),
    differs: adopted === undefined || payload === undefined ? [] : differences(adopted.payload, payload),
    plan,
    copies,
    ...verdict,
  }
}

function backendNamed(item: StoreItem, name: string): Backend {
  const backend = item.backends.find((b) => b.name === name)
  if (backend === undefined) throw new ProvError('internal', `no backend ${name} in this item`)
  return backend
}

function rowOf(look: Look, entry: Entry, one: Prepared, foreign: ReadonlySet<string>, job: StoreJob): PlanRow {
  const backend = backendNamed(one.item, look.backend)
  const size = (slot: Slot): { bytes: number } | { error: ErrorJson } => {
    try {
      return { bytes: backend.size(slot, entry) }
    } catch (thrown) {
      return { error: errorJson(asProvError(thrown)) }
    }
  }
  return planRow(look, entry, { size, resign: job.resign, foreign: foreignOf(one.item.artifact, foreign) })
}

function execute(
  row: PlanRow,
  one: Prepared,
  entry: Entry,
  trust: Trust,
  foreign: ReadonlySet<string>,
  job: StoreJob,
): readonly Promise<CopyReceipt>[] {
  const { slot } = row
  if (slot === undefined) return []
  const options: FanoutOptions = {
    trust,
    signal: job.signal,
    retry: job.retry,
    resign: job.resign,
    foreign: foreignOf(one.item.artifact, foreign).has(row.backend),
  }
  return [carryOut(backendNamed(one.item, row.backend), { ...row, slot }, one.about, entry, options)]
}

// A raw signature names no key. Where the run's attestation beside it is by a key that was not given, so may this one be.
function foreignPlaces(prepared: readonly Prepared[]): ReadonlySet<string> {
  const places = prepared.flatMap(({ item, looks }) => {
    const run = runOf(item.artifact)
    if (run === undefined) return []
    return looks
      .filter(
        (look) => look.slot?.holds === 'one' && look.judged?.others.some((o) => o.claims && o.code === 'key_untrusted'),
      )
      .map((look) => `${look.backend} ${run.uid}`)
  })
  return new Set(places)
}

function foreignOf(artifact: Artifact, foreign: ReadonlySet<string>): ReadonlySet<string> {
  const run = runOf(artifact)
  if (run === undefined) return new Set()
  const suffix = ` ${run.uid}`
  return new Set([...foreign].filter((place) => place.endsWith(suffix)).map((place) => place.slice(0, -suffix.length)))
}
