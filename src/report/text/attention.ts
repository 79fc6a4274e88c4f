/** What `prov verify` prints by default: what has to be known. Gathered artifact by artifact, with little memory for what is well. */

import type { ErrorJson } from '../../errors.ts'
import { columnsOf } from '../../platform/text/columns.ts'
import { escapeControl } from '../../platform/text/escape-control.ts'
import { shortDigests } from '../../platform/text/shorten.ts'
import { wrap } from '../../platform/text/wrap.ts'
import type { TrustSummary } from '../../trust/trust.ts'
import type { Demands } from '../../verify/verdict.ts'
import type { VerifiedArtifact } from '../../verify/verify.ts'
import { NO_TOTALS, type Totals, withArtifact } from '../forms/form.ts'
import { told } from '../forms/told.ts'
import { attentionTable, type Case, coloured } from './attention-table.ts'
import { keySourceTexts } from './key-source.ts'
import { gravestMark, reasonOf } from './reasons.ts'
import { isUnchecked, type Layout } from './verify-text.ts'

export interface AttentionHead {
  readonly backends: readonly string[]
  readonly trust: Omit<TrustSummary, 'hash'>
  readonly demands: Demands
  /** Runs were at hand, and what the copies say of them was computed again. */
  readonly atHand: boolean
  /** Names, digests and locations in full. */
  readonly wide: boolean
}

export interface AttentionEnd {
  readonly exit: number
  /** Lines that stand above the totals: another key, what was stopped. */
  readonly notes: readonly string[]
}

export interface Attention {
  add(one: VerifiedArtifact): void
  readonly totals: Totals
  text(end: AttentionEnd, layout: Layout): string
}

/** No more than so many are kept: the rest is counted. */
const MOST_KEPT = 2000

/** @example const seen = attentionOf(head); seen.add(one); seen.text({ exit: 0, notes: [] }, layout) // '✓ 1 artifact: all copies agree …' */
export function attentionOf(head: AttentionHead): Attention {
  const cases: Case[] = []
  let [totals, bad, unchecked, forgiven] = [NO_TOTALS, 0, 0, 0]
  return {
    add(one) {
      if (isUnchecked(one)) {
        unchecked++
        return
      }
      totals = withArtifact(totals, one)
      if (one.exit === 0) {
        if (one.rows.some(({ error }) => error !== undefined)) forgiven++
        return
      }
      bad++
      if (cases.length < MOST_KEPT) cases.push(caseOf(one, head))
    },
    get totals() {
      return totals
    },
    text({ exit, notes }, layout) {
      const checked = totals.artifacts
      const lines = [
        ...headline({ checked, bad, exit, forgiven }, head, layout),
        ...attentionTable(cases, bad, head.backends, layout),
        ...wellText(checked - bad, bad, forgiven).map((line) => coloured(line, 'green', layout)),
        ...[...notes, ...(unchecked === 0 ? [] : [stopped(checked, unchecked)])].flatMap((note) =>
          wrap(escapeControl(note), layout.width),
        ),
        ...totalsLines(totals, exit, layout),
        ...wrap(checksText(head), layout.width),
      ]
      return `${lines.join('\n')}\n`
    },
  }
}

function stopped(checked: number, unchecked: number): string {
  return `stopped: ${checked} checked, ${checked + unchecked} found, ${unchecked} not checked`
}

function caseOf(one: VerifiedArtifact, { backends, wide }: AttentionHead): Case {
  const full = escapeControl(fullName(one))
  return {
    full,
    name: wide ? full : escapeControl(shortName(one)),
    marks: backends.map((name) => gravestMark(one.rows.filter((row) => row.backend === name).map(({ mark }) => mark))),
    reason: escapeControl(reasonOf(one, wide)),
    more: wide ? wideLines(one) : [],
  }
}

function fullName({ artifact, type, kind }: VerifiedArtifact): string {
  return type === 'image' ? `${artifact} ${kind === 'raw' ? 'signature' : 'attestation'}` : artifact
}

/** Without the kind and the uid of a run: its namespace and name are how it is known. */
function shortName(one: VerifiedArtifact): string {
  const full = fullName(one)
  if (one.type !== 'run') return shortDigests(full)
  return /^\w+ (\S+) \([^)]*\)$/.exec(full)?.[1] ?? full
}

/** Every copy that counts, in full. */
function wideLines(one: VerifiedArtifact): readonly string[] {
  const { rows, strangers } = told(one)
  const said = ({ code, message, hint }: ErrorJson): string =>
    `${code}: ${message}${hint === undefined ? '' : ` (${hint})`}`
  return [
    ...rows.flatMap(({ row, counts }) =>
      counts === undefined ? [] : [`${row.mark} ${row.backend} ${row.location ?? row.slot ?? ''}: ${said(counts)}`],
    ),
    ...strangers.flatMap(({ stranger, counts }) =>
      counts ? [`${stranger.backend} ${stranger.location}: ${said(stranger)}`] : [],
    ),
  ].map(escapeControl)
}

function headline(
  { checked, bad, exit, forgiven }: Readonly<Record<'checked' | 'bad' | 'exit' | 'forgiven', number>>,
  { trust, wide }: AttentionHead,
  layout: Layout,
): readonly string[] {
  const what =
    bad > 0
      ? `✗ ${bad} of ${plural(checked, 'artifact')} need${bad === 1 ? 's' : ''} attention`
      : checked === 0
        ? '✗ nothing was verified'
        : exit === 0
          ? `✓ ${plural(checked, 'artifact')}: ${forgiven === 0 ? 'all copies agree' : 'all that is required agrees'}`
          : `✗ ${plural(checked, 'artifact')}: all copies found agree, but not everything was checked`
  const colour = what.startsWith('✓') ? 'green' : 'red'
  return apart(what, escapeControl(signersText(trust, wide)), layout, colour)
}

/** Keys first, then whoever signs with a certificate. */
function signersText({ keyids, identities = [] }: AttentionHead['trust'], wide: boolean): string {
  const names = [...keyids.map((id) => (wide ? id : shortDigests(id))), ...identities.map(({ identity }) => identity)]
  const shown = wide ? names : names.slice(0, 2)
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : ''
  const word = identities.length === 0 ? 'key' : 'signer'
  return `${word}${names.length === 1 ? '' : 's'} ${shown.join(', ')}${more}`
}

/** Two texts at both ends of a line, or on two lines. */
function apart(left: string, right: string, layout: Layout, colour?: 'green' | 'red'): readonly string[] {
  const width = layout.width ?? 80
  const room = width - columnsOf(left) - columnsOf(right)
  const tinted = colour === undefined ? left : coloured(left, colour, layout)
  if (room < 2 && layout.width !== undefined)
    return [...wrap(left, layout.width).map((line) => coloured(line, colour, layout)), ...wrap(right, layout.width)]
  return [`${tinted}${' '.repeat(Math.max(6, room))}${right}`]
}

function wellText(well: number, bad: number, forgiven: number): readonly string[] {
  const agree = well - forgiven
  const more = bad === 0 ? '' : ' more'
  const allowed =
    forgiven === 0 ? [] : [`✓ ${forgiven}${more}: enough copies agree; what is missing or not readable is allowed`]
  if (bad === 0) return allowed
  return [...(agree === 0 ? [] : [`✓ ${agree} more: all copies agree`]), ...allowed]
}

/** How many copies came to what; what a backend does not keep is not a copy. */
function totalsLines({ marks, strangers }: Totals, exit: number, layout: Layout): readonly string[] {
  const counts: readonly (readonly [number, string])[] = [
    [marks['='] + marks['~'], 'agree'],
    [marks['*'], 'differ'],
    [marks['#'], 'invalid'],
    [marks['+'], 'missing'],
    [marks['!'], 'unreadable'],
    [strangers, 'foreign'],
  ]
  const said = counts.flatMap(([n, word]) => (n === 0 ? [] : [`${n} ${word}`]))
  const left = said.length === 0 ? 'no copies' : said.join(' · ')
  const right = `exit ${exit}`
  const room = (layout.width ?? Number.POSITIVE_INFINITY) - left.length - right.length
  return room < 2 ? [...wrap(left, layout.width), right] : [`${left}${' '.repeat(Math.min(6, room))}${right}`]
}

/** Which checks were made. @example checksText(head) // 'checked: signatures by 1 trusted key · required: tekton, oci · …' */
export function checksText({ backends, trust, demands, atHand }: AttentionHead): string {
  const { require, optional, strict } = demands
  const required = backends.filter((name) => !optional.includes(name))
  const parts = [
    `signatures by ${trustedText(trust)}`,
    ...keySourceTexts(trust),
    require === undefined ? `required: ${required.join(', ')}` : `required: ${require} of ${backends.length} backends`,
    ...(optional.length === 0 ? [] : [`optional: ${optional.join(', ')}`]),
    ...(strict ? ['foreign signatures count'] : []),
    atHand ? 'subjects recomputed from the run' : 'subjects as the copies state them',
  ]
  return `checked: ${parts.join(' · ')}`
}

function trustedText({ keyids, identities = [], root, threshold }: AttentionHead['trust']): string {
  const who = [
    ...(keyids.length === 0 ? [] : [plural(keyids.length, 'trusted key')]),
    ...(identities.length === 0
      ? []
      : [`${identities.length} trusted identit${identities.length === 1 ? 'y' : 'ies'}`]),
  ]
  const signers = threshold === undefined ? '' : `, ${threshold} of them`
  return `${who.join(' and ')}${signers}${root === undefined ? '' : ' · proofs by the trusted root'}`
}

function plural(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
