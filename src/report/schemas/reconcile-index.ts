/** What `prov reconcile --index --json` prints: a line a difference, and what they come to. */
import type { IndexLine, IndexReport } from '../text/reconcile-index-text.ts'
import { EXIT, NEXT } from './parts.ts'
import { BOOL, COUNT, object, oneOf, says, TEXT } from './shape.ts'

const MARK = object<NonNullable<IndexReport['upTo']>>({ xid: TEXT, seq: COUNT }, {})

export const DIFFERENCE = object<IndexLine>(
  {
    what: oneOf({ missing: true, wrong: true, extra: true }),
    repaired: says(BOOL, 'it was written, or removed, just now'),
  },
  {
    term: says(TEXT, 'absent: what a search shows of the entry'),
    seq: says(COUNT, 'number of the entry in the truth'),
    id: says(TEXT, 'id of the entry'),
    member: says(TEXT, 'what stands in the index, where prov does not write such a thing'),
    score: says({ type: 'number' }, 'the number that stands there in place of the right one'),
    owed: says({ const: true }, 'a worker has yet to deliver it'),
  },
  'with --index: one difference',
)

interface Summary extends IndexReport {
  readonly command: string
  readonly version: string
  readonly next?: string
}

export const INDEX_SUMMARY = object<Summary>(
  {
    command: { const: 'reconcile' },
    version: TEXT,
    index: TEXT,
    entries: says(COUNT, 'entries of the truth that were compared'),
    terms: says(COUNT, 'their search terms'),
    missing: says(COUNT, 'terms of entries that the index lacks'),
    wrong: says(COUNT, 'terms that the index has under another number'),
    extra: says(COUNT, 'what the index has and the truth does not'),
    owed: says(COUNT, 'of what is missing or wrong: what a worker has yet to deliver'),
    repaired: says(COUNT, 'what was missing or wrong and is written now'),
    pruned: says(COUNT, 'what was too much and is removed now'),
    exit: EXIT,
  },
  {
    rebuilt: says(
      object<NonNullable<IndexReport['rebuilt']>>({ entries: COUNT, terms: COUNT, resumed: BOOL }, {}),
      'with --rebuild',
    ),
    upTo: says(MARK, 'the last entry that was compared or copied, in commit order'),
    next: NEXT,
  },
  'with --index: the last line',
)
