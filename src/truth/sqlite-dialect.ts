/** In what SQLite differs. There is one writer at a time, so that numbers are commit order. Pure data. */
import type { Dialect } from './sql.ts'

export const SQLITE_DIALECT: Dialect = {
  now: "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
  skipLocked: '',
  forUpdate: '',
  numbers: (parameter) => `(SELECT value FROM json_each(${parameter}))`,
  texts: (parameter) => `(SELECT value FROM json_each(${parameter}))`,
  length: (column) => `length(${column})`,
  takesSeveral: false,
  tell: '',
  xid: "'0'",
  afterMark: "($1 = '0' AND seq > $2)",
  inCommitOrder: 'seq',
  isFinal: 'true',
  lastCommitFirst: 'seq DESC',
  horizon: '(SELECT coalesce(max(seq), 0) FROM entry)',
  isPast: '$1 IS NOT NULL',
  isLater: ({ seq }, horizon) => seq > Number(horizon),
}
