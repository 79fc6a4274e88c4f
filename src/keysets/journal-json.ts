/** A journal as JSON: what `prov keys journal --json` prints, `keys.journal-file` keeps and `prov keys import` reads. Pure. */
import { ProvError } from '../errors.ts'
import { isKeyStatus, type KeyStatus } from '../keys/status.ts'
import { arrayIn, recordIn, textIn } from '../platform/text/guards.ts'
import { parseJson } from '../platform/text/strict-json.ts'
import { timeText } from '../platform/text/time-text.ts'
import type { JournalKey, JournalName, JournalState } from './journal.ts'

/** A key of a journal. Times are RFC 3339, UTC; see JournalKey for what each means. */
export interface KeyJson {
  readonly n: number
  readonly status: KeyStatus
  readonly created: string
  readonly kid?: string
  readonly alg?: string
  /** base64 of the SubjectPublicKeyInfo. */
  readonly spki?: string
  readonly published?: string
  readonly activates?: string
  readonly ended?: string
  readonly retires?: string
  readonly revoked?: { readonly since: string; readonly reason: string }
}

export interface JournalJson {
  readonly journal: JournalName
  /** Counts the changes. */
  readonly changes: number
  readonly keys: readonly KeyJson[]
}

const TIMES = ['published', 'activates', 'ended', 'retires'] as const

/** @example journalJson(state).keys[0]?.status // 'active' */
export function journalJson({ id, name, version, keys }: JournalState): JournalJson {
  return { journal: { id, name }, changes: version, keys: keys.map(keyJson) }
}

/**
 * The same with what the file of before says of rows that the database cannot read any more: they are brought back from it. A revocation is the
 * database's to say.
 *
 * @example journalJsonKeeping(state, before).keys.length
 */
export function journalJsonKeeping(state: JournalState, before: Spelled | undefined): JournalJson {
  const now = journalJson(state)
  if (before?.journal.id !== state.id) return now
  const kept = state.damaged.flatMap(({ n, status, revoked }): readonly KeyJson[] => {
    const key = before.keys.find((one) => one.n === n)
    if (key === undefined) return []
    if (status !== 'revoked' || revoked === undefined) return [key]
    return [{ ...key, status, revoked: { since: timeText(revoked.since), reason: revoked.reason } }]
  })
  return { ...now, keys: [...now.keys, ...kept].toSorted((a, b) => a.n - b.n) }
}

function keyJson(one: JournalKey): KeyJson {
  const { n, status, created, key, revoked } = one
  const times = TIMES.flatMap((name) => {
    const time = one[name]
    return time === undefined ? [] : [[name, timeText(time)] as const]
  })
  return {
    n,
    status,
    created: timeText(created),
    ...(key === undefined ? {} : { kid: key.kid, alg: key.alg, spki: Buffer.from(key.spki).toString('base64') }),
    ...Object.fromEntries(times),
    ...(revoked === undefined ? {} : { revoked: { since: timeText(revoked.since), reason: revoked.reason } }),
  }
}

/** A key as a journal's file has it; whether its kid fits is for whoever takes it in. */
export interface ReadKey extends Omit<JournalKey, 'key'> {
  readonly spki?: Uint8Array
}

/**
 * Reads the file of a journal. Throws `input_invalid` for what is not such a file.
 *
 * @example readJournal('journal.json', text).keys.length
 */
export function readJournal(
  file: string,
  text: string,
): { readonly journal: JournalName; readonly keys: readonly ReadKey[] } {
  const value = recordIn(parseJson(file, text))
  const refuse = (why: string): never => {
    throw new ProvError('input_invalid', `${file} is not the file of a key journal: ${why}`, {
      location: file,
      hint: 'prov keys journal --json writes one, and so does keys.journal-file',
    })
  }
  const { id, name } = recordIn(value['journal'])
  if (typeof id !== 'string' || !UUID.test(id)) return refuse('it names no journal')
  const keys = arrayIn(value['keys']).map((one, at): ReadKey => {
    const row = recordIn(one)
    const [n, status] = [row['n'], textIn(row['status']) ?? '']
    if (typeof n !== 'number' || !Number.isInteger(n) || n < 1 || n > 1_000_000)
      return refuse(`key ${at + 1} has no number`)
    if (!isKeyStatus(status)) return refuse(`key ${at + 1} has no status that prov knows`)
    const time = (text: unknown, what: string): number => {
      const ms = typeof text === 'string' ? Date.parse(text) : Number.NaN
      return Number.isNaN(ms) ? refuse(`${what} of key ${at + 1} is not a time`) : ms
    }
    const spki = textIn(row['spki'])
    const times = TIMES.flatMap((what) => (row[what] === undefined ? [] : [[what, time(row[what], what)] as const]))
    const { since, reason } = recordIn(row['revoked'])
    return {
      n,
      status,
      created: time(row['created'], 'created'),
      ...(spki === undefined ? {} : { spki: Buffer.from(spki, 'base64') }),
      ...Object.fromEntries(times),
      ...(status === 'revoked' ? { revoked: { since: time(since, 'revoked.since'), reason: String(reason) } } : {}),
    }
  })
  return { journal: { id, name: textIn(name) ?? id }, keys }
}

/** Keys as the file of a journal spells them. */
export type Spelled = Pick<JournalJson, 'journal' | 'keys'>

/** What the file says, as it spells it; undefined for what {@link readJournal} refuses. @example spelledIn('journal.json', text)?.keys[0]?.kid */
export function spelledIn(file: string, text: string): Spelled | undefined {
  try {
    const { journal } = readJournal(file, text)
    return { journal, keys: arrayIn(recordIn(parseJson(file, text))['keys']) as readonly KeyJson[] }
  } catch (thrown) {
    if (thrown instanceof ProvError && thrown.code === 'input_invalid') return undefined
    throw thrown
  }
}

export const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/
