/**
 * `github`: Markdown for a job summary. The verdict stands first, so that the text is made at the end; what is kept until then is
 * bounded, as GitHub's own limit is (1 MiB a step).
 */

import type { ErrorJson } from '../../errors.ts'
import type { VerifiedArtifact } from '../../verify/verify.ts'
import { keySourceTexts } from '../text/key-source.ts'
import { EXITS, MARKS } from '../text/verify-text.ts'
import { marksText, type OpenForm, type ReportHead, type ReportSummary } from './form.ts'
import { codeSpan } from './markdown.ts'
import { isForgiven, MARK_WORDS, type Told, told } from './told.ts'

/** Characters of each of the three parts; beyond ASCII they are up to three bytes. */
const MOST = 110_000

/** Lines up to a limit, and how many did not fit. */
interface Bounded {
  readonly lines: readonly string[]
  add(line: string): void
  text(what: string): string
}

function bounded(): Bounded {
  const lines: string[] = []
  let [length, left] = [0, 0]
  return {
    lines,
    add(line) {
      if (length + line.length > MOST) {
        left++
        return
      }
      lines.push(line)
      length += line.length
    },
    text(what) {
      const more = left === 0 ? [] : ['', `… and ${left} more ${what}; \`--output jsonl\` has them all.`]
      return [...lines, ...more].join('\n')
    },
  }
}

/** @example github(tools).end(summary) // '## ✅ prov verify: all that is required agrees\n…' */
export const github: OpenForm = () => {
  let known: ReportHead | undefined
  const [matrix, findings, copies] = [bounded(), bounded(), bounded()]
  return {
    begin(head) {
      known = head
      return ''
    },
    artifact(one) {
      const facts = told(one)
      matrix.add(matrixLine(one, known?.backends ?? []))
      for (const line of findingLines(one, facts)) findings.add(line)
      for (const { row } of facts.rows) {
        const [what, place] = [row.format ?? '', row.location ?? row.slot ?? '']
        const cells = [codeSpan(row.mark), ...[row.backend, what, place].map((text) => (text === '' ? '' : span(text)))]
        copies.add(`| ${span(one.artifact)} | ${cells.join(' | ')} |`)
      }
      return ''
    },
    end(summary) {
      return known === undefined ? '' : page(known, summary, { matrix, findings, copies })
    },
  }
}

interface Parts {
  readonly matrix: Bounded
  readonly findings: Bounded
  readonly copies: Bounded
}

function page(head: ReportHead, { exit, totals, notes }: ReportSummary, { matrix, findings, copies }: Parts): string {
  const { backends, demands, trust } = head
  const verdict =
    exit === 0 ? '✅ prov verify: all that is required agrees' : `❌ prov verify: not verified (exit ${exit})`
  const count = totals.artifacts === 1 ? '1 artifact' : `${totals.artifacts} artifacts`
  const asked = [
    demands.require === undefined ? '' : ` At least ${demands.require} backends are required.`,
    demands.optional.length === 0 ? '' : ` Optional: ${demands.optional.map((name) => codeSpan(name)).join(', ')}.`,
    demands.strict ? ' Strict: strangers count.' : '',
  ]
  const said = notes.map((note) => `- ${codeSpan(note)}`)
  const head2 = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : ['', `### ${title}`, '', ...lines]
  const legend = Object.entries(MARKS).map(([mark, meaning]) => `${codeSpan(mark)} ${meaning}`)
  return `${[
    `## ${verdict}`,
    '',
    `${count}, copies: ${codeSpan(marksText(totals.marks))}. ${(EXITS[exit] ?? '').replace(/^./, (c) => c.toUpperCase())}.${asked.join('')}`,
    '',
    `| artifact | ${backends.map(span).join(' | ')} |`,
    `| --- |${' --- |'.repeat(backends.length)}`,
    matrix.text('artifacts'),
    ...head2('Findings', findings.lines.length === 0 ? [] : [findings.text('findings')]),
    ...head2('Notes', said),
    '',
    '<details><summary>Every copy, the trusted keys, the marks</summary>',
    '',
    '| artifact | mark | backend | format | place |',
    '| --- | --- | --- | --- | --- |',
    copies.text('copies'),
    '',
    `Trust ${codeSpan(trust.hash)}: ${[...trust.keyids, ...(trust.identities ?? []).map(({ identity }) => identity)].map((who) => codeSpan(who)).join(', ')}${keySourceTexts(
      trust,
    )
      .map((text) => `; ${text}`)
      .join('')}. prov ${head.version}, ${new Date(head.began).toISOString()}.`,
    '',
    `${legend.join(' · ')}`,
    '',
    '</details>',
    '',
  ].join('\n')}\n`
}

function matrixLine(one: VerifiedArtifact, backends: readonly string[]): string {
  const cells = backends.map((backend) => {
    const marks = one.rows
      .filter((row) => row.backend === backend)
      .map(({ mark }) => `${codeSpan(mark)} ${MARK_WORDS[mark]}`)
    return marks.join('<br>')
  })
  return `| ${span(`${one.artifact} ${one.kind}`)} | ${cells.join(' | ')} |`
}

function findingLines(one: VerifiedArtifact, { rows, strangers, beyond }: Told): readonly string[] {
  const lines = [
    ...rows.flatMap((item) => {
      const { row, counts } = item
      const detail = row.detail === undefined || row.detail === row.error?.message ? '' : `; ${codeSpan(row.detail)}`
      if (row.error === undefined && row.detail === undefined) return []
      const place = codeSpan(`${row.backend} ${row.location ?? row.slot ?? ''}`.trim())
      const why = row.error === undefined ? '' : `: ${errorText(counts ?? row.error)}`
      return [
        `  - ${codeSpan(row.mark)} ${MARK_WORDS[row.mark]} ${place}${why}${detail}${isForgiven(item) ? ' (forgiven)' : ''}`,
      ]
    }),
    ...strangers.map(({ stranger, counts }) => {
      const place = codeSpan(`${stranger.backend} ${stranger.location}`)
      return `  - stranger ${place}: ${errorText(stranger)}${counts ? '' : ' (does not count)'}`
    }),
    ...beyond.map((finding) => `  - ${errorText(finding)}`),
  ]
  return lines.length === 0 ? [] : [`- ${codeSpan(`${one.artifact} ${one.kind}`)}`, ...lines]
}

function errorText({ code, message, hint }: ErrorJson): string {
  return `**${code}** ${codeSpan(message)}${hint === undefined ? '' : ` (${codeSpan(hint)})`}`
}

function span(text: string): string {
  return codeSpan(text, { cell: true })
}
