// summary.mjs COMMAND STATUS REPORT SUMMARY: appends Markdown about the report to the file SUMMARY, and prints one line for the log, then an
// annotation for each finding.
// Whatever a store or a run says stands in code spans: no Markdown, HTML or workflow command comes out of it.
import { appendFileSync, readFileSync } from 'node:fs'
import { EXITS } from '../../dist/index.js'

const [command = '', status = '', report = '', summary = ''] = process.argv.slice(2)
const MOST_ERRORS = 50
const MOST = 200 // rows of a table: GitHub takes 1 MiB of summary

/** The report; undefined for what prints no single document. */
function read() {
  try {
    return JSON.parse(readFileSync(report, 'utf8')) ?? undefined
  } catch {
    return undefined
  }
}

function code(text) {
  const line = String(text)
    .replace(/[\p{Cc}\p{Bidi_Control}]/gu, ' ')
    .replaceAll('|', '\\|')
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map((run) => run.length))
  const fence = '`'.repeat(longest + 1)
  return longest === 0 ? `\`${line || ' '}\`` : `${fence} ${line} ${fence}`
}

function table(head, rows) {
  if (rows.length === 0) return []
  const line = (cells) => `| ${cells.join(' | ')} |`
  const more = rows.length > MOST ? ['', `… and ${rows.length - MOST} more, all in the JSON report`] : []
  return ['', line(head), line(head.map(() => '---')), ...rows.slice(0, MOST).map(line), ...more]
}

function finding({ code: name, message, backend, hint }) {
  return `- **${name}** ${code(backend === undefined ? message : `${backend}: ${message}`)}${hint === undefined ? '' : ` (${code(hint)})`}`
}

function stored({ dryRun, items }) {
  const rows = items.flatMap((item) => {
    const of = (backend, what, place) => [code(item.artifact), code(backend), what, code(place)]
    if (dryRun) return item.plan.map((row) => of(row.backend, row.action, row.slot?.key ?? ''))
    return item.copies.map((copy) => of(copy.backend, copy.outcome, copy.location))
  })
  return table(['artifact', 'backend', dryRun ? 'plan' : 'copy', 'place'], rows)
}

function exits() {
  const rows = Object.entries(EXITS).map(([exit, says]) =>
    exit === status ? [`**${exit}**`, `**${says}**`] : [exit, says],
  )
  return ['', '<details><summary>Exit codes</summary>', ...table(['exit', 'meaning'], rows), '', '</details>']
}

/** Every finding that counts: those of verify stand in its rows, those of other commands in a list. */
function counted({ artifacts, findings }) {
  const of = (artifact, { code: name, message, backend }, where = backend) => ({
    name,
    text: [where, artifact, message],
  })
  const rows = (artifacts ?? []).flatMap(({ artifact, rows = [], findings: all = [] }) => [
    ...rows.flatMap(({ backend, error, forgiven }) => (error && !forgiven ? [of(artifact, error, backend)] : [])),
    ...all.map((error) => of(artifact, error)),
  ])
  return rows.length > 0 ? rows : (findings ?? []).map((error) => of(undefined, error))
}

/** A line that the runner shows as an error. Nothing in it can end the line or begin another command. */
function annotation({ name, text }) {
  const line = [name, ...text.filter((part) => part !== undefined)].join(': ')
  const plain = line.replace(/[\p{Cc}\p{Bidi_Control}]/gu, ' ').replaceAll('%', '%25')
  return `::error title=prov ${command}::${plain}`
}

const told = read()
const meaning = (EXITS[status] ?? 'ended by the system').replaceAll('`', '')
const findings = told?.error === undefined ? (told?.findings ?? []) : [told.error]
const shown = findings.slice(0, MOST)
// `prov verify --output github` has written its own part, unless it failed before that.
const isWritten = command === 'verify' && told?.error === undefined
const part = [
  `## ${status === '0' ? '✅' : '❌'} prov ${command}: ${meaning} (exit ${status})`,
  ...(told?.command === 'store' ? stored(told) : []),
  ...(shown.length === 0 ? [] : ['', '### Findings', '', ...shown.map(finding)]),
]
const lines = [...(isWritten ? [] : part), ...exits(), '']
console.log(
  status === '0' ? `prov ${command}: ${meaning}` : `::error title=prov ${command}::exit ${status}: ${meaning}`,
)
appendFileSync(summary, `${lines.join('\n')}\n`)
const isTold = status === '0' || told?.error !== undefined
// An artifact repeats the findings of its rows.
const failures = isTold ? [] : [...new Set(counted(told ?? {}).map(annotation))]
for (const each of failures.slice(0, MOST_ERRORS)) console.log(each)
if (failures.length > MOST_ERRORS) console.log(`and ${failures.length - MOST_ERRORS} findings more, all in the reports`)
