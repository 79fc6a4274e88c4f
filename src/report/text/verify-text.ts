/** Prints reports. JSON is the contract; this text is a projection of it, in lines that wrap at the width of the terminal. */
import { styleText } from 'node:util'
import type { CopyOutcome, CopyReceipt } from '../../backend/receipt.ts'
import { ERRORS, type ErrorJson, STOPPED_EXIT } from '../../errors.ts'
import { escapeControl } from '../../platform/text/escape-control.ts'
import { wrap } from '../../platform/text/wrap.ts'
import type { ReportedRow } from '../../store/described-item.ts'
import type { Action } from '../../store/plan.ts'
import type { StoredItem, StoreReport } from '../../store/store.ts'
import type { Mark, Row } from '../../verify/agree.ts'
import { otherKeyText } from '../../verify/other-key.ts'
import { restsOnLines } from '../../verify/rests-on.ts'
import type { VerifiedArtifact, VerifyReport } from '../../verify/verify.ts'

export interface Layout {
  /** Columns of the terminal; undefined when there is none: then nothing is wrapped. */
  readonly width: number | undefined
  readonly colour: boolean
}

/** A line, or one that begins with a mark, which is coloured only after everything a store said has been made plain. */
type Line = string | { readonly mark: Mark; readonly rest: string }

/** What each mark says, as help and reports print it. */
export const MARKS: Readonly<Record<Mark, string>> = {
  '=': 'verifies and agrees',
  '~': 'verifies; re-signed or another serialisation',
  '*': 'drift: verifies, but means something else',
  '#': 'does not verify',
  '+': 'absent',
  '!': 'could not be read',
  x: 'not kept by this backend',
}

/** What each exit status says. */
export const EXITS: Readonly<Record<number, string>> = {
  0: 'all well',
  1: 'a defect in prov',
  2: 'usage, configuration or input; nothing was written',
  3: 'a copy does not verify (`#`)',
  4: 'copies that verify disagree (`*`)',
  5: 'a copy is missing (`+`)',
  6: 'a backend could not be read (`!`)',
  7: 'not everything was stored; the same command completes it',
  [STOPPED_EXIT]: 'stopped by Ctrl-C; the same command goes on',
}

/** Each mark in the colour of its meaning. */
export const COLOURS = {
  '=': 'green',
  '~': 'green',
  '*': 'red',
  '#': 'red',
  '+': 'yellow',
  '!': 'yellow',
  x: 'gray',
} as const

/** @example verifyText(report, { width: 80, colour: false }) // 'TaskRun ci/build (…)\n  = tekton …' */
export function verifyText(report: VerifyReport, layout: Layout): string {
  const checked = report.artifacts.filter((one) => !isUnchecked(one))
  const lines = artifactsLines(checked)
  const stopped = checked.length === report.artifacts.length ? [] : [stoppedLine(report.artifacts)]
  const key = report.otherKey === undefined ? [] : [otherKeyText(report.otherKey)]
  const rows = checked.flatMap((one) => one.rows)
  const counts = (Object.keys(MARKS) as Mark[]).flatMap((mark) => {
    const n = rows.filter((row) => row.mark === mark).length
    return n === 0 ? [] : [`${n} ${mark}`]
  })
  const odd = (Object.keys(MARKS) as Mark[]).filter((mark) => mark !== '=' && rows.some((row) => row.mark === mark))
  const legend = odd.map((mark) => ({ mark, rest: ` ${MARKS[mark]}` }))
  const verdict = report.exit === 0 ? 'verified: all that is required agrees' : `not verified (exit ${report.exit})`
  const sums = counts.length === 0 ? verdict : `${verdict}: ${counts.join(', ')}`
  return page([...lines, ...key, ...stopped, sums, ...legend], layout)
}

/**
 * With --quiet: bad rows and what is said of them, under the name of their artifact; an empty text where there are none.
 *
 * @example badText(report, layout) // 'TaskRun ci/build (…)\n  + oci …'
 */
export function badText(report: Pick<VerifyReport, 'artifacts' | 'otherKey'>, layout: Layout): string {
  const { artifacts, otherKey } = report
  const bad = artifacts.flatMap((one) => {
    if (isUnchecked(one)) return []
    const rows = one.rows.filter(({ mark }) => !GOOD.includes(mark))
    const counted = new Set(one.findings.map(textOf))
    const strangers = one.strangers.filter((stranger) => counted.has(textOf(stranger)))
    return one.exit === 0 ? [] : [{ ...one, rows, strangers }]
  })
  const stopped = artifacts.some(isUnchecked) ? [stoppedLine(artifacts)] : []
  const lines = [...artifactsLines(bad), ...(otherKey === undefined ? [] : [otherKeyText(otherKey)]), ...stopped]
  return lines.length === 0 ? '' : page(lines, layout)
}

const GOOD: readonly Mark[] = ['=', '~', 'x']

/** What Ctrl-C came before: nothing was found out about it, good or bad. */
export function isUnchecked({ rows }: VerifiedArtifact): boolean {
  return rows.some(({ error }) => error?.code === 'aborted') && rows.every(({ mark }) => mark === '!' || mark === 'x')
}

function stoppedLine(artifacts: readonly VerifiedArtifact[]): string {
  const unchecked = artifacts.filter(isUnchecked).length
  const found = artifacts.length
  return `stopped: ${found - unchecked} checked, ${found} found, ${unchecked} not checked`
}

function artifactsLines(artifacts: readonly VerifiedArtifact[]): readonly Line[] {
  return artifacts.flatMap((one, i) => {
    // Signatures and attestations of one image stand under one heading.
    const again = artifacts[i - 1]?.artifact === one.artifact
    const more = artifacts[i + 1]?.artifact === one.artifact
    return [...(again ? [] : [one.artifact]), ...artifactLines(one), ...(more ? [] : [''])]
  })
}

/** @example storeText(report, layout, { dryRun: false }) // 'TaskRun ci/build (…)\n  written tekton …' */
export function storeText(
  report: StoreReport,
  layout: Layout,
  { dryRun, quiet = false }: { readonly dryRun: boolean; readonly quiet?: boolean },
): string {
  const items = quiet ? report.items.flatMap(onlyBad) : report.items
  const lines = items.flatMap((item) => (dryRun ? planLines(item) : itemLines(item)))
  const copies = report.items.flatMap((item) => item.copies)
  const confirmed = copies.filter((copy) => copy.confirmed).length
  const accepted = copies.filter((copy) => copy.outcome === 'accepted').length
  const unseen = accepted === 0 ? '' : `, ${accepted} accepted by write-only backends`
  const sealed = quiet ? [] : sealedLines(report.sealed)
  const seals = report.findings.filter((finding) => finding.code === 'seal_failed').map(errorLine)
  const end = dryRun
    ? `${planSums(report)}; nothing was written (--dry-run)`
    : report.exit === 0
      ? `stored: ${confirmed} of ${copies.length - accepted} copies confirmed${unseen}`
      : `incomplete (exit ${report.exit}): ${confirmed} of ${copies.length - accepted} copies confirmed${unseen}${again(report.findings)}`
  return page([...lines, ...sealed, ...seals, end], layout)
}

/** One run by its name; several in one line. */
export function sealedLines(sealed: readonly string[]): readonly string[] {
  return sealed.length > 1
    ? [`${sealed.length} runs marked as signed`]
    : sealed.map((run) => `marked as signed: ${run}`)
}

const DOING: Readonly<Partial<Record<Action, string>>> = {
  write: 'to write',
  replace: 'to replace',
  attempt: 'to try',
  send: 'to send',
  present: 'there already',
  blocked: 'blocked',
}

/** What a dry run would do, in counts, and the bytes of what would be written. */
function planSums({ items }: StoreReport): string {
  const rows = items.flatMap(({ plan }) => plan)
  const counts = (Object.keys(DOING) as Action[]).flatMap((action) => {
    const n = rows.filter((row) => row.action === action).length
    return n === 0 ? [] : [`${n} ${DOING[action]}`]
  })
  const writes = rows.filter(({ action }) => action !== 'present' && action !== 'blocked' && action !== 'not_kept')
  const bytes = writes.reduce((sum, row) => sum + (row.bytes ?? 0), 0)
  const runs = `${items.length} ${items.length === 1 ? 'entry' : 'entries'}`
  return `${runs}: ${counts.length === 0 ? 'nothing to do' : counts.join(', ')}, ${bytes} bytes`
}

/** With --quiet: the copies that are not there and the places that cannot take one. */
function onlyBad(item: StoredItem): readonly StoredItem[] {
  const copies = item.copies.filter(({ outcome, error }) => outcome === 'failed' || error !== undefined)
  const plan = item.plan.filter(({ error }) => error !== undefined)
  return copies.length + plan.length === 0 ? [] : [{ ...item, copies, plan }]
}

function artifactLines(one: VerifiedArtifact): readonly Line[] {
  return [
    ...one.rows.flatMap((row) => rowLines(row)),
    // About the whole, not about the row above.
    ...restsOnLines(one).map((line) => `  ${line}`),
    ...one.strangers.map((s) => `  also: stranger at ${s.location}: ${s.code}: ${s.message}`),
    ...beyondRows(one).map((finding) => `  in all: ${textOf(finding)}`),
  ]
}

/** Drift, an occupied place or a full one do not go away by trying again. */
function again(findings: readonly ErrorJson[]): string {
  const helps = findings.some(({ code }) => ERRORS[code].retryable || ERRORS[code].exit === ERRORS.not_looked.exit)
  return helps ? '; the same command completes it' : ''
}

function textOf({ code, message }: ErrorJson): string {
  return `${code}: ${message}`
}

/** Findings that no single row or stranger tells: nothing verified, too few of --require. */
function beyondRows({ rows, strangers, findings }: VerifiedArtifact): readonly ErrorJson[] {
  const told = new Set([...rows.flatMap((row) => row.error ?? []), ...strangers].map(textOf))
  return findings.filter((finding) => !told.has(textOf(finding)))
}

function rowLines(row: Row): readonly Line[] {
  const where = row.location ?? row.slot ?? ''
  const what = `${row.backend}${row.format === undefined ? '' : ` ${row.format}`}`
  const error = row.error === undefined ? [] : [`    ${textOf(row.error)}`]
  const detail = row.detail === undefined || row.detail === row.error?.message ? [] : [`    ${row.detail}`]
  return [{ mark: row.mark, rest: where === '' ? what : `${what} ${where}` }, ...error, ...detail]
}

/** The first lines of an item. @example itemHead(item)[0] // 'TaskRun ci/build (…): slsa/v1, signed now' */
export function itemHead(item: Pick<StoredItem, 'artifact' | 'format' | 'source' | 'differs'>): readonly string[] {
  const how =
    item.source === 'adopted' ? 'the copy that was there' : item.source === 'signed' ? 'signed now' : 'not signed'
  const differs =
    item.differs.length === 0 ? [] : [`    the run would give another payload today, at ${item.differs.join(', ')}`]
  return [`${item.artifact}: ${item.format}, ${how}`, ...differs]
}

function itemLines(item: StoredItem): readonly string[] {
  const kept = new Set(item.copies.map((copy) => copy.backend))
  const notKept = item.plan.filter((row) => row.slot === undefined && !kept.has(row.backend))
  return [
    ...itemHead(item),
    ...item.copies.flatMap(copyLines),
    ...notKept.map((row) => `  not kept   ${row.backend}`),
    '',
  ]
}

const OUTCOMES: Readonly<Record<CopyOutcome, string>> = {
  written: 'written   ',
  unchanged: 'unchanged ',
  replaced: 'replaced  ',
  accepted: 'accepted  ',
  failed: 'FAILED    ',
}

export function copyLines(copy: CopyReceipt): readonly string[] {
  const head = `  ${OUTCOMES[copy.outcome]} ${copy.backend} ${copy.location}`
  const detail = copy.detail === undefined ? [] : [`    ${copy.detail}`]
  return copy.error === undefined ? [head, ...detail] : [head, `    ${errorLine(copy.error)}`, ...detail]
}

function planLines(item: StoredItem): readonly string[] {
  const source = item.source === 'adopted' ? 'from the copy that is there' : 'to be signed'
  return [`${item.artifact}: ${item.format}, ${source}`, ...item.plan.flatMap(planRowLines), '']
}

function planRowLines(row: ReportedRow): readonly string[] {
  const bytes = row.bytes === undefined ? '' : ` (${row.bytes} bytes)`
  const head = `  ${row.action.replace('_', ' ').padEnd(9)} ${row.backend} ${row.slot?.key ?? ''}${bytes}`
  const why = row.error === undefined ? [] : [`    ${errorLine(row.error)}`]
  return [head, ...why, ...(row.detail === undefined ? [] : [`    ${row.detail}`])]
}

export function errorLine(error: ErrorJson): string {
  const hint = error.hint === undefined ? '' : ` (${error.hint})`
  return `${error.code}: ${error.message}${hint}`
}

/**
 * Lines as they are printed: made plain, and wrapped at the width of the terminal.
 *
 * @example page(['a line', { mark: '=', rest: ' tekton' }], { width: 60, colour: false }) // 'a line\n  =  tekton\n'
 */
export function page(lines: readonly Line[], layout: Layout): string {
  const wrapped = lines.flatMap((line) => {
    if (typeof line === 'string') return wrap(escapeControl(line), layout.width)
    const [first = '', ...rest] = wrap(escapeControl(`  ${line.mark} ${line.rest}`), layout.width)
    return [
      layout.colour
        ? `  ${styleText(COLOURS[line.mark], line.mark, { validateStream: false })}${first.slice(3)}`
        : first,
      ...rest,
    ]
  })
  return `${wrapped.join('\n')}\n`
}
