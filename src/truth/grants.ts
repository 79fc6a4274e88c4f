/** The roles that use a truth in PostgreSQL, with no more rights than each needs. Pure. */

export type Role = 'store' | 'worker' | 'importer' | 'reader' | 'keys'

/** Tables by role and right. Rows that are locked before they change need UPDATE. */
const RIGHTS: Readonly<Record<Role, Readonly<Record<string, readonly string[]>>>> = {
  store: {
    SELECT: [
      'meta',
      'run',
      'entry',
      'item',
      'delivery',
      'tombstone',
      'worker',
      'lane',
      'term',
      'journal',
      'journal_key',
    ],
    INSERT: ['run', 'entry', 'item', 'delivery', 'term'],
    UPDATE: ['run', 'entry', 'delivery'],
    DELETE: ['term'],
  },
  worker: {
    SELECT: ['meta', 'run', 'entry', 'item', 'delivery', 'lane', 'worker', 'term'],
    INSERT: ['lane', 'worker'],
    UPDATE: ['run', 'entry', 'delivery', 'lane', 'worker'],
    DELETE: ['worker'],
  },
  // On top of another role: reconcile --from, and a worker that takes in objects of a bucket.
  importer: {
    SELECT: ['meta', 'entry', 'item', 'delivery', 'tombstone', 'term', 'refused'],
    INSERT: ['entry', 'item', 'delivery', 'term', 'refused'],
    UPDATE: ['delivery', 'refused'],
    DELETE: ['refused', 'term'],
  },
  reader: {
    SELECT: [
      'meta',
      'run',
      'entry',
      'item',
      'delivery',
      'lane',
      'worker',
      'tombstone',
      'decision',
      'term',
      'refused',
      'journal',
      'journal_key',
      'journal_event',
    ],
  },
  // prov keys; `store --key journal:` needs no more than the role of a store.
  keys: {
    SELECT: ['meta', 'journal', 'journal_key', 'journal_event'],
    INSERT: ['journal', 'journal_key', 'journal_event'],
    UPDATE: ['journal', 'journal_key'],
    DELETE: ['journal_key', 'journal_event'],
  },
}

/**
 * Statements for the owner of the tables; every role may be given to several users. `store --wait` delivers as well, and needs store and worker.
 *
 * @example grantsSql('public') // to be run again after a migration: what is there stays
 */
export function grantsSql(schema: string): string {
  const lines = (Object.keys(RIGHTS) as Role[]).flatMap((role) => [
    `DO $$ BEGIN CREATE ROLE prov_${role} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;`,
    `GRANT USAGE ON SCHEMA ${schema} TO prov_${role};`,
    ...Object.entries(RIGHTS[role]).map(
      ([right, tables]) =>
        `GRANT ${right} ON ${tables.map((table) => `${schema}.${table}`).join(', ')} TO prov_${role};`,
    ),
    '',
  ])
  return [
    ...lines,
    '-- To give one to a user: GRANT prov_store TO ci;',
    '-- outbox retry, drop, prune and forget, and truth migrate and adopt, run as the owner of the tables.',
    '',
  ].join('\n')
}
