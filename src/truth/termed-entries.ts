/** See `TermPages`: the statements. */
import { arrayIn } from '../platform/text/guards.ts'
import { jsonOf, numberOf } from './rows.ts'
import { readMeta, stateOf } from './schema.ts'
import type { Mark } from './search-port.ts'
import { type Database, type Row, valuesOf } from './sql.ts'
import { OPEN, sqlList } from './states.ts'
import { INDEX, type SupersededEntry, type TermClaim, type TermedEntry, type TermPages } from './term-pages.ts'
import { namesOf, termsOfRow } from './terms.ts'

const COLUMNS = 'entry.seq, entry.id, entry.uri, entry.format, entry.keyids, entry.source, entry.state'
const OWED = `EXISTS (SELECT 1 FROM item i JOIN delivery d ON d.item = i.id
  WHERE i.seq = entry.seq AND d.target = '${INDEX}' AND d.state IN (${sqlList(OPEN)}))`
const FIRST: Mark = { xid: '0', seq: 0 }

/** @example await termPagesOver(db).termPage(undefined, 500) */
export function termPagesOver(db: Database): TermPages {
  const { query, dialect } = db
  const withTerms = async (rows: readonly Row[]): Promise<readonly TermedEntry[]> => {
    if (rows.length === 0) return []
    const found = await query(`SELECT seq, term FROM term WHERE seq IN ${dialect.numbers('$1')} ORDER BY seq, term`, [
      JSON.stringify(rows.map((row) => numberOf(row, 'seq'))),
    ])
    const terms = Map.groupBy(found, (row) => numberOf(row, 'seq'))
    return rows.map((row) =>
      termedOf(
        row,
        (terms.get(numberOf(row, 'seq')) ?? []).map((one) => String(one['term'])),
      ),
    )
  }
  const horizon = async (): Promise<string> => String((await query(`SELECT ${dialect.horizon} AS h`))[0]?.['h'])
  /** After whatever is committed by now. */
  const lastMark = async (): Promise<Mark> => {
    const [row] = await query(
      `SELECT seq, ${dialect.xid} AS place FROM entry ORDER BY ${dialect.lastCommitFirst} LIMIT 1`,
    )
    return row === undefined ? FIRST : { xid: String(row['place']), seq: numberOf(row, 'seq') }
  }
  return {
    name: async () => stateOf(await readMeta(query)).id ?? '',
    termPage: async (after, limit) => {
      const { xid, seq } = after ?? FIRST
      const rows = await query(
        `SELECT ${COLUMNS}, ${OWED} AS owed, ${dialect.xid} AS place FROM entry
         WHERE superseded_by IS NULL AND ${dialect.afterMark} ORDER BY ${dialect.inCommitOrder} LIMIT $3`,
        [xid, seq, limit],
      )
      const termed = await withTerms(rows)
      return termed.map((one, at) => ({ ...one, xid: String(rows[at]?.['place']) }))
    },
    termsOf: async (seqs) =>
      withTerms(
        await query(
          `SELECT ${COLUMNS}, ${OWED} AS owed FROM entry
           WHERE superseded_by IS NULL AND seq IN ${dialect.numbers('$1')} ORDER BY seq`,
          [JSON.stringify(seqs)],
        ),
      ),
    superseded: (seq) => superseded(db, seq),
    horizon,
    isPast: async (horizon) => {
      const [row] = await query(`SELECT CASE WHEN ${dialect.isPast} THEN 1 ELSE 0 END AS past`, [horizon])
      return numberOf(row, 'past') === 1
    },
    isLater: dialect.isLater,
    stillStanding: async (seqs) => {
      const rows = await query(
        `SELECT seq FROM entry WHERE superseded_by IS NULL AND seq IN ${dialect.numbers('$1')}`,
        [JSON.stringify(seqs)],
      )
      return new Set(rows.map((row) => numberOf(row, 'seq')))
    },
    has: (claims) => has(db, claims),
    markBefore: async (sinceMs) => {
      const [row] = await query(
        `SELECT seq, ${dialect.xid} AS place FROM entry WHERE created >= $1 ORDER BY ${dialect.inCommitOrder} LIMIT 1`,
        [sinceMs],
      )
      if (row === undefined) return lastMark()
      const before = { xid: String(row['place']), seq: numberOf(row, 'seq') - 1 }
      return before.seq === 0 && before.xid === '0' ? undefined : before
    },
  }
}

function termedOf(row: Row, terms: readonly string[]): TermedEntry {
  return {
    seq: numberOf(row, 'seq'),
    id: String(row['id']),
    uri: String(row['uri']),
    format: String(row['format']),
    keyids: arrayIn(jsonOf<unknown>(row, 'keyids')).map(String),
    source: String(row['source']) as TermedEntry['source'],
    state: String(row['state']) as TermedEntry['state'],
    terms,
    owed: row['owed'] === true || Number(row['owed']) === 1,
  }
}

/** Pairs in one statement. */
const PAIRS = 250

async function has({ query }: Database, claims: readonly TermClaim[]): Promise<readonly boolean[]> {
  const found = new Set<string>()
  for (let at = 0; at < claims.length; at += PAIRS) {
    const part = claims.slice(at, at + PAIRS).filter(({ term }) => isTerm(term))
    if (part.length === 0) continue
    const rows = await query(
      `WITH pair(term, seq) AS (VALUES ${valuesOf(part.map(({ term, seq }) => [term, String(seq)]))})
       SELECT t.term, t.seq, e.id FROM pair p JOIN term t ON t.term = p.term AND t.seq = CAST(p.seq AS bigint)
       JOIN entry e ON e.seq = t.seq AND e.superseded_by IS NULL`,
      part.flatMap(({ term, seq }) => [term, String(seq)]),
    )
    for (const row of rows) found.add(claimKey(String(row['term']), numberOf(row, 'seq'), String(row['id'])))
  }
  return claims.map(({ term, seq, id }) => found.has(claimKey(term, seq, id)))
}

const claimKey = (term: string, seq: number, id: string): string => `${seq} ${id} ${term}`

/** PostgreSQL takes no text with other characters; prov writes none. */
function isTerm(term: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return term.isWellFormed() && !/[\u0000-\u001f\u007f]/.test(term)
}

/** Their terms are gone from the table by now, and follow from what it keeps of them. */
async function superseded({ query }: Database, seq: number): Promise<readonly SupersededEntry[]> {
  const rows = await query(
    `WITH RECURSIVE line(seq) AS (
       SELECT seq FROM entry WHERE superseded_by = $1 AND seq <> $1
       UNION SELECT e.seq FROM entry e JOIN line l ON e.superseded_by = l.seq)
     SELECT e.seq, e.uri, e.format, e.id, e.state, e.keyids, e.bytes FROM entry e JOIN line l ON l.seq = e.seq ORDER BY e.seq`,
    [seq],
  )
  const gone: SupersededEntry[] = []
  for (const row of rows) {
    const own = numberOf(row, 'seq')
    const runs = await query(
      'SELECT DISTINCT r.uid, r.namespace, r.name FROM item i JOIN run r ON r.uid = i.run_uid WHERE i.seq = $1',
      [own],
    )
    gone.push({ seq: own, id: String(row['id']), terms: termsOfRow(row, runs.map(namesOf)) })
  }
  return gone
}
