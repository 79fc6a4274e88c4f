/** Prints a conformance report: one row a line of the suite, one column a kind of entry. A projection of the JSON. Pure. */

import type { CaseEnd } from '../../conform/messages.ts'
import type { CaseRow, ConformReport } from '../../conform/report.ts'
import { type Layout, page } from './verify-text.ts'

const WORDS: Readonly<Record<CaseEnd['result'], string>> = {
  pass: 'pass',
  fail: 'FAIL',
  gap: 'gap',
  not_run: 'not run',
}
const WIDTH = 9

/** @example conformText(report, { width: 60, colour: false }) // 'dsse     raw      line of the suite\npass     FAIL     putTwice: …' */
export function conformText(report: ConformReport, layout: Layout): string {
  const lines = new Map<string, readonly CaseRow[]>()
  for (const row of report.cases) lines.set(row.says, [...(lines.get(row.says) ?? []), row])
  const { pass, fail, gap, not_run } = report.counts
  const sums = `${pass} passed, ${fail} failed, ${gap} known gaps, ${not_run} not run`
  const verdict = {
    0: 'conforms in all that was run',
    3: 'does not conform (exit 3)',
    5: 'nothing was proven (exit 5)',
  }[report.exit]
  const head = `${'dsse'.padEnd(WIDTH)}${'raw'.padEnd(WIDTH)}line of the suite`
  return page([head, ...[...lines].flatMap(lineRows), '', `${report.backend} ${verdict}: ${sums}`], layout)
}

function lineRows([says, rows]: readonly [string, readonly CaseRow[]]): readonly string[] {
  const cell = (kind: CaseRow['kind']): string => {
    const row = rows.find((one) => one.kind === kind)
    return (row === undefined ? '' : WORDS[row.result]).padEnd(WIDTH)
  }
  const reasons = rows.flatMap((row) => (row.reason === undefined ? [] : [{ kind: row.kind, reason: row.reason }]))
  const alike = new Set(reasons.map(({ reason }) => reason)).size === 1 && reasons.length === rows.length
  const why = alike
    ? reasons.slice(0, 1).map(({ reason }) => `    ${reason}`)
    : reasons.map(({ kind, reason }) => `    ${kind}: ${reason}`)
  const name = rows.find((row) => row.line !== undefined)?.line
  return [`${cell('dsse')}${cell('raw')}${name === undefined ? '' : `${name}: `}${says}`, ...why]
}
