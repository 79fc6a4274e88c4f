/** What a store that commits says: what is delivered, and what is only owed. It never says "stored" of what is owed. */
import type { CopyReceipt } from '../../backend/receipt.ts'
import type { ErrorJson } from '../../errors.ts'
import { copyLines, errorLine, itemHead, type Layout, page, sealedLines } from './verify-text.ts'

/** A row of the truth. */
export interface CommittedRow {
  readonly artifact: string
  readonly target: string
  readonly slot: string
  readonly state: string
  readonly error?: ErrorJson
}

export interface CommittedText {
  readonly exit: number
  readonly items: readonly {
    readonly artifact: string
    readonly format: string
    readonly source: 'signed' | 'adopted' | 'planned'
    readonly differs: readonly string[]
    readonly copies: readonly CopyReceipt[]
  }[]
  readonly sealed: readonly string[]
  readonly truth: {
    readonly url: string
    readonly committed: boolean
    readonly deliveries: readonly CommittedRow[]
    readonly unserved: readonly string[]
  }
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

function idOf({ artifact, target, slot }: CommittedRow): string {
  return `${artifact} ${target} ${slot}`
}

function owedLines({ target, slot, state, error }: CommittedRow): readonly string[] {
  const word = state === 'pending' ? 'owed' : state
  return [`  ${word.padEnd(10)} ${target} ${slot}`, ...(error === undefined ? [] : [`    ${errorLine(error)}`])]
}

function sums({ truth }: CommittedText, rows: readonly CommittedRow[]): string {
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
