/** The style of the page: calm, dense, legible; in the light, in the dark, on narrow screens and on paper. */

const COLOURS = `
:root {
  --bg: #fbfbfa; --panel: #fff; --ink: #1d2024; --soft: #5c636d; --line: #e2e4e8; --faint: #f2f3f5; --link: #1f5fbf; --focus: #2f6fe0;
  --agrees: #1a7f4b; --equivalent: #16707f; --drift: #a11d6b; --invalid: #c0262d; --absent: #8f5a00; --unread: #6b46c1; --none: #666d77;
  --drift-bg: #fbe7f3; --invalid-bg: #fdeaea; --absent-bg: #fdf1dc; --unread-bg: #efe9fc; --equivalent-bg: #e3f3f5;
  --bar-agrees: #4fae7d; --bar-equivalent: #4aa5b3; --bar-none: #c9cdd3; --changed: #ffe69a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #14161a; --panel: #1a1d22; --ink: #e6e8eb; --soft: #9aa2ad; --line: #2e333b; --faint: #20242a; --link: #8ab4f8; --focus: #8ab4f8;
    --agrees: #6fcf97; --equivalent: #6cc7d4; --drift: #f28cc4; --invalid: #ff8a86; --absent: #f0b95c; --unread: #b8a1f5; --none: #8b929c;
    --drift-bg: #3d1d31; --invalid-bg: #401f20; --absent-bg: #3a2c12; --unread-bg: #2c2446; --equivalent-bg: #16333a;
    --bar-agrees: #3f8f63; --bar-equivalent: #357f8b; --bar-none: #454b54; --changed: #6b5310;
  }
}
`

const PAGE = `
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--bg); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
main { max-width: 84rem; overflow-wrap: anywhere; margin: 0 auto; padding: 2rem 1.5rem 4rem; }
code, kbd { font: .86em/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
kbd { border: 1px solid var(--line); border-radius: 4px; padding: 0 .35em; background: var(--panel); }
small { color: var(--soft); font-size: .82em; font-weight: 400; }
h2 { font-size: 1.05rem; margin: 2.4rem 0 .7rem; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
#artifacts:focus { outline: none; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--panel); color: var(--link); padding: .5rem 1rem; z-index: 9; }
.top { border-left: 5px solid var(--agrees); padding: .1rem 0 .1rem 1.1rem; }
.top.bad { border-color: var(--invalid); }
.brand { margin: 0; color: var(--soft); font-size: .85rem; letter-spacing: .02em; }
h1 { font-size: 1.75rem; line-height: 1.2; font-weight: 650; margin: .1rem 0 .5rem; letter-spacing: -.01em; }
.lead { margin: 0 0 1rem; color: var(--soft); }
.exit { display: inline-block; font-weight: 600; color: var(--agrees); border: 1px solid currentColor; border-radius: 5px; padding: 0 .5em; margin-right: .4em; }
.bad .exit { color: var(--invalid); }
.facts { display: grid; gap: .15rem 1.5rem; margin: 0; font-size: .88rem; }
.facts > div { display: grid; grid-template-columns: 8rem 1fr; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; min-width: 0; }
.notes { color: var(--soft); font-size: .88rem; padding-left: 1.2rem; margin: .8rem 0 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; }
.legend { display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: .3rem 1.5rem; margin: 0; font-size: .88rem; }
.legend > div { display: grid; grid-template-columns: 7rem 1fr; align-items: baseline; }
.legend dd { margin: 0; color: var(--soft); }
.chip { display: inline-block; white-space: nowrap; font-size: .86rem; line-height: 1.45; border-radius: 5px; padding: 0 .45em 0 .3em; margin: 1px 0; color: var(--soft); }
.chip b { font: 700 1em/1 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; display: inline-block; min-width: 1.1em; text-align: center; }
.chip i { font-style: italic; opacity: .85; }
.chip.m-agrees b { color: var(--agrees); }
.chip.m-equivalent { color: var(--equivalent); background: var(--equivalent-bg); }
.chip.m-drift { color: var(--drift); background: var(--drift-bg); }
.chip.m-invalid { color: var(--invalid); background: var(--invalid-bg); }
.chip.m-absent { color: var(--absent); background: var(--absent-bg); }
.chip.m-unread { color: var(--unread); background: var(--unread-bg); }
.chip.m-none { color: var(--none); }
`

const TABLES = `
.agreement { width: 100%; font-size: .9rem; }
.agreement th, .agreement td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); font-weight: 400; vertical-align: middle; }
.agreement thead th { color: var(--soft); font-size: .82rem; white-space: nowrap; }
.agreement .n { overflow-wrap: normal; }
.agreement tbody th, .agreement tfoot th { font-weight: 550; white-space: nowrap; }
.agreement tfoot tr > * { border-bottom: 0; }
.agreement .n { text-align: right; font-variant-numeric: tabular-nums; padding-right: .4rem; }
.agreement .zero { color: var(--none); opacity: .55; }
.agreement .bar { width: 40%; min-width: 9rem; }
svg { display: block; border-radius: 3px; }
#heat { display: grid; gap: 3px; }
.lane { display: grid; grid-template-columns: 7rem minmax(0, 1fr); align-items: center; font-size: .9rem; }
.lane-name { font-weight: 550; padding-right: .6rem; overflow: hidden; text-overflow: ellipsis; }
.heat { cursor: crosshair; background: var(--faint); border-radius: 2px; }
.heat rect { stroke: none; }
#heat-all, .copy-command { font-size: .85rem; border: 1px solid var(--line); border-radius: 6px; background: var(--panel); color: var(--ink); padding: .1rem .6rem; }
.command { margin: 0; } .command code { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .25rem .5rem; display: inline-block; }
.paper { display: none; }
.verdict .bad { white-space: normal; overflow-wrap: anywhere; }
rect { stroke: var(--bg); stroke-width: .25; }
rect.m-agrees { fill: var(--bar-agrees); } rect.m-equivalent { fill: var(--bar-equivalent); } rect.m-drift { fill: var(--drift); }
rect.m-invalid { fill: var(--invalid); } rect.m-absent { fill: var(--absent); } rect.m-unread { fill: var(--unread); } rect.m-none { fill: var(--bar-none); }
.filters { display: grid; gap: .7rem; }
.marks { display: flex; flex-wrap: wrap; gap: .4rem; }
.fields { display: flex; flex-wrap: wrap; gap: .6rem .8rem; align-items: end; }
.fields label { display: grid; gap: .15rem; font-size: .8rem; color: var(--soft); }
.fields .grow { flex: 1 1 18rem; }
.fields .check { display: flex; align-items: center; gap: .4rem; height: 2.15rem; }
input[type=search], select, button { font: inherit; color: inherit; }
input[type=search], select, .toggle, #reset, #more { font-size: .9rem; height: 2.15rem; border: 1px solid var(--line); border-radius: 6px; background: var(--panel); color: var(--ink); padding: 0 .6rem; }
input[type=search] { width: 100%; }
button { cursor: pointer; }
.toggle { display: inline-flex; align-items: center; gap: .3rem; padding: 0 .55rem 0 .35rem; }
.toggle:hover, #reset:hover, #more:hover { border-color: var(--soft); }
.toggle[aria-pressed=true] { border-color: var(--ink); box-shadow: inset 0 0 0 1px var(--ink); }
.toggle .count { font-variant-numeric: tabular-nums; color: var(--soft); font-size: .86rem; }
.status { display: flex; justify-content: space-between; flex-wrap: wrap; gap: .2rem 1rem; color: var(--soft); font-size: .85rem; margin: .9rem 0 .4rem; }
.matrix { width: 100%; background: var(--panel); border: 1px solid var(--line); font-size: .9rem; }
.matrix > thead th { position: sticky; top: 0; z-index: 1; background: var(--faint); text-align: left; font-weight: 550; padding: 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
noscript .matrix > thead th { padding: .4rem .7rem; }
noscript .matrix th small { display: block; }
.matrix > tbody > tr > * { text-align: left; vertical-align: top; padding: .4rem .7rem; border-bottom: 1px solid var(--line); font-weight: 400; }
.matrix > tbody > tr > th { width: 38%; overflow-wrap: anywhere; }
.matrix .chip + .chip { margin-left: .2rem; }
.sort { border: 0; background: none; padding: .45rem .7rem; width: 100%; text-align: left; font-weight: 550; }
.sort::after { content: "↕"; color: var(--none); opacity: .5; margin-left: .35em; font-weight: 400; }
[aria-sort=ascending] .sort::after { content: "↑"; opacity: 1; color: var(--ink); } [aria-sort=descending] .sort::after { content: "↓"; opacity: 1; color: var(--ink); }
.name { border: 0; background: none; padding: 0 .2rem 0 1.15rem; margin: 0; text-align: left; position: relative; overflow-wrap: anywhere; }
.name::before { content: "›"; position: absolute; left: .15rem; top: -.05em; font-size: 1.15em; color: var(--soft); line-height: 1.3; }
.name[aria-expanded=true]::before { content: "⌄"; top: -.2em; left: 0; }
.name:hover { color: var(--link); }
.name + small { display: block; padding-left: 1.15rem; }
.verdict { white-space: nowrap; } .verdict small { display: block; }
.verdict .ok { color: var(--agrees); } .verdict .bad { color: var(--invalid); font-weight: 600; }
.nothing { color: var(--soft); padding: 1.5rem .7rem !important; }
.more { text-align: center; }
.detail > td { background: var(--faint); padding: .3rem .7rem 1rem 1.8rem !important; }
.details { display: grid; grid-template-columns: minmax(0, 1fr); gap: .7rem; }
.uri { margin: .4rem 0 0; color: var(--soft); }
.copy { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .55rem .8rem .7rem; min-width: 0; }
.copy h4 { margin: 0 0 .3rem; font-size: .95rem; font-weight: 600; }
.copy ul { margin: 0; padding-left: 1.2rem; }
.copy dl { margin: 0; display: grid; gap: .1rem; }
.copy dl > div { display: grid; grid-template-columns: 6.5rem 1fr; align-items: baseline; }
.copy dt { color: var(--soft); font-size: .86rem; }
.copy dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.copy dd code { display: block; }
.diff { width: 100%; margin-top: .6rem; font-size: .88rem; table-layout: fixed; border-top: 1px solid var(--line); }
.diff caption { text-align: left; color: var(--soft); padding: .4rem 0 .1rem; }
.diff th, .diff td { text-align: left; vertical-align: top; padding: .25rem .7rem .25rem 0; border-bottom: 1px solid var(--line); font-weight: 400; overflow-wrap: anywhere; }
.diff thead th { color: var(--soft); }
.diff tbody tr:last-child > * { border-bottom: 0; }
mark { background: var(--changed); color: inherit; border-radius: 2px; }
`

const NARROW = `
@media (max-width: 46rem) {
  main { padding: 1.2rem .9rem 3rem; }
  h1 { font-size: 1.4rem; }
  .facts > div { grid-template-columns: 1fr; margin-bottom: .3rem; }
  .legend { grid-template-columns: 1fr; }
  .hint { display: none; }
  .fields label, .fields button { flex: 1 1 9rem; }
  .matrix, .matrix > tbody, .matrix > tbody > tr, .matrix > tbody > tr > * { display: block; width: auto !important; }
  .matrix > thead { position: absolute; left: -999rem; }
  .matrix > tbody > tr { padding: .5rem .7rem; border-bottom: 1px solid var(--line); }
  .matrix > tbody > tr > * { border: 0; padding: .1rem 0; }
  .matrix > tbody > tr > td[data-label] { display: grid; grid-template-columns: 6.5rem 1fr; justify-items: start; align-items: baseline; }
  .matrix > tbody > tr > td[data-label]::before { content: attr(data-label); color: var(--soft); font-size: .86rem; }
  .matrix td.verdict small { grid-column: 2; }
  .matrix .chip + .chip { margin-left: 0; grid-column: 2; }
  .matrix .detail { background: var(--faint); padding: .2rem .5rem .8rem; }
  .matrix .detail > td { padding: 0 !important; }
  .copy dl > div { grid-template-columns: 1fr; margin-bottom: .25rem; }
  .diff, .diff caption, .diff tbody, .diff tr, .diff tr > * { display: block; }
  .diff thead { display: none; }
  .diff td[data-label]::before { content: attr(data-label) " "; color: var(--soft); font-size: .86rem; display: block; }
  .diff tr { border-bottom: 1px solid var(--line); padding: .3rem 0; }
  .diff tr > * { border: 0 !important; padding: .1rem 0 !important; }
}
`

const PAPER = `
@media print {
  :root { --bg: #fff; --panel: #fff; --faint: #fff; --ink: #000; --soft: #444; --line: #bbb; --agrees: #14603a; --equivalent: #0f5560; --drift: #84135a;
    --invalid: #9e1820; --absent: #6f4500; --unread: #4f2fa3; --none: #666; --drift-bg: none; --invalid-bg: none; --absent-bg: none; --unread-bg: none;
    --equivalent-bg: none; --bar-agrees: #4fae7d; --bar-equivalent: #4aa5b3; --bar-none: #c9cdd3; --changed: #ffe69a; }
  body { font-size: 9.5pt; }
  main { max-width: none; padding: 0; }
  .paper { display: block; } .paper ul { margin: 0; padding-left: 1.2rem; } .paper li { break-inside: avoid; }
  .summary { break-after: page; }
  .agreement { font-size: 8pt; } .agreement .bar { width: 25%; min-width: 4rem; } .agreement th, .agreement td { padding-right: .25rem; }
  .facts, .paper { font-size: 8.5pt; line-height: 1.35; } h1 { font-size: 15pt; } h2 { margin: .8rem 0 .3rem; }
  #heat-all, .copy-command, .skip, .filters, .status .hint, .more, .sort::after, .name::before { display: none; }
  .name, .name + small { padding-left: 0; }
  .sort { display: none; } /* a button in a repeated head stays empty */
  .matrix > thead th[data-label]::before { content: attr(data-label); }
  .matrix > thead th { padding: .3rem .7rem; }
  svg, rect, mark, .chip, .top { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  .chip { border: 1px solid currentColor; }
  .chip.m-agrees, .chip.m-none { border-color: transparent; }
  .matrix > thead th { position: static; }
  .scroll { overflow: visible; }
  .matrix > tbody > tr:not(.detail), .diff tr, .copy dl > div, .copy, .top { break-inside: avoid; }
  .detail { break-inside: auto; }
  h2, h4, thead { break-after: avoid; }
}
`

export const STYLE = `${COLOURS}${PAGE}${TABLES}${NARROW}${PAPER}`
