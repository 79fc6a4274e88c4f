/**
 * The tables of a truth in PostgreSQL 15 or newer. Times are milliseconds since the epoch by the server's clock. JSON columns are `json`, not
 * `jsonb`: a run may hold the character U+0000, which `jsonb` refuses.
 */
import { POSTGRES_JOURNAL } from './journal-schema.ts'
import { ENTRY_STATES, OPEN, STATES, sqlList } from './states.ts'

/**
 * Schema changes, in their order: number n brings a truth from schema n - 1 to n. Never changed once released; add another. A change only adds
 * (tables, indexes, columns that are NULL or have a default): programs of the schema before go on working with it.
 */
export const POSTGRES_CHANGES: readonly string[] = [
  `
CREATE TABLE run(uid text PRIMARY KEY, kind text NOT NULL, namespace text NOT NULL, name text NOT NULL, cluster text, object bytea,
  created bigint NOT NULL);
CREATE INDEX run_by_name ON run(namespace, name);
CREATE TABLE entry(seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  uri text NOT NULL, format text NOT NULL, id text NOT NULL, bytes bytea NOT NULL, keyids json NOT NULL,
  source text NOT NULL CHECK (source IN ('signed', 'adopted', 'imported')),
  state text NOT NULL DEFAULT 'good' CHECK (state IN (${sqlList(Object.keys(ENTRY_STATES))})), reason json,
  superseded_by bigint REFERENCES entry, created bigint NOT NULL);
CREATE UNIQUE INDEX entry_one ON entry(uri, format) WHERE superseded_by IS NULL AND source <> 'imported';
CREATE INDEX entry_in_commit_order ON entry(xid, seq);
CREATE INDEX entry_by_id ON entry(id);
CREATE TABLE item(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, seq bigint NOT NULL REFERENCES entry, run_uid text REFERENCES run,
  about bytea NOT NULL, UNIQUE NULLS NOT DISTINCT (seq, run_uid));
CREATE INDEX item_by_run ON item(run_uid);
CREATE TABLE delivery(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item bigint NOT NULL REFERENCES item, target text NOT NULL,
  lane text NOT NULL, slot_key text NOT NULL, slot json NOT NULL, action text NOT NULL, required smallint NOT NULL,
  foreign_key smallint NOT NULL, resign smallint NOT NULL, host text, state text NOT NULL CHECK (state IN (${sqlList(Object.keys(STATES))})), due bigint NOT NULL,
  holder text, lease_until bigint, fence bigint NOT NULL DEFAULT 0, attempts integer NOT NULL DEFAULT 0, error json, receipt json,
  changed bigint NOT NULL, UNIQUE (item, target, slot_key)) WITH (fillfactor = 70);
CREATE INDEX delivery_due ON delivery(lane, due) WHERE state = 'pending';
CREATE INDEX delivery_open ON delivery(item) WHERE state IN (${sqlList(OPEN)});
CREATE INDEX delivery_told ON delivery(state, changed) WHERE state IN ('held', 'gone', 'dropped');
CREATE TABLE lane(lane text PRIMARY KEY, failures integer NOT NULL, paused_until bigint, reason json, changed bigint NOT NULL);
CREATE TABLE worker(holder text PRIMARY KEY, host text NOT NULL, targets text NOT NULL, seen bigint NOT NULL);
CREATE TABLE decision(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at bigint NOT NULL, who text NOT NULL, what text NOT NULL,
  delivery bigint NOT NULL, reason text NOT NULL);
CREATE TABLE tombstone(uri text NOT NULL, format text NOT NULL, id text NOT NULL, removed bigint NOT NULL, PRIMARY KEY (uri, format, id));
`,
  // Search terms. Without a foreign key: a program that knows nothing of them may prune their entry.
  `
CREATE TABLE term(term text COLLATE "C" NOT NULL, seq bigint NOT NULL, PRIMARY KEY (term, seq));
CREATE INDEX term_by_entry ON term(seq);
CREATE INDEX entry_superseded ON entry(superseded_by) WHERE superseded_by IS NOT NULL;
`,
  // Entries that were found in a backend: one for each id and each set of signatures that verified (sha256 of their sorted ids). What was refused
  // there. Programs that know no search terms cannot write to this schema: once those of before have theirs, all have.
  `
ALTER TABLE entry ADD COLUMN signatures text;
CREATE UNIQUE INDEX entry_imported ON entry(id, signatures) WHERE source = 'imported';
CREATE INDEX tombstone_by_id ON tombstone(id);
CREATE TABLE refused(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, source text NOT NULL, location text NOT NULL, digest text NOT NULL,
  reason json NOT NULL, seen bigint NOT NULL, UNIQUE (source, location, digest));
INSERT INTO meta(key, value) SELECT 'terms', 'whole' WHERE NOT EXISTS (SELECT 1 FROM entry);
`,
  // Key journals.
  POSTGRES_JOURNAL,
]

export const POSTGRES_META = 'CREATE TABLE meta(key text PRIMARY KEY, value text NOT NULL)'
