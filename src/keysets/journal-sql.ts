/** Key journals in the database of a truth: every change is a compare-and-swap on the journal's version, with its event, in one transaction. */
import { ProvError } from '../errors.ts'
import { recordIn } from '../platform/text/guards.ts'
import { jsonOf, numberOf, textOf } from '../truth/rows.ts'
import type { Database, Dialect, Query, Row, SqlValue } from '../truth/sql.ts'
import {
  DEEDS,
  type EventFacts,
  type JournalChange,
  type JournalEvent,
  type JournalKey,
  type JournalName,
  type Journals,
  type RowChange,
  type TimeOfChange,
} from './journal.ts'
import { COLUMNS, keyOfRow } from './journal-rows.ts'

/** No journal has more rows: a key a day for 27 years. */
const MOST_ROWS = 10_000

/** @example const journals = journalsIn(await openDatabase(place, { make: false })) */
export function journalsIn(db: Database): Journals {
  const { query, dialect } = db
  return {
    holding: (kids) => holding(db, kids),
    create: ({ id, name }, who) => create(db, { id, name }, who),
    async read(id) {
      // In one statement: rows of a later version than the journal's would be changed by somebody who has not seen them.
      const rows = await query(
        `SELECT j.name, j.version, j.changed, ${dialect.now} AS now, ${COLUMNS} FROM journal j LEFT JOIN journal_key k ON k.journal = j.id
         WHERE j.id = $1 ORDER BY n LIMIT ${MOST_ROWS + 1}`,
        [id],
      )
      const [head] = rows
      if (head === undefined) return undefined
      if (rows.length > MOST_ROWS) throw new ProvError('limit_exceeded', `the journal has over ${MOST_ROWS} keys`)
      const read = await Promise.all(rows.filter(({ n }) => n !== null).map(keyOfRow))
      return {
        id,
        name: textOf(head, 'name') ?? '',
        version: numberOf(head, 'version'),
        changed: numberOf(head, 'changed'),
        now: numberOf(head, 'now'),
        keys: read.filter((one): one is JournalKey => !('why' in one)),
        damaged: read.filter((one) => 'why' in one),
      }
    },
    async active(id) {
      const [row] = await query(`SELECT ${COLUMNS} FROM journal_key WHERE journal = $1 AND status = 'active'`, [id])
      const read = row === undefined ? undefined : await keyOfRow(row)
      return read === undefined || 'why' in read ? undefined : read
    },
    change: ({ id, version }, wanted, who) => {
      const swap = { id, version, who, what: JSON.stringify(wanted.what) }
      const alone = dialect.takesSeveral ? onlyUpdate(wanted) : undefined
      if (alone !== undefined) return updateAtOnce(db, swap, alone)
      return db.transaction(async (inside) => {
        const at = await swapped(inside, db, swap)
        if (at === undefined) return false
        await Promise.all(writes(id, wanted, at, version).map(([text, values]) => inside(text, values)))
        return true
      })
    },
    events: (id, limit) => events(query, id, limit),
    close: () => db.close(),
  }
}

interface Swap {
  readonly id: string
  readonly version: number
  readonly who: string
  /** JSON. */
  readonly what: string
}

const TOLD = 'INSERT INTO journal_event(journal, version, at, who, what)'

function swapText({ now }: Dialect): string {
  return `UPDATE journal SET version = version + 1, changed = ${now} WHERE id = $1 AND version = $2 RETURNING changed`
}

/** The swap and its event as the beginning of one statement, with the values $1 to $4: over a network each answer costs more than what it answers. */
function swapAtOnce(dialect: Dialect): string {
  return `WITH swap AS (${swapText(dialect)}), told AS (${TOLD} SELECT $1, $2 + 1, changed, $3, $4 FROM swap)`
}

/** The journal at its next version, with the event of that; gives when. Undefined where somebody else was first. */
async function swapped(
  query: Query,
  { dialect }: Database,
  { id, version, who, what }: Swap,
): Promise<number | undefined> {
  if (dialect.takesSeveral) {
    const [row] = await query(`${swapAtOnce(dialect)} SELECT changed FROM swap`, [id, version, who, what])
    return row === undefined ? undefined : numberOf(row, 'changed')
  }
  const [row] = await query(swapText(dialect), [id, version])
  if (row === undefined) return undefined
  const at = numberOf(row, 'changed')
  await query(`${TOLD} VALUES ($1, $2, $3, $4, $5)`, [id, version + 1, at, who, what])
  return at
}

/** The one row that a change is about, as most steps are; undefined for any other. */
function onlyUpdate({ insert = [], update = [], remove = [], forgetBefore }: JournalChange): RowChange | undefined {
  const isAlone = update.length === 1 && insert.length === 0 && remove.length === 0 && forgetBefore === undefined
  return isAlone ? update[0] : undefined
}

/** Swap, event and row in one statement; false where somebody else was first. */
async function updateAtOnce(
  { query, dialect }: Database,
  { id, version, who, what }: Swap,
  change: RowChange,
): Promise<boolean> {
  const values: SqlValue[] = [id, version, who, what, change.n]
  const put = (value: SqlValue): string => `$${values.push(value)}`
  const sets = Object.entries(columnsOf(change, 0)).map(([name, value]) => {
    const time = change[name as keyof RowChange]
    const isLater = typeof time === 'object' && time !== null && 'after' in time
    return `${name} = ${isLater ? 'swap.changed + ' : ''}${put(value)}`
  })
  const row = `UPDATE journal_key SET ${sets.join(', ')} FROM swap WHERE journal = $1 AND n = $5`
  const rows = await query(`${swapAtOnce(dialect)}, one AS (${row}) SELECT changed FROM swap`, values)
  return rows.length > 0
}

async function holding({ query, dialect }: Database, kids: readonly string[]): Promise<readonly JournalName[]> {
  const rows = await query(
    `SELECT DISTINCT j.id, j.name FROM journal j JOIN journal_key k ON k.journal = j.id WHERE k.kid IN ${dialect.texts('$1')} ORDER BY j.id`,
    [JSON.stringify(kids)],
  )
  return rows.map((row) => ({ id: String(row['id']), name: String(row['name']) }))
}

function create({ transaction, dialect }: Database, { id, name }: JournalName, who: string): Promise<boolean> {
  return transaction(async (query) => {
    const made = await query(
      `INSERT INTO journal(id, name, version, changed) VALUES ($1, $2, 1, ${dialect.now}) ON CONFLICT (id) DO NOTHING RETURNING changed`,
      [id, name],
    )
    if (made[0] === undefined) return false
    await query(`${TOLD} VALUES ($1, 1, $2, $3, $4)`, [
      id,
      numberOf(made[0], 'changed'),
      who,
      JSON.stringify({ did: 'init' }),
    ])
    return true
  })
}

type Statement = readonly [text: string, values: readonly SqlValue[]]

/** @param version of the journal before the change: its own event stays */
function writes(id: string, wanted: JournalChange, at: number, version: number): readonly Statement[] {
  const { insert = [], update = [], remove = [], forgetBefore } = wanted
  return [
    // What ends comes before what begins: at no time are there two active keys.
    ...remove.map((n): Statement => ['DELETE FROM journal_key WHERE journal = $1 AND n = $2 AND kid IS NULL', [id, n]]),
    ...update.map((one) => updateOf(id, one, at)),
    ...insert.map((one): Statement => {
      const columns = { status: one.status, created: one.created ?? at, ...columnsOf(one, at) }
      const names = ['journal', 'n', ...Object.keys(columns)]
      const text = `INSERT INTO journal_key(${names.join(', ')}) VALUES (${names.map((_, i) => `$${i + 1}`).join(', ')})`
      return [text, [id, one.n, ...Object.values(columns)]]
    }),
    ...(forgetBefore === undefined
      ? []
      : [
          [
            'DELETE FROM journal_event WHERE journal = $1 AND at < $2 AND version <= $3',
            [id, forgetBefore, version],
          ] as const,
        ]),
  ]
}

function updateOf(id: string, change: RowChange, at: number): Statement {
  const columns = columnsOf(change, at)
  const sets = Object.keys(columns).map((name, i) => `${name} = $${i + 3}`)
  return [
    `UPDATE journal_key SET ${sets.join(', ')} WHERE journal = $1 AND n = $2`,
    [id, change.n, ...Object.values(columns)],
  ]
}

/** Only the columns that change. */
function columnsOf(change: RowChange, at: number): Readonly<Record<string, SqlValue>> {
  const { status, key, revoked, proof } = change
  const times = (['published', 'activates', 'ended', 'retires'] as const).flatMap((name) => {
    const time = change[name]
    return time === undefined ? [] : [[name, timeOf(time, at)] as const]
  })
  return {
    ...(status === undefined ? {} : { status }),
    ...(key === undefined ? {} : { kid: key.kid, spki: key.spki, alg: key.alg }),
    ...Object.fromEntries(times),
    ...(revoked === undefined ? {} : { revoked: revoked.since, reason: revoked.reason }),
    ...(proof === undefined ? {} : { proof: JSON.stringify(proof) }),
  }
}

function timeOf(time: TimeOfChange, at: number): number {
  return typeof time === 'number' ? time : at + time.after
}

async function events(query: Query, id: string, limit: number): Promise<readonly JournalEvent[]> {
  const rows = await query(
    'SELECT version, at, who, what FROM journal_event WHERE journal = $1 ORDER BY version DESC LIMIT $2',
    [id, limit],
  )
  return rows.map((row) => ({
    version: numberOf(row, 'version'),
    at: numberOf(row, 'at'),
    who: String(row['who']),
    what: factsOf(row),
  }))
}

function factsOf(row: Row): EventFacts {
  const facts = recordIn(jsonOf<unknown>(row, 'what'))
  return DEEDS.some((one) => one === facts['did']) ? (facts as unknown as EventFacts) : { did: 'unreadable' }
}
