/** Which findings of an artifact stand for which row: what counts, what is forgiven, what no row tells. Pure. */

import type { ErrorJson } from '../../errors.ts'
import type { Mark, Row, Stranger } from '../../verify/agree.ts'
import type { VerifiedArtifact } from '../../verify/verify.ts'

export interface Told {
  /** Every row; `counts` is its finding when that makes the exit status. */
  readonly rows: readonly { readonly row: Row; readonly counts: ErrorJson | undefined }[]
  readonly strangers: readonly { readonly stranger: Stranger; readonly counts: boolean }[]
  /** Findings that no row or stranger tells: nothing verified, too few of --require. */
  readonly beyond: readonly ErrorJson[]
}

/** A mark in a word or two, where its sign alone would not do. */
export const MARK_WORDS: Readonly<Record<Mark, string>> = {
  '=': 'agrees',
  '~': 'equivalent',
  '*': 'drift',
  '#': 'invalid',
  '+': 'absent',
  '!': 'unreadable',
  x: 'not kept',
}

/**
 * Two rows whose findings have the same code, message and place are counted or forgiven together, so that this is exact.
 *
 * @example told(one).rows.filter(({ counts }) => counts !== undefined).length
 */
export function told(one: VerifiedArtifact): Told {
  const left = new Map(one.findings.map((finding) => [keyOf(finding), finding]))
  const taken = new Set<string>()
  const take = (key: string): ErrorJson | undefined => {
    const finding = left.get(key)
    if (finding !== undefined) taken.add(key)
    return finding
  }
  const rows = one.rows.map((row) => {
    const location = row.location ?? row.slot
    const key =
      row.error === undefined
        ? undefined
        : keyOf({ ...row.error, backend: row.backend, ...(location === undefined ? {} : { location }) })
    return { row, counts: key === undefined ? undefined : take(key) }
  })
  const strangers = one.strangers.map((stranger) => ({ stranger, counts: take(keyOf(stranger)) !== undefined }))
  return { rows, strangers, beyond: one.findings.filter((finding) => !taken.has(keyOf(finding))) }
}

/** True for a row with something wrong that the demands let pass. */
export function isForgiven({ row, counts }: Told['rows'][number]): boolean {
  return counts === undefined && row.error !== undefined
}

function keyOf({ code, message, backend, location }: ErrorJson): string {
  return JSON.stringify([code, message, backend, location])
}
