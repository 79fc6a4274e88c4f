/** The parts of the page that stand without a script: the verdict, the agreement of each backend, the plain table. Pure. */

import type { Mark } from '../../verify/agree.ts'
import type { VerifiedArtifact } from '../../verify/verify.ts'
import type { ReportHead, ReportSummary } from '../forms/form.ts'
import { keySourceTexts } from '../text/key-source.ts'
import { wordsOf } from '../text/reasons.ts'
import { EXITS, MARKS } from '../text/verify-text.ts'
import { chip, MARK_CLASSES, MARK_ORDER } from './marks.ts'
import { type Markup, markup } from './markup.ts'

/** How many of each mark every backend has. */
export type MarksOf = ReadonlyMap<string, Readonly<Record<Mark, number>>>

/** What is said of one exit status, without the signs for Markdown. @example exitText(5) // 'a copy is missing (+)' */
export function exitText(exit: number): string {
  return (EXITS[exit] ?? `exit ${exit}`).replaceAll('`', '')
}

/** In numbers. @example headline(summary, 26, 7) // '7 of 26 artifacts need attention · 19 agree' */
export function headline({ exit }: Pick<ReportSummary, 'exit'>, artifacts: number, bad: number): string {
  if (bad > 0) {
    const agree = artifacts === bad ? '' : ` · ${(artifacts - bad).toLocaleString('en-US')} agree`
    return `${bad.toLocaleString('en-US')} of ${plural(artifacts, 'artifact')} need${bad === 1 ? 's' : ''} attention${agree}`
  }
  if (artifacts === 0) return 'Nothing was verified'
  return exit === 0
    ? `All that is required agrees · ${plural(artifacts, 'artifact')}`
    : `${plural(artifacts, 'artifact')} agree · not everything was checked`
}

export function verdict(head: ReportHead, { exit, ended, totals }: ReportSummary, title: string): Markup {
  const { demands, trust, scope, backends } = head
  const asked = [
    demands.require === undefined ? 'every backend' : `${demands.require} backends`,
    ...(demands.optional.length === 0 ? [] : [`optional: ${demands.optional.join(', ')}`]),
    ...(demands.strict ? ['strict: strangers count'] : []),
  ]
  const when = new Date(ended).toISOString()
  return markup`<header class="top ${exit === 0 ? 'ok' : 'bad'}">
<p class="brand">prov verify</p>
<h1>${title}</h1>
<p class="lead"><span class="exit">${exitText(exit).replace(/ \(.\)$/, '')}</span> ${plural(totals.artifacts, 'artifact')}, ${plural(copies(totals.marks), 'place')} read, ${plural(totals.findings, 'finding')}${totals.strangers === 0 ? '' : `, ${plural(totals.strangers, 'stranger')}`}</p>
<dl class="facts">
<div><dt>Scope</dt><dd>${scope === undefined ? '' : `${scope} in `}${backends.join(', ')}</dd></div>
<div><dt>Verified</dt><dd><time datetime="${when}">${when.slice(0, 10)} ${when.slice(11, 19)} UTC</time> by prov ${head.version}, exit ${exit}</dd></div>
<div><dt>Required</dt><dd>${asked.join('; ')}</dd></div>
<div><dt>Trusted signers</dt><dd>${[...trust.keyids, ...(trust.identities ?? []).map(({ identity, issuer }) => `${identity} (${issuer})`)].map((signer) => markup`<code>${signer}</code> `)}${keySourceTexts(trust).map((text) => markup`<br>${text}`)}</dd></div>
<div><dt>Trust</dt><dd><code>${trust.hash}</code></dd></div>
</dl>
</header>`
}

/** What was noticed beside the verdict, at the end of the page. */
export function notesOf(notes: readonly string[]): Markup {
  if (notes.length === 0) return markup``
  return markup`<section aria-labelledby="h-notes"><h2 id="h-notes">Notes</h2><ul class="notes">${notes.map((note) => markup`<li>${note}</li>`)}</ul></section>`
}

/** In a word or two. */
function whyOf({ findings: [first] }: VerifiedArtifact): string {
  return first === undefined ? '' : wordsOf(first.code)
}

/** As many as fit the first sheet. */
const MOST_ON_PAPER = 12

/** For the summary on paper: what needs attention, and why. */
export function paperList(bad: readonly VerifiedArtifact[]): Markup {
  if (bad.length === 0) return markup``
  const more = bad.length - MOST_ON_PAPER
  return markup`<section class="paper"><h2>What needs attention</h2><ul>${bad.slice(0, MOST_ON_PAPER).map((one) => markup`<li><b>${one.artifact}</b>: ${whyOf(one)}</li>`)}</ul>${more > 0 ? markup`<p>and ${more} more</p>` : markup``}</section>`
}

/** One row a backend: a bar that shows how much of it agrees, and the same as numbers. */
export function agreement(backends: readonly string[], marksOf: MarksOf, all: Readonly<Record<Mark, number>>): Markup {
  const shown = MARK_ORDER.filter((mark) => all[mark] > 0)
  const line = (name: Markup, marks: Readonly<Record<Mark, number>>): Markup => markup`<tr><th scope="row">${name}</th>
<td class="bar">${bar(marks)}</td>${shown.map((mark) => markup`<td class="n ${marks[mark] === 0 ? 'zero' : ''}">${marks[mark]}</td>`)}</tr>
`
  const none = { '=': 0, '~': 0, '*': 0, '#': 0, '+': 0, '!': 0, x: 0 }
  return markup`<section aria-labelledby="h-agreement">
<h2 id="h-agreement">Agreement per backend</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="h-agreement"><table class="agreement">
<thead><tr><th scope="col">Backend</th><th scope="col">Share</th>${shown.map((mark) => markup`<th scope="col" class="n">${chip(mark)}</th>`)}</tr></thead>
<tbody>
${backends.map((name) => line(markup`${name}`, marksOf.get(name) ?? none))}</tbody>
<tfoot>${line(markup`All`, all)}</tfoot>
</table></div>
</section>`
}

function bar(marks: Readonly<Record<Mark, number>>): Markup {
  const total = copies(marks)
  const words = MARK_ORDER.filter((mark) => marks[mark] > 0).map((mark) => `${percent(marks[mark], total)} ${mark}`)
  let x = 0
  const parts = MARK_ORDER.filter((mark) => marks[mark] > 0).map((mark) => {
    // A single bad copy among thousands must not vanish.
    const width = Math.max(1, (100 * marks[mark]) / total)
    const part = markup`<rect class="${MARK_CLASSES[mark]}" x="${x.toFixed(2)}" y="0" width="${width.toFixed(2)}" height="10"/>`
    x += width
    return part
  })
  return markup`<svg role="img" aria-label="${words.length === 0 ? 'nothing' : words.join(', ')}" viewBox="0 0 ${Math.max(100, x).toFixed(2)} 10" preserveAspectRatio="none" width="100%" height="12">${parts}</svg>`
}

/** At most this many artifacts in the table for readers without a script, those with findings first. */
const MOST_PLAIN = 2000

export function plainTable(backends: readonly string[], artifacts: readonly VerifiedArtifact[]): Markup {
  const rows = artifacts.toSorted((a, b) => Number(b.exit > 0) - Number(a.exit > 0)).slice(0, MOST_PLAIN)
  const more = artifacts.length - rows.length
  const cell = (one: VerifiedArtifact, backend: string): Markup =>
    markup`<td data-label="${backend}">${one.rows.filter((row) => row.backend === backend).map(({ mark }) => markup`${chip(mark)} `)}</td>`
  return markup`<table class="matrix">
<thead><tr><th scope="col">Artifact</th><th scope="col">Verdict</th>${backends.map((name) => markup`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>
${rows.map(
  (
    one,
  ) => markup`<tr><th scope="row">${one.artifact} <small>${one.kind === 'raw' ? 'signature' : 'attestation'}</small></th><td data-label="Verdict">${one.exit === 0 ? 'ok' : `${whyOf(one)}: ${one.findings[0]?.code ?? ''}`}</td>${backends.map((backend) => cell(one, backend))}</tr>
`,
)}</tbody></table>
${more === 0 ? markup`` : markup`<p>and ${more} more, which this page shows with a script only</p>`}`
}

export function legend(): Markup {
  return markup`<dl class="legend">${MARK_ORDER.map((mark) => markup`<div><dt>${chip(mark)}</dt><dd>${MARKS[mark]}</dd></div>`)}</dl>`
}

function copies(marks: Readonly<Record<Mark, number>>): number {
  return MARK_ORDER.reduce((sum, mark) => sum + marks[mark], 0)
}

function percent(part: number, total: number): string {
  const share = (100 * part) / total
  return `${share > 0 && share < 1 ? '<1' : share > 99 && share < 100 ? '>99' : Math.round(share)} %`
}

function plural(n: number, what: string): string {
  return `${n.toLocaleString('en-US')} ${what}${n === 1 ? '' : 's'}`
}
