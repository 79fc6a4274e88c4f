/** `junit`: JUnit XML, one suite an artifact, one case a row. Findings that count are failures; what is forgiven is skipped. */
import { ERRORS, type ErrorJson } from '../../errors.ts'
import { escapeControl } from '../../platform/text/escape-control.ts'
import type { VerifiedArtifact } from '../../verify/verify.ts'
import { MARKS } from '../text/verify-text.ts'
import type { OpenForm } from './form.ts'
import { isForgiven, MARK_WORDS, type Told, told } from './told.ts'

/** @example junit(tools).begin(head) // '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="prov verify">\n' */
export const junit: OpenForm = ({ now }) => ({
  begin: () => '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="prov verify">\n',
  artifact: (one) => suite(one, now()),
  end: ({ notes }) => {
    const cases = notes.map(
      (note) => `    <testcase classname="notes" name=${quoted(note)}><skipped message="a note"/></testcase>\n`,
    )
    const all = `  <testsuite name="notes" tests="${cases.length}" failures="0" errors="0" skipped="${cases.length}">\n${cases.join('')}  </testsuite>\n`
    return `${cases.length === 0 ? '' : all}</testsuites>\n`
  },
})

function suite(one: VerifiedArtifact, now: number): string {
  const { rows, strangers, beyond } = told(one)
  const counted = strangers.filter(({ counts }) => counts)
  const cases = [
    ...rows.map((item) => rowCase(item, one)),
    ...counted.map(({ stranger }) =>
      testcase(one, `stranger ${stranger.backend} ${stranger.location}`, failure(stranger)),
    ),
    ...beyond.map((finding) => testcase(one, finding.code, failure(finding))),
  ]
  const failures = rows.filter(({ counts }) => counts !== undefined).length + counted.length + beyond.length
  const skipped = rows.filter((item) => item.row.mark === 'x' || isForgiven(item)).length
  const others = strangers.filter(({ counts }) => !counts)
  const said = others.map(({ stranger: s }) => `stranger at ${s.location} (${s.backend}): ${s.code}: ${s.message}`)
  const out = said.length === 0 ? '' : `    <system-out>${xml(said.join('\n'))}</system-out>\n`
  const counts = `tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}"`
  const time = new Date(now).toISOString().slice(0, 19)
  return `  <testsuite name=${quoted(`${one.artifact} ${one.kind}`)} ${counts} timestamp="${time}">\n${cases.join('')}${out}  </testsuite>\n`
}

function rowCase(item: Told['rows'][number], one: VerifiedArtifact): string {
  const { row, counts } = item
  const where = row.location ?? row.slot
  const name = [row.backend, row.format, where].filter((part) => part !== undefined).join(' ')
  const what = `${row.mark} ${MARKS[row.mark]}`
  const said = [what, row.entry, row.detail].filter((part) => part !== undefined).map((part) => `${xml(part)}\n`)
  if (counts !== undefined) return testcase(one, name, failure(counts, what, row.detail))
  const why =
    row.error === undefined ? what : `forgiven: ${MARK_WORDS[row.mark]}: ${row.error.code}: ${row.error.message}`
  if (row.mark === 'x' || isForgiven(item)) return testcase(one, name, `<skipped message=${quoted(why)}/>`)
  return testcase(one, name, `<system-out>${said.join('').trimEnd()}</system-out>`)
}

function testcase(one: VerifiedArtifact, name: string, inner: string): string {
  return `    <testcase classname=${quoted(one.artifact)} name=${quoted(name)}>${inner}</testcase>\n`
}

function failure(finding: ErrorJson, what: string = ERRORS[finding.code].meaning, detail?: string): string {
  const lines = [what, detail, finding.hint].filter((line) => line !== undefined)
  return `<failure type=${quoted(finding.code)} message=${quoted(`${finding.code}: ${finding.message}`)}>${xml(lines.join('\n'))}</failure>`
}

function quoted(text: string): string {
  return `"${xml(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;')}"`
}

/** Characters that XML has no way to write are spelled out as elsewhere in prov; line breaks of our own stay. */
function xml(text: string): string {
  const lines = text.toWellFormed().split('\n').map(escapeControl).join('\n')
  return lines
    .replace(/[\uFFFE\uFFFF]/g, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}
