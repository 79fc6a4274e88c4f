/** Prints what `prov doctor` found: a block for each key and each backend, aligned. */
import { CHECKS, type CheckOutcome, type Diagnosis } from '../../backend/diagnosis.ts'
import type { DoctorReport } from '../../doctor/doctor.ts'
import type { KeyReport } from '../../doctor/keys.ts'
import { type Layout, page } from './verify-text.ts'

const WORDS: Readonly<Record<CheckOutcome, string>> = {
  ok: 'ok',
  degraded: 'degraded',
  failed: 'FAILED',
  skipped: 'skipped',
  not_possible: 'cannot',
}

const WORD_WIDTH = Math.max(...Object.values(WORDS).map((word) => word.length))
const CHECK_WIDTH = Math.max(...Object.keys(CHECKS).map((check) => check.length))

/** `read` says what was read of the inputs. @example doctorText(report, { width: 60, colour: false }) // 'docdb: ok\n  ok       reach …' */
export function doctorText(report: DoctorReport, layout: Layout, read: readonly string[] = [], quiet = false): string {
  const blocks = [
    ...report.keys.map((key) => [`key ${key.key}: ${key.outcome}`, ...idLines(key), ...key.checks.map(checkLine), '']),
    ...report.backends.map(({ backend, outcome, checks }) => [
      `${backend}: ${outcome === 'skipped' ? 'not tried' : outcome}`,
      ...checkLines(checks),
      '',
    ]),
  ]
  if (quiet) return page(blocks.flat().slice(0, -1), layout)
  const all = [...report.keys, ...report.backends]
  const count = (outcome: CheckOutcome) => all.filter((one) => one.outcome === outcome).length
  const degraded = count('degraded') === 0 ? '' : `, ${count('degraded')} degraded`
  const untried = count('skipped') === 0 ? '' : `, ${count('skipped')} not tried`
  const usable = count('ok') + count('degraded')
  const verdict = `${usable} of ${all.length} usable${degraded}${untried}`
  return page([...blocks.flat(), ...read, report.exit === 0 ? verdict : `${verdict} (exit ${report.exit})`], layout)
}

function idLines({ ids, kind }: KeyReport): readonly string[] {
  return ids.flatMap(({ keyid, hint, algorithm }) => [
    `  ${kind} ${algorithm}`,
    `  key id ${keyid}`,
    `  hint   ${hint}`,
  ])
}

/** Where several places were tried, each has a line of its own above its checks. */
function checkLines(checks: readonly Diagnosis[]): readonly string[] {
  const several = new Set(checks.flatMap(({ slot }) => slot ?? [])).size > 1
  return checks.flatMap((check, i) => {
    const heading = several && check.slot !== undefined && check.slot !== checks[i - 1]?.slot
    return heading ? [`  at ${check.slot}`, checkLine(check)] : [checkLine(check)]
  })
}

function checkLine({ check, outcome, detail, error }: Diagnosis): string {
  const code = error === undefined ? '' : `${error.code}: `
  return `  ${WORDS[outcome].padEnd(WORD_WIDTH)} ${check.padEnd(CHECK_WIDTH)} ${code}${detail}`
}
