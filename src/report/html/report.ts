/** `html`: one page that stands alone. It gathers, since the verdict stands first; the script shows rows as they are wanted. */
import { createHash } from 'node:crypto'
import { ERRORS } from '../../errors.ts'
import type { Mark } from '../../verify/agree.ts'
import type { VerifiedArtifact } from '../../verify/verify.ts'
import type { OpenForm, ReportHead, ReportSummary } from '../forms/form.ts'
import { MARK_WORDS } from '../forms/told.ts'
import { controls } from './controls.ts'
import { heatMap } from './heat.ts'
import { MARK_CLASSES, MARK_ORDER } from './marks.ts'
import { embeddedJson, type Markup, markup, trusted } from './markup.ts'
import { packed } from './packed.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'
import { agreement, headline, legend, notesOf, paperList, plainTable, verdict } from './summary.ts'

/** @example html(tools).end(summary) // '<!doctype html>…' */
export const html: OpenForm = () => {
  let known: ReportHead | undefined
  const artifacts: VerifiedArtifact[] = []
  return {
    begin(head) {
      known = head
      return ''
    },
    artifact(one) {
      artifacts.push(one)
      return ''
    },
    end: (summary) => (known === undefined ? '' : page(known, artifacts, summary)),
  }
}

function page(head: ReportHead, artifacts: readonly VerifiedArtifact[], summary: ReportSummary): string {
  const { backends } = head
  const packer = packed()
  for (const one of artifacts) packer.add(one)
  const meanings = Object.fromEntries(Object.entries(ERRORS).map(([code, row]) => [code, row.meaning]))
  const marks = MARK_ORDER.map((mark) => [mark, MARK_WORDS[mark], MARK_CLASSES[mark]])
  const data = embeddedJson({ backends, marks, meanings, repair: head.repair, ...packer.done() })
  const bad = artifacts.filter(({ exit }) => exit !== 0)
  const state = headline(summary, artifacts.length, bad.length)
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="prov ${head.version}">
<title>prov verify: ${state}${head.scope === undefined ? '' : `: ${head.scope}`}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<a class="skip" href="#artifacts">To the artifacts</a>
<main>
<div class="summary">
${verdict(head, summary, state)}
${heatMap(backends, artifacts)}
${agreement(backends, countMarks(artifacts), summary.totals.marks)}
${paperList(bad)}
</div>
${controls(backends, summary.totals.marks)}
<noscript><section><h2>Artifacts</h2><div class="scroll">${plainTable(backends, artifacts)}</div></section></noscript>
<section aria-labelledby="h-marks"><h2 id="h-marks">Marks</h2>${legend()}</section>
${notesOf(summary.notes)}
</main>
<script type="application/json" id="data">${trusted(data)}</script>
<script>${trusted(SCRIPT)}</script>
</body>
</html>
`.markup
}

/** Nothing is loaded, nothing runs but the script below, and text can never become markup. */
function policy(): Markup {
  const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  const rules = [
    "default-src 'none'",
    `style-src ${hash(STYLE)}`,
    `script-src ${hash(SCRIPT)}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ]
  return trusted(rules.join('; '))
}

function countMarks(artifacts: readonly VerifiedArtifact[]): ReadonlyMap<string, Readonly<Record<Mark, number>>> {
  const counts = new Map<string, Record<Mark, number>>()
  for (const { backend, mark } of artifacts.flatMap(({ rows }) => rows)) {
    const own = counts.get(backend) ?? { '=': 0, '~': 0, '*': 0, '#': 0, '+': 0, '!': 0, x: 0 }
    own[mark]++
    counts.set(backend, own)
  }
  return counts
}
