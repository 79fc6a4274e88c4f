/** Entries by their search terms, and what is known of those found. */
import { arrayIn } from '../platform/text/guards.ts'
import { deliveryOf, errorOf, jsonOf, numberOf, textOf } from './rows.ts'
import type { Hit, KnownCopy, Reach, Standing } from './search-port.ts'
import type { Database, Query, SqlValue } from './sql.ts'
import type { EntryState } from './states.ts'
import { SEAL } from './truth.ts'

/** Entries of a term are counted so far: what is more is not rare. */
const RARE = 10_000
/** Copies of a page; an entry may be an image's that very many runs have built. */
const MOST_COPIES = 100_000

/** See Searching.reach. */
export async function reach({ query, dialect }: Database): Promise<Reach> {
  const [meta, last] = await Promise.all([
    query("SELECT value FROM meta WHERE key = 'terms'"),
    query(
      `SELECT seq, ${dialect.xid} AS place FROM entry WHERE ${dialect.isFinal} ORDER BY ${dialect.lastCommitFirst} LIMIT 1`,
    ),
  ])
  const [row] = last
  const upTo = row === undefined ? {} : { upTo: { xid: String(row['place']), seq: numberOf(row, 'seq') } }
  return { ...upTo, whole: meta[0]?.['value'] === 'whole' }
}

/** See Searching.search. Goes through the entries of the rarest term, in their order, and stops with the page. */
export async function search(
  { query }: Database,
  terms: readonly string[],
  after: number,
  limit: number,
): Promise<readonly Hit[]> {
  const matching = await matchingOf(query, terms, after)
  // CROSS JOIN: SQLite keeps the order in which they are named.
  const rows = await query(
    `SELECT e.seq, e.uri, e.format, e.id, e.keyids, e.source FROM ${matching.from} CROSS JOIN entry e
     WHERE ${matching.where} AND e.seq = t.seq AND e.superseded_by IS NULL ORDER BY t.seq LIMIT $${matching.values.length + 1}`,
    [...matching.values, limit],
  )
  return rows.map((row) => ({
    seq: numberOf(row, 'seq'),
    id: String(row['id']),
    uri: String(row['uri']),
    format: String(row['format']),
    keyids: arrayIn(jsonOf<unknown>(row, 'keyids')).map(String),
    source: String(row['source']) as Hit['source'],
  }))
}

/** A part of a statement: rows of `t`, one an entry, that have every term. */
export interface Matching {
  readonly from: string
  readonly where: string
  readonly values: readonly SqlValue[]
}

/**
 * The rarest term is gone through, the others are looked up.
 *
 * @example const { from, where, values } = await matchingOf(query, ['key:SHA256:…'], 0)
 */
export async function matchingOf(query: Query, terms: readonly string[], after: number): Promise<Matching> {
  const [rarest, ...others] = await rarestFirst(query, [...new Set(terms)], after)
  const has = others.map((_, n) => ` AND EXISTS (SELECT 1 FROM term o WHERE o.term = $${n + 3} AND o.seq = t.seq)`)
  return {
    from: 'term t',
    where: `t.term = $1 AND t.seq > $2${has.join('')}`,
    values: [rarest ?? '', after, ...others],
  }
}

async function rarestFirst(query: Query, terms: readonly string[], after: number): Promise<readonly string[]> {
  if (terms.length < 2) return terms
  const counted = await Promise.all(
    terms.map(async (term) => {
      const [row] = await query(
        `SELECT count(*) AS n FROM (SELECT 1 AS one FROM term WHERE term = $1 AND seq > $2 LIMIT ${RARE}) c`,
        [term, after],
      )
      return { term, n: numberOf(row, 'n') }
    }),
  )
  return counted.toSorted((a, b) => a.n - b.n).map(({ term }) => term)
}

/** See Searching.standing. */
export async function standing({ query, dialect }: Database, seqs: readonly number[]): Promise<readonly Standing[]> {
  const asked = JSON.stringify(seqs)
  const [entries, copies] = await Promise.all([
    query(
      `SELECT seq, state, superseded_by, reason AS error, created,
         (SELECT count(*) FROM entry o WHERE o.superseded_by = entry.seq) AS older
       FROM entry WHERE seq IN ${dialect.numbers('$1')} ORDER BY seq`,
      [asked],
    ),
    // Two runs may owe one copy: it is there once one of them has it.
    query(
      `SELECT * FROM (
         SELECT i.seq, d.id, d.target, d.slot_key, d.state, d.required, d.host, d.error, d.receipt, row_number() OVER (
           PARTITION BY i.seq, d.target, d.slot_key ORDER BY CASE d.state WHEN 'done' THEN 0 ELSE 1 END, d.id DESC) AS nth
         FROM item i JOIN delivery d ON d.item = i.id WHERE i.seq IN ${dialect.numbers('$1')} AND d.target <> '${SEAL}') c
       WHERE nth = 1 ORDER BY seq, id LIMIT ${MOST_COPIES}`,
      [asked],
    ),
  ])
  const byEntry = Map.groupBy(copies, (row) => numberOf(row, 'seq'))
  return entries.map((row) => {
    const reason = errorOf(row)
    const seq = numberOf(row, 'seq')
    const isOld = textOf(row, 'superseded_by') !== undefined
    return {
      seq,
      state: isOld ? 'superseded' : (String(row['state']) as EntryState),
      ...(reason === undefined ? {} : { reason }),
      supersedes: numberOf(row, 'older'),
      created: numberOf(row, 'created'),
      copies: (byEntry.get(seq) ?? []).map(copyOf),
    }
  })
}

function copyOf(row: Parameters<typeof deliveryOf>[0]): KnownCopy {
  const { target, slotKey, state, required, host, error, receipt } = deliveryOf(row)
  return {
    target,
    slotKey,
    state,
    required,
    ...(state === 'done' && receipt !== undefined ? { location: receipt.location } : {}),
    ...(host === undefined ? {} : { host }),
    ...(error === undefined ? {} : { error }),
  }
}
