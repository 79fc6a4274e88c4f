/** The matrix and what filters it: empty here, filled and shown by the script in browser/. Pure. */
import type { Mark } from '../../verify/agree.ts'
import { chip, MARK_ORDER } from './marks.ts'
import { type Markup, markup } from './markup.ts'

/** @example controls(['tekton', 'oci'], totals.marks).markup */
export function controls(backends: readonly string[], all: Readonly<Record<Mark, number>>): Markup {
  const marks = MARK_ORDER.filter((mark) => all[mark] > 0).map(
    (mark) =>
      markup`<button type="button" class="toggle" data-mark="${mark}" aria-pressed="false">${chip(mark)} <span class="count">${all[mark].toLocaleString('en-US')}</span></button> `,
  )
  const heading = (key: string, label: string): Markup =>
    markup`<th scope="col" role="columnheader" data-label="${label}"><button type="button" class="sort" data-sort="${key}">${label}</button></th>`
  return markup`<section id="artifacts" aria-labelledby="h-artifacts" tabindex="-1" hidden>
<h2 id="h-artifacts">Artifacts</h2>
<div class="filters" role="search" aria-label="Filter the artifacts">
<div class="marks" role="group" aria-label="Marks">${marks}</div>
<div class="fields">
<label class="grow"><span>Text</span><input type="search" id="text" placeholder="name, place, digest, key or code" autocomplete="off" spellcheck="false"></label>
<label><span>Backend</span><select id="backend"><option value="">any</option>${backends.map((name) => markup`<option>${name}</option>`)}</select></label>
<label><span>Kind</span><select id="kind"><option value="">any</option><option value="run">run</option><option value="image">image</option><option value="statement">statement</option><option value="dsse">attestation (dsse)</option><option value="raw">signature (raw)</option></select></label>
<label class="check"><input type="checkbox" id="findings"> <span>with findings only</span></label>
<button type="button" id="reset">Reset</button>
</div>
</div>
<p class="status"><output id="status" aria-live="polite"></output> <span class="hint"><kbd>Enter</kbd> opens a row, <kbd>↑</kbd> <kbd>↓</kbd> move, <kbd>/</kbd> searches</span></p>
<div class="${backends.length > 5 ? 'scroll wide' : 'wrap'}"><table class="matrix" id="matrix" role="table" aria-labelledby="h-artifacts">
<thead role="rowgroup"><tr role="row">${heading('name', 'Artifact')}${heading('verdict', 'Verdict')}${backends.map((name, i) => heading(String(i), name))}</tr></thead>
<tbody id="rows" role="rowgroup"></tbody>
</table></div>
<p class="more"><button type="button" id="more" hidden>Show more</button></p>
</section>`
}
