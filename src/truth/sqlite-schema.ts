/** The tables of a truth in SQLite. Times are milliseconds since the epoch; there is one writer at a time, so `seq` is commit order. */
import { SQLITE_JOURNAL } from './journal-schema.ts'
import { ENTRY_STATES, OPEN, STATES, sqlList } from './states.ts'

/**
 * Schema changes, in their order: number n brings a truth from schema n - 1 to n. Never changed once released; add another. A change only adds
 * (tables, indexes, columns that are NULL or have a default): programs of the schema before go on working with it.
 */
export const SQLITE_CHANGES: readonly string[] = [
  `
CREATE TABLE run(uid TEXT PRIMARY KEY, kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, cluster TEXT, object BLOB,
  created INTEGER NOT NULL) STRICT;
CREATE INDEX run_by_name ON run(namespace, name);
CREATE TABLE entry(seq INTEGER PRIMARY KEY AUTOINCREMENT, uri TEXT NOT NULL, format TEXT NOT NULL, id TEXT NOT NULL, bytes BLOB NOT NULL,
  keyids TEXT NOT NULL, source TEXT NOT NULL CHECK (source IN ('signed', 'adopted', 'imported')),
  state TEXT NOT NULL DEFAULT 'good' CHECK (state IN (${sqlList(Object.keys(ENTRY_STATES))})), reason TEXT,
  superseded_by INTEGER REFERENCES entry, created INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX entry_one ON entry(uri, format) WHERE superseded_by IS NULL AND source <> 'imported';
CREATE INDEX entry_by_id ON entry(id);
CREATE TABLE item(id INTEGER PRIMARY KEY AUTOINCREMENT, seq INTEGER NOT NULL REFERENCES entry, run_uid TEXT REFERENCES run,
  about BLOB NOT NULL) STRICT;
CREATE UNIQUE INDEX item_one ON item(seq, ifnull(run_uid, ''));
CREATE INDEX item_by_run ON item(run_uid);
CREATE TABLE delivery(id INTEGER PRIMARY KEY AUTOINCREMENT, item INTEGER NOT NULL REFERENCES item, target TEXT NOT NULL, lane TEXT NOT NULL,
  slot_key TEXT NOT NULL, slot TEXT NOT NULL, action TEXT NOT NULL, required INTEGER NOT NULL, foreign_key INTEGER NOT NULL, resign INTEGER NOT NULL, host TEXT,
  state TEXT NOT NULL CHECK (state IN (${sqlList(Object.keys(STATES))})), due INTEGER NOT NULL, holder TEXT, lease_until INTEGER,
  fence INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, error TEXT, receipt TEXT, changed INTEGER NOT NULL,
  UNIQUE (item, target, slot_key)) STRICT;
CREATE INDEX delivery_due ON delivery(lane, due) WHERE state = 'pending';
CREATE INDEX delivery_open ON delivery(item) WHERE state IN (${sqlList(OPEN)});
CREATE INDEX delivery_told ON delivery(state, changed) WHERE state IN ('held', 'gone', 'dropped');
CREATE TABLE lane(lane TEXT PRIMARY KEY, failures INTEGER NOT NULL, paused_until INTEGER, reason TEXT, changed INTEGER NOT NULL) STRICT;
CREATE TABLE worker(holder TEXT PRIMARY KEY, host TEXT NOT NULL, targets TEXT NOT NULL, seen INTEGER NOT NULL) STRICT;
CREATE TABLE decision(id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,
  delivery INTEGER NOT NULL, reason TEXT NOT NULL) STRICT;
CREATE TABLE tombstone(uri TEXT NOT NULL, format TEXT NOT NULL, id TEXT NOT NULL, removed INTEGER NOT NULL, PRIMARY KEY (uri, format, id)) STRICT;
`,
  // Search terms. Without a foreign key: a program that knows nothing of them may prune their entry.
  `
CREATE TABLE term(term TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (term, seq)) STRICT, WITHOUT ROWID;
CREATE INDEX term_by_entry ON term(seq);
CREATE INDEX entry_superseded ON entry(superseded_by) WHERE superseded_by IS NOT NULL;
`,
  // Entries that were found in a backend: one for each id and each set of signatures that verified (sha256 of their sorted ids). What was refused
  // there. Programs that know no search terms cannot write to this schema: once those of before have theirs, all have.
  `
ALTER TABLE entry ADD COLUMN signatures TEXT;
CREATE UNIQUE INDEX entry_imported ON entry(id, signatures) WHERE source = 'imported';
CREATE INDEX tombstone_by_id ON tombstone(id);
CREATE TABLE refused(id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, location TEXT NOT NULL, digest TEXT NOT NULL,
  reason TEXT NOT NULL, seen INTEGER NOT NULL, UNIQUE (source, location, digest)) STRICT;
INSERT INTO meta(key, value) SELECT 'terms', 'whole' WHERE NOT EXISTS (SELECT 1 FROM entry);
`,
  // Key journals.
  SQLITE_JOURNAL,
]

export const SQLITE_META = 'CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT'
