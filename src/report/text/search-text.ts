/** What was found by a search: a block an entry, and how complete the answer is. */
import type { ErrorJson } from '../../errors.ts'
import { timeText } from '../../platform/text/time-text.ts'
import type { Hit, Impact, KnownCopy, Shares, Standing } from '../../truth/search-port.ts'
import { errorLine, type Layout, page } from './verify-text.ts'

/** An entry as --json prints it. What the truth knows of it is absent where no truth was asked. */
export interface ShownHit {
  readonly seq: number
  readonly artifact: string
  readonly format: string
  readonly entry: string
  readonly keyids: readonly string[]
  readonly source: Hit['source']
  /** `absent`: the index has it, and the truth does not. */
  readonly state?: Standing['state'] | 'absent'
  readonly reason?: ErrorJson
  readonly supersedes?: number
  /** RFC 3339. */
  readonly committed?: string
  readonly copies?: readonly KnownCopy[]
}

/** @example shownHit(hit, undefined).artifact // 'prov:taskrun/b0a4c3c0-…' */
export function shownHit(hit: Hit, known: ReadonlyMap<number, Standing> | undefined): ShownHit {
  const { seq, uri: artifact, format, id: entry, keyids, source } = hit
  const base = { seq, artifact, format, entry, keyids, source }
  if (known === undefined) return base
  const one = known.get(seq)
  if (one === undefined) return { ...base, state: 'absent', copies: [] }
  const { state, reason, supersedes, created, copies } = one
  return {
    ...base,
    state,
    ...(reason === undefined ? {} : { reason }),
    supersedes,
    committed: timeText(created),
    copies,
  }
}

/** @example hitText(hit, layout) // '17 prov:taskrun/b0a4c3c0-… slsa/v1\n  entry dsse:sha256:…\n  key SHA256:…\n  oci done …\n' */
export function hitText(hit: ShownHit, layout: Layout): string {
  const { seq, artifact, format, entry, keyids, source, state, reason, supersedes = 0, committed, copies } = hit
  const facts = [
    ...(source === 'imported' ? ['imported'] : []),
    ...(state === undefined || state === 'good' ? [] : [state === 'absent' ? 'no longer in the truth' : state]),
    ...(supersedes === 0 ? [] : [`supersedes ${supersedes}`]),
  ]
  const lines = [
    `${seq} ${artifact} ${format}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`,
    ...(reason === undefined ? [] : [`  ${errorLine(reason)}`]),
    `  entry ${entry}`,
    ...keyids.filter((id) => !/^[0-9a-f]{64}$/.test(id)).map((id) => `  key ${id}`),
    ...(committed === undefined ? [] : [`  committed ${committed.slice(0, 19)}Z`]),
    ...(copies ?? []).flatMap(copyLines),
    ...(copies?.length === 0 && state !== 'absent' ? ['  no copy is known'] : []),
  ]
  return page(lines, layout)
}

function copyLines({ target, slotKey, state, location, required, host, error }: KnownCopy): readonly string[] {
  const facts = [...(required ? [] : ['optional']), ...(host === undefined ? [] : [`only on ${host}`])]
  const more = facts.length === 0 ? '' : ` (${facts.join(', ')})`
  const line = `  ${target} ${state} ${location ?? slotKey}${more}`
  return error === undefined || state === 'done' ? [line] : [line, `    ${errorLine(error)}`]
}

export interface ShownSummary {
  readonly source: 'truth' | 'index'
  readonly found: number
  readonly more: boolean
  readonly complete: boolean
  readonly upTo?: { readonly seq: number }
  readonly why?: string
  readonly copies: 'not asked' | 'as the truth has them'
}

/** @example summaryText(summary, layout) // '3 entries; complete up to entry 1234\n' */
export function summaryText(
  { source, found, more, complete, upTo, why, copies }: ShownSummary,
  layout: Layout,
): string {
  const what =
    found === 0
      ? 'nothing was found'
      : `${found} ${found === 1 ? 'entry' : 'entries'}${more ? ', and there are more' : ''}`
  const lines = [
    `${what}; ${reachOf(complete, upTo)} (${source})`,
    ...(why === undefined ? [] : [why]),
    ...(copies === 'not asked' && found > 0 ? ['where the copies are was not asked: no --truth'] : []),
  ]
  return page(lines, layout)
}

function reachOf(complete: boolean, upTo: { readonly seq: number } | undefined): string {
  if (!complete) return 'the answer may lack some'
  return upTo === undefined ? 'complete' : `complete up to entry ${upTo.seq}`
}

/** What --impact prints with --json. */
export interface ShownImpact extends Omit<Impact, 'since' | 'until' | 'whole'> {
  readonly complete: boolean
  /** RFC 3339: when the first and the last of them were committed. */
  readonly since?: string
  readonly until?: string
  /** Sentences: what the numbers do not say. */
  readonly notKnown: readonly string[]
}

/** @example shownImpact(await truth.impact(terms, 100)).notKnown[0] */
export function shownImpact({ since, until, whole, ...rest }: Impact): ShownImpact {
  return {
    ...rest,
    complete: whole,
    ...(since === undefined ? {} : { since: timeText(since) }),
    ...(until === undefined ? {} : { until: timeText(until) }),
    notKnown: notKnown(rest.unknown, whole),
  }
}

function notKnown({ superseded, pruned, refused, long }: Impact['unknown'], whole: boolean): readonly string[] {
  const some = (n: number, one: string, many: string): readonly string[] =>
    n === 0 ? [] : [n === 1 ? `1 ${one}` : `${n} ${many}`]
  return [
    ...(whole ? [] : ['entries of an older prov that have no search terms yet (prov truth migrate)']),
    ...some(
      superseded,
      'entry that was superseded by another signature',
      'entries that were superseded by other signatures',
    ),
    ...some(pruned, 'entry that was pruned', 'entries that were pruned'),
    ...some(refused, 'item of a backend that was refused', 'items of backends that were refused'),
    ...some(long, 'entry found with a name too long to be listed', 'entries found with a name too long to be listed'),
    'signatures that no key or identity verified when the entry was committed',
    'what lies in the backends and was never committed or imported',
    'whether the copies are still there: the truth says how they were left',
  ]
}

/** @example impactText(found, layout) // '12 entries, 9 artifacts, …' */
export function impactText(found: ShownImpact, layout: Layout): string {
  const { entries, quarantined, imported, artifacts, runs, builders, places, since, until, complete, upTo } = found
  const odd = [
    ...(quarantined === 0 ? [] : [`${quarantined} quarantined`]),
    ...(imported === 0 ? [] : [`${imported} imported`]),
  ]
  const lines = [
    entries === 0
      ? 'nothing was found'
      : `${counted(entries, 'entry', 'entries')}${odd.length === 0 ? '' : ` (${odd.join(', ')})`}: ` +
        `${counted(artifacts.total, 'artifact', 'artifacts')}, ${counted(runs.total, 'run', 'runs')}, ${counted(builders.total, 'builder', 'builders')}`,
    ...(since === undefined || until === undefined
      ? []
      : [`committed from ${since.slice(0, 19)}Z to ${until.slice(0, 19)}Z`]),
    ...sharesLines('builder', builders),
    ...sharesLines('artifact', artifacts),
    ...sharesLines('run', runs),
    ...places.map(({ target, state, copies }) => `copies in ${target}: ${copies} ${state}`),
    `${reachOf(complete, upTo)}; not counted:`,
    ...found.notKnown.map((line) => `  ${line}`),
  ]
  return page(lines, layout)
}

function counted(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`
}

function sharesLines(what: string, { total, first }: Shares): readonly string[] {
  const rest = total - first.length
  return [
    ...first.map(({ name, entries }) => `${what} ${name} (${counted(entries, 'entry', 'entries')})`),
    ...(rest <= 0 ? [] : [`and ${rest} more ${what}s`]),
  ]
}
