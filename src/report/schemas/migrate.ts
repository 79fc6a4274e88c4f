/** What `prov migrate --json` prints: JSON lines, an entry each, and what it came to. */

import { ERRORS } from '../../errors.ts'
import type { MovedCopy } from '../../migrate/copy-entry.ts'
import type { Moved, MoveOutcome } from '../../migrate/migrate.ts'
import type { MoveSummary } from '../text/migrate-text.ts'
import { output } from './document.ts'
import { BACKEND, ENTRY_ID, EXIT, INPUT, NEXT, OUTCOMES, ref, SIGNATURES, type WithInput } from './parts.ts'
import { BOOL, COUNT, list, object, oneOf, says, TEXT, tally } from './shape.ts'

const MOVES: Readonly<Record<MoveOutcome, true>> = {
  moved: true,
  unchanged: true,
  planned: true,
  left: true,
  failed: true,
  filtered: true,
}

const COPIED: Readonly<Record<MovedCopy['outcome'], true>> = { ...OUTCOMES, planned: true }

const COPY = object<MovedCopy>(
  {
    backend: BACKEND,
    slot: TEXT,
    location: TEXT,
    outcome: oneOf(COPIED),
    confirmed: says(BOOL, 'found again by a fresh look, byte for byte'),
    entry: ENTRY_ID,
    signatures: SIGNATURES,
  },
  { bytes: COUNT, detail: TEXT, error: ref('error') },
)

const MOVED = object<Moved>(
  {
    slot: TEXT,
    location: TEXT,
    outcome: oneOf(MOVES),
    verified: BOOL,
    copies: list(COPY),
    notKept: says(list(TEXT), 'targets that keep nothing of the kind'),
    removed: says(BOOL, 'taken out of the source'),
  },
  { artifact: TEXT, format: TEXT, entry: ENTRY_ID, signatures: SIGNATURES, error: ref('error') },
  'what became of one entry',
)

/** The last line, as run-migrate.ts prints it. */
interface Summary extends MoveSummary, WithInput {
  readonly command: string
  readonly version: string
  readonly dryRun: boolean
  readonly complete: boolean
  readonly next?: string
}

const counts = Object.fromEntries(Object.keys(MOVES).map((name) => [name, COUNT])) as Record<MoveOutcome, typeof COUNT>

const SUMMARY = object<Summary>(
  {
    command: { const: 'migrate' },
    version: TEXT,
    dryRun: BOOL,
    complete: says(BOOL, 'false when it was stopped'),
    exit: EXIT,
    from: BACKEND,
    to: list(BACKEND),
    counts: object<MoveSummary['counts']>(counts, {}),
    unverified: COUNT,
    removed: COUNT,
    bytes: COUNT,
    codes: tally(ERRORS, COUNT),
    errors: says(tally(undefined, COUNT), 'how often each backend was at fault'),
    notKept: says(tally(undefined, COUNT), 'how many entries went elsewhere, since this backend keeps no such'),
  },
  { input: INPUT, next: NEXT },
  'the last line',
)

export const schema = output('each line of prov migrate --json', MOVED, SUMMARY)
