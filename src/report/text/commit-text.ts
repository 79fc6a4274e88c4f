/** What a store that commits says: what is delivered, and what is only owed. It never says "stored" of what is owed. */
import type { OwedCopy } from '../../store/ledger.ts'
import type { StoreReport } from '../../store/store.ts'
import { copyLines, errorLine, itemHead, type Layout, page, sealedLines } from './verify-text.ts'

/** A row of the truth as it is reported. */
export interface ReportedDelivery extends Omit<OwedCopy, 'due' | 'receipt'> {
  readonly artifact: string
  /** RFC 3339. */
  readonly due: string
}

export interface TruthReport {
  /** The truth's URL, without a password. */
  readonly url: string
  /** False in a dry run, and where nothing could be owed. */
  readonly committed: boolean
  readonly deliveries: readonly ReportedDelivery[]
  /** Backends that a copy is owed to, and that no worker serves. */
  readonly unserved: readonly string[]
}

export interface CommittedText extends Pick<StoreReport, 'items' | 'sealed'> {
  readonly truth: TruthReport
}

/** @example commitText(report, layout, { quiet: false }) // '…\ncommitted to sqlite:truth.db: 1 copy delivered; 2 owed (oci)\n' */
export function commitText(report: CommittedText, layout: Layout, { quiet }: { readonly quiet: boolean }): string {
  const { items, sealed, truth } = report
  const rows = truth.deliveries.filter((one) => one.target !== 'seal')
  const seen = new Set<string>()
  const lines = items.flatMap((item) => {
    const own = rows.filter((row) => row.artifact === item.artifact && row.state !== 'done' && !seen.has(idOf(row)))
    for (const row of own) seen.add(idOf(row))
    const owed = own.flatMap(owedLines)
    if (quiet) return own.some(({ error }) => error !== undefined) ? [...itemHead(item), ...owed, ''] : []
    return [...itemHead(item), ...item.copies.flatMap(copyLines), ...owed, '']
  })
  const end = truth.committed ? sums(report, rows) : 'nothing was committed: no copy can be delivered anywhere'
  return page([...lines, ...(quiet ? [] : sealedLines(sealed)), end], layout)
}

function idOf({ artifact, target, slot }: ReportedDelivery): string {
  return `${artifact} ${target} ${slot}`
}

function owedLines({ target, slot, state, error }: ReportedDelivery): readonly string[] {
  const word = state === 'pending' ? 'owed' : state
  return [`  ${word.padEnd(10)} ${target} ${slot}`, ...(error === undefined ? [] : [`    ${errorLine(error)}`])]
}

function sums({ truth }: CommittedText, rows: readonly ReportedDelivery[]): string {
  const done = rows.filter(({ state }) => state === 'done').length
  const owed = rows.filter(({ state }) => state !== 'done' && state !== 'superseded' && state !== 'dropped')
  const head = `committed to ${truth.url}: `
  if (owed.length === 0) return `${head}all ${copies(done)} delivered`
  const targets = [...new Set(owed.map(({ target }) => target))].map((target) =>
    truth.unserved.includes(target) ? `${target}: no worker in the last 10 min` : target,
  )
  return `${head}${done === 0 ? '' : `${copies(done)} delivered; `}${copies(owed.length)} owed (${targets.join('; ')})`
}

function copies(n: number): string {
  return `${n} ${n === 1 ? 'copy' : 'copies'}`
}
