/** The keys of the source of truth and of the worker that delivers from it. */
import type { SettingRow } from '../backend/setting-row.ts'

const HOUR_MS = 3_600_000

export const TRUTH_SETTINGS = {
  'truth.url': {
    type: 'string',
    usedBy: 'truth',
    meaning: 'the source of truth: sqlite:FILE, or postgres://USER@HOST/DATABASE without a password',
  },
  'truth.schema': {
    type: 'string',
    usedBy: 'truth',
    meaning: "PostgreSQL schema that holds the tables; unset: the first of the role's search path",
  },
  'truth.password-file': {
    type: 'string',
    usedBy: 'truth',
    meaning: 'file that holds the password of PostgreSQL; PGPASSWORD counts while it is unset',
  },
  'truth.ca-file': {
    type: 'string',
    usedBy: 'truth',
    meaning: "certificates (PEM) that PostgreSQL's has to be signed by",
  },
  'truth.pool': {
    type: 'number',
    default: '4',
    range: [1, 100],
    usedBy: 'truth',
    meaning: 'most connections to PostgreSQL that one process opens',
  },
  'truth.look-timeout': {
    type: 'duration',
    default: '2s',
    range: [1, HOUR_MS],
    usedBy: 'truth',
    meaning: 'longest look at one backend before a commit; what was not seen by then is owed',
  },
  'truth.max-pending': {
    type: 'number',
    default: '1000000',
    range: [1, 1_000_000_000],
    usedBy: 'truth',
    meaning: 'deliveries that may be owed at one time; with as many, nothing more is signed (outbox_full)',
  },
  'truth.max-bytes': {
    type: 'number',
    range: [1, 1_000_000_000_000],
    usedBy: 'truth',
    meaning: 'bytes of entries that may be owed at one time; unset: no limit',
  },
  'truth.retention': {
    type: 'string',
    usedBy: 'truth',
    meaning:
      'age such as 90d after which prov outbox prune may remove a confirmed entry, where it is not given --older-than',
  },
  'worker.concurrency': {
    type: 'number',
    default: '16',
    range: [1, 1000],
    usedBy: 'worker',
    meaning: 'deliveries that a worker makes at one time in each lane',
  },
  'worker.lease': {
    type: 'duration',
    default: '60s',
    range: [5000, HOUR_MS],
    usedBy: 'worker',
    meaning: 'how long a claimed delivery is held without a sign of life; it is renewed every third of it',
  },
  'worker.drain-timeout': {
    type: 'duration',
    default: '30s',
    range: [1, HOUR_MS],
    usedBy: 'worker',
    meaning: 'how long a worker that was asked to end waits for what is being delivered',
  },
  'worker.listen': {
    type: 'string',
    usedBy: 'worker',
    meaning: 'HOST:PORT for /metrics, /healthz and /readyz; unset: none',
  },
} as const satisfies Record<string, SettingRow>
