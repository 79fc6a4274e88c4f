/** prov store: prepare (read, adopt or sign, plan) → deliver (a row → a receipt) → complete and seal. */

import type { CopyReceipt } from '../backend/receipt.ts'
import { ERRORS, type ErrorJson, gravest } from '../errors.ts'
import { limitTo } from '../platform/async/limit.ts'
import type { RetryOptions } from '../platform/async/retry.ts'
import { failuresOf, type ProgressUpdate } from '../platform/progress.ts'
import { signOnce } from '../signing/sign-once.ts'
import type { Signer } from '../signing/signer.ts'
import type { Trust } from '../trust/trust.ts'
import { completenessOfCopies, completenessOfPlan } from './completeness.ts'
import { deliver } from './deliver.ts'
import { type DescribedItem, described } from './described-item.ts'
import {
  backendOf,
  foreignRuns,
  type PreparedItem,
  type PrepareOptions,
  prepareItem,
  type StoreItem,
} from './prepare.ts'
import { readAll } from './read-all.ts'
import { sealRuns } from './seal.ts'

export interface StoreJob extends PrepareOptions {
  readonly items: readonly StoreItem[]
  /** Opened at most once, and only when something has to be signed. */
  readonly signer: () => Promise<Signer>
  /** Keys whose copies count as ours: the signer's own public half and every --verify-key. */
  readonly trust: () => Promise<Trust>
  readonly optional: readonly string[]
  readonly retry: RetryOptions
  /** Called as copies are settled; for progress only. */
  readonly progress?: ProgressUpdate
}

export interface StoredItem extends DescribedItem {
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

const AT_ONCE = 64

/**
 * Stores every item in each of its backends. Throws (exit 2) before anything is written when an item cannot be made or is kept
 * nowhere, and `internal` for a defect in prov; what a backend does is in the report.
 *
 * @example const report = await store(job); process.exitCode = report.exit
 */
export async function store(job: StoreJob): Promise<StoreReport> {
  const limit = limitTo(AT_ONCE)
  const [trust, read] = await readAll(limit, job)
  const sign = signOnce(job.signer, trust)
  const foreign = foreignRuns(read)
  let done = 0
  const failures = failuresOf()
  const items = await Promise.all(
    read.map((one) =>
      limit(async () => {
        const stored = await deliverItem(await prepareItem(one, foreign, sign, job), trust, job)
        for (const { backend, outcome } of stored.copies) if (outcome === 'failed') failures.add(backend)
        job.progress?.(++done, read.length, { errors: failures.counts })
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

async function deliverItem(prepared: PreparedItem, trust: Trust, job: StoreJob): Promise<StoredItem> {
  const { item, rows } = prepared
  const { signal, retry } = job
  const delivering = job.dryRun
    ? []
    : rows.map((row) => deliver(row, prepared, backendOf(item, row.backend), { trust, signal, retry }))
  const copies = (await Promise.all(delivering)).filter((copy) => copy !== undefined)
  return {
    ...described(prepared),
    copies,
    ...(job.dryRun ? completenessOfPlan(rows, job) : completenessOfCopies(rows, copies, job)),
  }
}
