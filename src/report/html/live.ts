/** The live page of the service: what the source of truth has of each copy, and the last verdicts. A table without a script; with one it changes. Pure. */
import { createHash } from 'node:crypto'
import type { State } from '../../truth/states.ts'
import { type Markup, markup, trusted } from './markup.ts'
import { LIVE_SCRIPT } from './script.ts'
import { STYLE } from './style.ts'

/** What one copy is shown as. */
export interface LiveChip {
  readonly sign: string
  readonly word: string
  /** A class of the style. */
  readonly look: string
}

/** One artifact in one format, with a chip for each backend that owes or has a copy. */
export interface LiveRow {
  readonly key: string
  readonly artifact: string
  readonly format: string
  readonly chips: Readonly<Record<string, LiveChip>>
}

export interface LiveVerdict {
  readonly image: string
  readonly verdict: string
  readonly cached: boolean
  /** RFC 3339. */
  readonly at: string
}

export interface Live {
  /** Absent: no source of truth is named, or it is not shown. */
  readonly rows?: readonly LiveRow[]
  /** Why the rows may be old. */
  readonly trouble?: string
  readonly verdicts: readonly LiveVerdict[]
}

export interface LiveHead {
  readonly version: string
  readonly backends: readonly string[]
}

/** What a state looks like: the sign first, so that it is seen without a colour. */
export const LIVE_CHIPS: Readonly<Record<State | 'quarantined', LiveChip>> = {
  done: { sign: '=', word: 'stored', look: 'm-agrees' },
  pending: { sign: '…', word: 'pending', look: 'm-absent' },
  waiting: { sign: '…', word: 'waiting', look: 'm-absent' },
  held: { sign: '!', word: 'held', look: 'm-unread' },
  gone: { sign: '–', word: 'run is gone', look: 'm-none' },
  superseded: { sign: '–', word: 'superseded', look: 'm-none' },
  dropped: { sign: '–', word: 'dropped', look: 'm-none' },
  quarantined: { sign: '#', word: 'does not verify', look: 'm-invalid' },
}

/** For the header Content-Security-Policy: nothing is loaded, and only the events of this service are asked for. */
export function livePolicy(): string {
  const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  return [
    "default-src 'none'",
    `style-src ${hash(STYLE)}`,
    `script-src ${hash(LIVE_SCRIPT)}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ')
}

/** @example livePage({ version: '0.1.0', backends: ['oci'] }, { verdicts: [] }) // '<!doctype html>…' */
export function livePage({ version, backends }: LiveHead, { rows, trouble, verdicts }: Live): string {
  const columns = columnsOf(backends, rows ?? [])
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>prov serve</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<a class="skip" href="#copies">To the copies</a>
<main>
<header class="top ok">
<p class="brand">prov serve ${version}</p>
<h1>Copies and verdicts</h1>
<p class="lead">Reads ${backends.join(', ')}. <output id="live" aria-live="polite">${trouble ?? 'as it was when this page was loaded'}</output> <button type="button" id="pause" aria-pressed="false" hidden>Pause</button></p>
</header>
${rows === undefined ? noTruth() : copies(columns, rows)}
<section aria-labelledby="h-verdicts"><h2 id="h-verdicts">Last verdicts</h2>
<table class="matrix" aria-labelledby="h-verdicts"><thead><tr><th scope="col">Image</th><th scope="col">Verdict</th><th scope="col">When</th></tr></thead>
<tbody id="verdicts">${verdicts.map(verdictRow)}</tbody></table></section>
</main>
<script>${trusted(LIVE_SCRIPT)}</script>
</body>
</html>
`.markup
}

/** The backends of the service first, then others that the truth names. @example columnsOf(['oci'], rows) // ['oci', 'gcs'] */
export function columnsOf(backends: readonly string[], rows: readonly LiveRow[]): readonly string[] {
  const others = rows.flatMap(({ chips }) => Object.keys(chips))
  const named = backends.filter((name) => others.includes(name))
  return [...new Set([...named, ...others.toSorted()])]
}

function noTruth(): Markup {
  return markup`<section id="copies"><h2>Copies</h2><p>This service shows no source of truth: where the copies are is not known here.</p></section>`
}

function copies(columns: readonly string[], rows: readonly LiveRow[]): Markup {
  const cell = (name: string, chip: LiveChip | undefined): Markup =>
    markup`<td data-label="${name}" data-backend="${name}">${chip === undefined ? '' : chipOf(chip)}</td>`
  const row = ({ key, artifact, format, chips }: LiveRow): Markup =>
    markup`<tr data-key="${key}"><th scope="row"><a href="/v1/artifacts/${encodeURIComponent(artifact)}">${artifact}</a> <small>${format}</small></th>${columns.map((name) => cell(name, chips[name]))}</tr>
`
  return markup`<section aria-labelledby="h-copies"><h2 id="h-copies">Copies, as the source of truth has them</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="h-copies"><table class="matrix" id="copies" tabindex="-1"><thead><tr><th scope="col">Artifact</th>${columns.map((name) => markup`<th scope="col">${name}</th>`)}</tr></thead>
<tbody id="rows">
${rows.map(row)}</tbody></table></div></section>`
}

function chipOf({ sign, word, look }: LiveChip): Markup {
  return markup`<span class="chip ${look}"><b>${sign}</b> ${word}</span>`
}

function verdictRow({ image, verdict, cached, at }: LiveVerdict): Markup {
  return markup`<tr><th scope="row">${image}</th><td data-label="Verdict">${verdict}${cached ? ' (kept)' : ''}</td><td data-label="When"><time datetime="${at}">${at.slice(11, 19)} UTC</time></td></tr>
`
}
