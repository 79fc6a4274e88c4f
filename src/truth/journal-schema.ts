/** The tables of key journals, for both engines: a change of schema of its own. Pure. */
import { KEY_STATUSES, NEXT } from '../keys/status.ts'
import { sqlList } from './states.ts'

interface Types {
  readonly text: string
  readonly number: string
  readonly bytes: string
  readonly json: string
  /** At the end of a table. */
  readonly end: string
}

/** Times are milliseconds since the epoch by the database's clock. `n` names the key file before the key exists. */
const tables = ({ text, number, bytes, json, end }: Types): string => `
CREATE TABLE journal(id ${text} PRIMARY KEY, name ${text} NOT NULL, version ${number} NOT NULL, changed ${number} NOT NULL)${end};
CREATE TABLE journal_key(journal ${text} NOT NULL REFERENCES journal, n ${number} NOT NULL, kid ${text} UNIQUE, spki ${bytes}, alg ${text},
  status ${text} NOT NULL CHECK (status IN (${sqlList(Object.keys(KEY_STATUSES))})), created ${number} NOT NULL, published ${number},
  activates ${number}, ended ${number}, retires ${number}, proof ${json}, revoked ${number}, reason ${text}, PRIMARY KEY (journal, n))${end};
CREATE UNIQUE INDEX journal_key_active ON journal_key(journal) WHERE status = 'active';
CREATE UNIQUE INDEX journal_key_next ON journal_key(journal) WHERE status IN (${sqlList(NEXT)});
CREATE TABLE journal_event(journal ${text} NOT NULL, version ${number} NOT NULL, at ${number} NOT NULL, who ${text} NOT NULL, what ${json} NOT NULL,
  PRIMARY KEY (journal, version))${end};
`

export const SQLITE_JOURNAL = tables({ text: 'TEXT', number: 'INTEGER', bytes: 'BLOB', json: 'TEXT', end: ' STRICT' })
export const POSTGRES_JOURNAL = tables({ text: 'text', number: 'bigint', bytes: 'bytea', json: 'json', end: '' })
