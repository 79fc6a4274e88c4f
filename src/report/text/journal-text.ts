/** Prints the keys of a journal: one line each, and below it what is to be known of it. Pure. */
import type { EventFacts, JournalState } from '../../keysets/journal.ts'
import { timeText } from '../../platform/text/time-text.ts'

const STATUS_WIDTH = 'published'.length

/** @example keyLines(state) // ['1 active    NzbLsXh8…', '  signs since 2026-11-01T12:00:00.000Z'] */
export function keyLines({ keys }: Pick<JournalState, 'keys'>): readonly string[] {
  if (keys.length === 0) return ['no key yet']
  const width = Math.max(...keys.map(({ n }) => String(n).length))
  return keys.flatMap(({ n, status, key, activates, ended, retires, revoked }) => {
    const begun = status === 'active' || ended !== undefined ? 'signs since' : 'may sign from'
    const times = [
      ...(activates === undefined ? [] : [`${begun} ${timeText(activates)}`]),
      ...(ended === undefined ? [] : [`until ${timeText(ended)}`]),
      ...(retires === undefined || status === 'revoked' ? [] : [`validity ends ${timeText(retires)}`]),
      ...(revoked === undefined ? [] : [`not to be trusted since ${timeText(revoked.since)}: ${revoked.reason}`]),
    ]
    const line = `${String(n).padStart(width)} ${status.padEnd(STATUS_WIDTH)} ${key?.kid ?? 'not made yet'}`
    return [line, ...(times.length === 0 ? [] : [`${' '.repeat(width)}   ${times.join(', ')}`])]
  })
}

interface ShownEvent {
  readonly change: number
  readonly at: string
  readonly who: string
  readonly what: EventFacts
}

/** @example eventLine({ change: 2, at: '2026-11-01T12:00:00.000Z', who: 'ci', what: { did: 'intend', n: 1 } }) */
export function eventLine({ change, at, who, what }: ShownEvent): string {
  const { did, ...rest } = what
  const facts = Object.entries(rest).map(([name, value]) => `${name} ${String(value)}`)
  return `change ${change} ${at} ${who}: ${[did, ...facts].join(', ')}`
}
