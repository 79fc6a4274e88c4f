/** What the live page shows: copies as the truth has them, and the last verdicts. */
import { asProvError } from '../errors.ts'
import { within } from '../platform/async/deadline.ts'
import { timeText } from '../platform/text/time-text.ts'
import {
  LIVE_CHIPS,
  type Live,
  type LiveChip,
  type LiveHead,
  type LiveRow,
  type LiveVerdict,
  livePage,
  livePolicy,
} from '../report/html/live.ts'
import type { Answer } from '../service/route.ts'
import { type Delivery, SEAL, type Truth } from '../truth/truth.ts'
import type { KeyOutcome } from './judging.ts'

/** Deliveries that are looked at: some hundred artifacts. */
const MOST_DELIVERIES = 500
const MOST_ROWS = 100
const MOST_VERDICTS = 50

/** The most telling one of several places of a backend. */
const ORDER: readonly (keyof typeof LIVE_CHIPS)[] = [
  'quarantined',
  'held',
  'pending',
  'waiting',
  'done',
  'gone',
  'superseded',
  'dropped',
]

/** Newest first. @example rowsOf(deliveries)[0]?.chips['oci']?.sign // '=' */
export function rowsOf(deliveries: readonly Delivery[]): readonly LiveRow[] {
  const rows = new Map<string, { artifact: string; format: string; states: Map<string, keyof typeof LIVE_CHIPS> }>()
  for (const { uri, format, target, state, entryState } of deliveries) {
    if (target === SEAL) continue
    const key = `${uri} ${format}`
    const row = rows.get(key) ?? { artifact: uri, format, states: new Map() }
    rows.set(key, row)
    const next = entryState === 'quarantined' ? 'quarantined' : state
    const known = row.states.get(target)
    if (known === undefined || ORDER.indexOf(next) < ORDER.indexOf(known)) row.states.set(target, next)
  }
  return [...rows].slice(0, MOST_ROWS).map(([key, { artifact, format, states }]) => {
    const chips: Record<string, LiveChip> = {}
    for (const [target, state] of states) chips[target] = LIVE_CHIPS[state]
    return { key, artifact, format, chips }
  })
}

export interface LiveSource {
  /** Absent: no source of truth is named, or it is not shown. */
  readonly truth?: (signal: AbortSignal) => Promise<Truth>
  readonly verdicts: LastVerdicts
  /** Longest time of one look, in milliseconds. */
  readonly deadlineMs: number
}

const NEVER = new AbortController().signal

/** Never throws: what keeps the truth from being read is in `trouble`. @example (await lookAt(source)).rows */
export async function lookAt({ truth, verdicts, deadlineMs }: LiveSource): Promise<Live> {
  if (truth === undefined) return { verdicts: verdicts.list() }
  try {
    const deliveries = await within(
      async (signal) => (await truth(signal)).list({ newest: true, limit: MOST_DELIVERIES }),
      { signal: NEVER },
      deadlineMs,
    )
    return { rows: rowsOf(deliveries), verdicts: verdicts.list() }
  } catch (thrown) {
    const { code } = asProvError(thrown)
    return { rows: [], trouble: `the source of truth does not answer (${code})`, verdicts: verdicts.list() }
  }
}

/** @example await answerPage(head, source) */
export async function answerPage(head: LiveHead, source: LiveSource): Promise<Answer> {
  return {
    type: 'text/html; charset=utf-8',
    headers: { 'content-security-policy': livePolicy(), 'referrer-policy': 'no-referrer' },
    body: livePage(head, await lookAt(source)),
  }
}

/** The last verdicts, newest first; bounded. */
export interface LastVerdicts {
  add(outcome: KeyOutcome, at: number): void
  list(): readonly LiveVerdict[]
}

/** @example const last = lastVerdicts(); last.add(outcome, Date.now()) */
export function lastVerdicts(): LastVerdicts {
  const kept: (Omit<LiveVerdict, 'at'> & { readonly at: number })[] = []
  return {
    add(outcome, at) {
      if (outcome.judged === undefined) return
      const { verdict, cached } = outcome.judged
      kept.push({ image: outcome.image, verdict, cached, at })
      if (kept.length > 2 * MOST_VERDICTS) kept.splice(0, MOST_VERDICTS)
    },
    list: () =>
      kept
        .slice(-MOST_VERDICTS)
        .map((one) => ({ ...one, at: timeText(one.at) }))
        .reverse(),
  }
}
