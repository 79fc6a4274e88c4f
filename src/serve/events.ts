/** Server-sent events of the live page (the HTML standard, section 9.2): one look for all who listen, and nobody who is slow keeps anything. */

import type { Live, LiveRow } from '../report/html/live.ts'
import { embeddedJson } from '../report/html/markup.ts'
import type { Answer, Ask } from '../service/route.ts'
import { plainRefusal } from '../service/route.ts'

export interface EventsOptions {
  look(): Promise<Live>
  /** Between two looks. */
  readonly everyMs: number
  /** Waits; rejects when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export interface Events {
  /** The answer of GET /v1/events. */
  answer(ask: Ask): Answer
  /** Ends all streams. */
  close(): void
}

const MOST_LISTENERS = 64
/** Who has so many events to read is sent away, and begins anew when it comes back. */
const MOST_WAITING = 20
/** Looks without a change until a line says that the connection lives. */
const SILENT_LOOKS = 15

interface Listener {
  readonly waiting: string[]
  wake(): void
  isOver: boolean
}

/** @example const events = liveEvents({ look, everyMs: 1000, sleep: pause }) */
export function liveEvents({ look, everyMs, sleep }: EventsOptions): Events {
  const listeners = new Set<Listener>()
  const end = new AbortController()
  let isLooking = false
  let last: Live = { verdicts: [] }

  const send = (listener: Listener, text: string): void => {
    if (listener.waiting.length >= MOST_WAITING) listener.isOver = true
    else listener.waiting.push(text)
    listener.wake()
  }

  /** Looks for as long as somebody listens. */
  async function watch(): Promise<void> {
    if (isLooking) return
    isLooking = true
    let silent = 0
    while (listeners.size > 0 && !end.signal.aborted) {
      const next = await look()
      const changed = changesOf(last, next)
      last = next
      silent = changed === undefined ? silent + 1 : 0
      const text = changed === undefined ? (silent % SILENT_LOOKS === 0 ? ': here\n\n' : '') : eventOf(changed)
      if (text !== '') for (const listener of listeners) send(listener, text)
      await sleep(everyMs, end.signal).catch(() => undefined)
    }
    isLooking = false
  }

  async function* stream(signal: AbortSignal): AsyncIterable<string> {
    let wake: (() => void) | undefined
    const listener: Listener = { waiting: [], isOver: false, wake: () => wake?.() }
    const over = (): void => {
      listener.isOver = true
      wake?.()
    }
    listeners.add(listener)
    signal.addEventListener('abort', over, { once: true })
    end.signal.addEventListener('abort', over, { once: true })
    try {
      // Whoever comes is told all, and then what changes.
      const now = await look()
      void watch()
      yield `retry: 3000\n\n${eventOf(now)}`
      while (!listener.isOver) {
        const text = listener.waiting.shift()
        if (text !== undefined) yield text
        else {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      }
    } finally {
      listeners.delete(listener)
      signal.removeEventListener('abort', over)
      end.signal.removeEventListener('abort', over)
    }
  }

  return {
    answer({ signal }) {
      if (listeners.size >= MOST_LISTENERS || end.signal.aborted) {
        const message = 'as many listen as may'
        return { ...plainRefusal({ status: 503, code: 'throttled', message }), headers: { 'retry-after': '10' } }
      }
      return { type: 'text/event-stream; charset=utf-8', body: stream(signal) }
    },
    close: () => end.abort(),
  }
}

/** Only what is new; undefined where nothing is. @example changesOf(before, after)?.rows */
export function changesOf(before: Live, after: Live): Partial<Live> | undefined {
  const known = new Map((before.rows ?? []).map((row) => [row.key, JSON.stringify(row)]))
  const rows = (after.rows ?? []).filter((row: LiveRow) => known.get(row.key) !== JSON.stringify(row))
  const hasVerdicts = JSON.stringify(before.verdicts) !== JSON.stringify(after.verdicts)
  if (rows.length === 0 && !hasVerdicts && before.trouble === after.trouble) return undefined
  return {
    ...(rows.length === 0 ? {} : { rows }),
    ...(hasVerdicts ? { verdicts: after.verdicts } : {}),
    ...(after.trouble === undefined ? {} : { trouble: after.trouble }),
  }
}

/** No line break can come into it: JSON spells them. */
function eventOf(live: Partial<Live>): string {
  return `event: live\ndata: ${embeddedJson(live)}\n\n`
}
