/** What `prov reconcile --json` prints: a line an entry, and what it came to. */
import { ERRORS } from '../../errors.ts'
import type { ImportedItem, ImportOutcome } from '../../search/import.ts'
import type { ImportSummary } from '../text/reconcile-text.ts'
import { output } from './document.ts'
import { BACKEND, ENTRY_ID, EXIT, NEXT, ref } from './parts.ts'
import { DIFFERENCE, INDEX_SUMMARY } from './reconcile-index.ts'
import { BOOL, COUNT, object, oneOf, says, TEXT, tally } from './shape.ts'

const OUTCOMES: Readonly<Record<ImportOutcome, true>> = {
  missing: true,
  imported: true,
  present: true,
  pruned: true,
  refused: true,
  unread: true,
}

/** Also a line of `prov worker --json`. */
export const IMPORTED_ITEM = object<ImportedItem>(
  { location: says(TEXT, 'where the backend holds it'), outcome: oneOf(OUTCOMES) },
  {
    artifact: TEXT,
    format: TEXT,
    entry: ENTRY_ID,
    error: says(ref('error'), 'why it was refused, or could not be read'),
  },
  'one entry that a backend holds, or one item that is none',
)

interface Summary extends ImportSummary {
  readonly command: string
  readonly version: string
  readonly repair: boolean
  readonly next?: string
}

const SUMMARY = object<Summary>(
  {
    command: { const: 'reconcile' },
    version: TEXT,
    repair: says(BOOL, 'false: nothing was written'),
    from: BACKEND,
    counts: object<ImportSummary['counts']>(
      { missing: COUNT, imported: COUNT, present: COUNT, pruned: COUNT, refused: COUNT, unread: COUNT },
      {},
    ),
    codes: tally(ERRORS, COUNT),
    complete: says(BOOL, 'the backend was read to its end'),
    exit: EXIT,
  },
  { next: NEXT },
  'with --from: the last line',
)

export const schema = output('each line of prov reconcile --json', IMPORTED_ITEM, SUMMARY, DIFFERENCE, INDEX_SUMMARY)
