/** The heat map: a line a backend, a column an artifact, in the order of the report. It needs no script to be seen. Pure. */
import type { Mark } from '../../verify/agree.ts'
import type { VerifiedArtifact } from '../../verify/verify.ts'
import { gravestMark } from '../text/reasons.ts'
import { MARK_CLASSES } from './marks.ts'
import { type Markup, markup } from './markup.ts'

/** Columns at most: with more artifacts, neighbours share one, which shows the gravest of them. */
const MOST_COLUMNS = 2000
/** A column that is not well takes at least this part of the whole, so that one among a thousand is seen. */
const LEAST_SHARE = 1 / 240

/** @example heatMap(['tekton', 'oci'], artifacts).markup // '<section …><svg …>' */
export function heatMap(backends: readonly string[], artifacts: readonly VerifiedArtifact[]): Markup {
  if (artifacts.length === 0 || backends.length === 0) return markup``
  const each = Math.ceil(artifacts.length / MOST_COLUMNS)
  const columns = Math.ceil(artifacts.length / each)
  const lines = backends.map((name) => {
    const marks = marksOf(name, artifacts)
    const shown = Array.from({ length: columns }, (_, i) => gravestMark(marks.slice(i * each, (i + 1) * each).flat()))
    return markup`<div class="lane"><span class="lane-name">${name}</span><svg class="heat" data-backend="${name}" role="img" aria-label="${name}: ${saying(shown)}" viewBox="0 0 ${columns} 10" preserveAspectRatio="none" width="100%" height="20">${cells(shown)}</svg></div>
`
  })
  return markup`<section aria-labelledby="h-heat" class="map">
<h2 id="h-heat">Artifacts × backends</h2>
<div id="heat" data-each="${each}" data-columns="${columns}">
${lines}</div>
<p class="status"><output id="heat-at">${artifacts.length.toLocaleString('en-US')} artifacts from left to right, in the order of the report${each === 1 ? '' : `, ${each} in a column`}</output> <button type="button" id="heat-all" hidden>Show all artifacts</button></p>
</section>`
}

function marksOf(backend: string, artifacts: readonly VerifiedArtifact[]): readonly (readonly Mark[])[] {
  return artifacts.map(({ rows }) => rows.filter((row) => row.backend === backend).map(({ mark }) => mark))
}

function saying(marks: readonly (Mark | undefined)[]): string {
  const bad = marks.filter((mark) => mark !== undefined && isBad(mark)).length
  return bad === 0 ? 'nothing needs attention' : `${bad} of ${marks.length} need attention`
}

function isBad(mark: Mark): boolean {
  return mark === '#' || mark === '*' || mark === '+' || mark === '!'
}

/** Neighbours of one mark are one rectangle; what is not well is drawn last and never thinner than can be seen. */
function cells(marks: readonly (Mark | undefined)[]): readonly Markup[] {
  const runs: { readonly mark: Mark; readonly x: number; length: number }[] = []
  for (const [x, mark] of marks.entries()) {
    const last = runs.at(-1)
    if (last !== undefined && last.mark === mark && last.x + last.length === x) last.length++
    else if (mark !== undefined) runs.push({ mark, x, length: 1 })
  }
  const least = marks.length * LEAST_SHARE
  return runs
    .toSorted((a, b) => Number(isBad(a.mark)) - Number(isBad(b.mark)))
    .map(({ mark, x, length }) => {
      const width = isBad(mark) ? Math.max(length, least) : length
      const from = Math.max(0, Math.min(x, marks.length - width))
      return markup`<rect class="${MARK_CLASSES[mark]}" x="${+from.toFixed(2)}" y="0" width="${+width.toFixed(2)}" height="10"/>`
    })
}
