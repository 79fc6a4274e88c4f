/** From a plan, or from what became of it, to an exit status: which copies were required, and are they there. Pure. */

import type { CopyReceipt } from '../backend/receipt.ts'
import { ERRORS, type ErrorJson, gravest } from '../errors.ts'
import type { PlanRow } from './plan.ts'

/** What has to succeed. */
export interface StoreDemands {
  /** Backends that may fail. */
  readonly optional: readonly string[]
  /** Enough backends that hold a copy; undefined: every one that is not optional. */
  readonly require?: number
}

export interface Completeness {
  readonly exit: number
  readonly findings: readonly ErrorJson[]
}

/**
 * A plan is well when every required copy is there or could be written, as far as anyone can see.
 *
 * @example completenessOfPlan(plan, { optional: ['gcs'] }).exit // 7: a required place is blocked
 */
export function completenessOfPlan(plan: readonly PlanRow[], wanted: StoreDemands): Completeness {
  const findings = plan.flatMap((row) => (row.error === undefined ? [] : [{ ...row.error, backend: row.backend }]))
  const stuck = plan.filter((row) => row.action === 'blocked' || row.action === 'attempt')
  const keeping = [...new Set(plan.filter((row) => row.slot !== undefined).map((row) => row.backend))]
  const free = keeping.filter(
    (name) =>
      !stuck.some((row) => row.backend === name) && !plan.some((row) => row.backend === name && row.action === 'send'),
  )
  if (wanted.require !== undefined && free.length >= wanted.require) return { exit: 0, findings }
  const counted = stuck.filter((row) => !wanted.optional.includes(row.backend))
  return {
    exit: gravest(counted.map((row) => (row.action === 'blocked' ? ERRORS.incomplete.exit : ERRORS.unreachable.exit))),
    findings,
  }
}

/**
 * A store is complete when every required backend holds all its copies; what a write-only one took never counts.
 *
 * @example completenessOfCopies(plan, copies, { optional: [], require: 1 }).exit // 0
 */
export function completenessOfCopies(
  plan: readonly PlanRow[],
  copies: readonly CopyReceipt[],
  wanted: StoreDemands,
): Completeness {
  const keeping = [...new Set(plan.filter((row) => row.slot !== undefined).map((row) => row.backend))]
  const complete = keeping.filter((name) => copies.every((copy) => copy.backend !== name || copy.confirmed))
  const sent = keeping.filter((name) =>
    copies.every((copy) => copy.backend !== name || copy.confirmed || copy.outcome === 'accepted'),
  )
  const failed = copies.filter((copy) => !copy.confirmed && copy.outcome !== 'accepted')
  const findings = failed.map(
    (copy) => copy.error ?? { code: 'incomplete' as const, message: 'the copy was not confirmed' },
  )
  if (failed.some((copy) => copy.error?.code === 'drift')) return { exit: ERRORS.drift.exit, findings }
  const required = keeping.filter((name) => !wanted.optional.includes(name))
  const enough =
    wanted.require === undefined
      ? required.every((name) => sent.includes(name)) && complete.length > 0
      : complete.length >= wanted.require
  return { exit: enough ? 0 : ERRORS.incomplete.exit, findings }
}
