/** The next step of a rotation, from what the journal says and which key files are there. Every step can be done twice. Pure. */
import { NEXT } from '../keys/status.ts'
import type { JournalKey, JournalState } from './journal.ts'

export type Wanted = 'prepare' | 'activate' | 'auto'

export interface RotateRules {
  readonly wanted: Wanted
  /** Signs with a key that may not be public yet. */
  readonly unsafe: boolean
  /** There is a file of a region to write. */
  readonly publishes: boolean
  /** There are public URLs, which have to show a key before it signs. */
  readonly proves: boolean
  readonly validityMs: number
  readonly skewMs: number
}

/** Numbers of this journal's keys whose private key is in the key store. */
export type KeyFiles = ReadonlySet<number>

export type Step =
  /** Gives the next key its number. */
  | { readonly do: 'intend'; readonly n: number }
  /** Makes the file of an intended key. */
  | { readonly do: 'make'; readonly n: number }
  /** Takes the public key of the file into the journal. */
  | { readonly do: 'record'; readonly n: number }
  /** Writes the file of the region with it. */
  | { readonly do: 'publish'; readonly key: JournalKey }
  /** Reads every public URL. */
  | { readonly do: 'prove'; readonly key: JournalKey }
  | { readonly do: 'activate'; readonly key: JournalKey; readonly before: JournalKey | undefined }
  /** The validity is over: it counts for what it signed, and signs no more. */
  | { readonly do: 'retire'; readonly key: JournalKey }
  /** Removes the private key of one that never signs again. */
  | { readonly do: 'destroy'; readonly key: JournalKey }
  /** Nothing can be done before this time of the database. */
  | { readonly do: 'wait'; readonly key: JournalKey; readonly until: number }
  | { readonly do: 'refuse'; readonly why: Refusal; readonly n?: number }
  | { readonly do: 'nothing' }

/** `unpublished`: no public URL says that it may sign. `damaged`: its row cannot be read. `unprepared`: no key is on its way. */
export type Refusal = 'unpublished' | 'damaged' | 'unprepared'

/** @example nextStep(state, new Set(), { ...rules, wanted: 'auto' }) // { do: 'intend', n: 1 } */
export function nextStep(state: JournalState, files: KeyFiles, rules: RotateRules): Step {
  const { keys, damaged, now } = state
  const upkeep = rules.wanted === 'auto' ? upkeepOf(state, files, rules.skewMs) : undefined
  if (upkeep !== undefined) return upkeep
  // What is published leaves out a row that cannot be read: its key would be gone from the public set.
  const bad = damaged.find(({ status }) => rules.publishes || status === 'active' || NEXT.some((one) => one === status))
  if (bad !== undefined) return { do: 'refuse', why: 'damaged', n: bad.n }
  const next = keys.find(({ status }) => NEXT.includes(status))
  const active = keys.find(({ status }) => status === 'active')
  if (next !== undefined) return onItsWay(next, active, files, state, rules)
  if (rules.wanted === 'activate') return { do: 'refuse', why: 'unprepared' }
  const isDue = active === undefined || now >= halfWay(active, rules.validityMs)
  return rules.wanted === 'prepare' || isDue ? { do: 'intend', n: numberAfter(state, files) } : { do: 'nothing' }
}

function onItsWay(
  next: JournalKey,
  active: JournalKey | undefined,
  files: KeyFiles,
  { now }: JournalState,
  rules: RotateRules,
): Step {
  const { wanted, unsafe, publishes, proves } = rules
  if (next.status === 'intended') return { do: files.has(next.n) ? 'record' : 'make', n: next.n }
  if (next.status === 'prepared' && publishes) return { do: 'publish', key: next }
  const isReady = unsafe || (next.activates !== undefined && next.activates <= now)
  if (!isReady && next.activates === undefined && proves) {
    return { do: 'prove', key: next }
  }
  if (wanted === 'prepare') return { do: 'nothing' }
  if (isReady) return { do: 'activate', key: next, before: active }
  return next.activates === undefined
    ? { do: 'refuse', why: 'unpublished', n: next.n }
    : { do: 'wait', key: next, until: next.activates }
}

/** What is due whichever key signs. */
function upkeepOf({ keys, now }: JournalState, files: KeyFiles, skewMs: number): Step | undefined {
  const over = keys.find(({ status, retires }) => status === 'old' && retires !== undefined && now >= retires + skewMs)
  if (over !== undefined) return { do: 'retire', key: over }
  const left = keys.find((one) => neverSigns(one) && files.has(one.n))
  return left === undefined ? undefined : { do: 'destroy', key: left }
}

/** True for a key whose private half is of no use. @example neverSigns(key) // false */
export function neverSigns({ status }: JournalKey): boolean {
  return status === 'retired' || status === 'revoked'
}

/** When the key after this one is made: there is as long again to make it public. */
function halfWay({ activates, created }: JournalKey, validityMs: number): number {
  return (activates ?? created) + validityMs / 2
}

/** A number that no row and no file has. @example numberAfter(state, new Set([4])) // 5 */
export function numberAfter({ keys, damaged }: Pick<JournalState, 'keys' | 'damaged'>, files: KeyFiles): number {
  return Math.max(0, ...keys.map(({ n }) => n), ...damaged.map(({ n }) => n), ...files) + 1
}
