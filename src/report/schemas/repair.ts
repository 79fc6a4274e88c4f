/** What `prov repair --json` prints: JSON lines, an artifact each, and what it came to. */
import { ERRORS } from '../../errors.ts'
import type { RepairAction, Repaired, RepairedCopy } from '../../repair/repair.ts'
import type { RepairSummary } from '../text/repair-text.ts'
import { output } from './document.ts'
import { BACKEND, ENTRY_ID, EXIT, INPUT, NEXT, ref, type WithInput } from './parts.ts'
import { BOOL, COUNT, list, object, oneOf, says, TEXT, tally } from './shape.ts'

const MENDINGS: Readonly<Record<RepairAction, true>> = { ok: true, write: true, replace: true, keep: true }

const COPY = object<RepairedCopy>(
  {
    backend: BACKEND,
    slot: TEXT,
    location: TEXT,
    action: oneOf(MENDINGS),
    done: says(BOOL, 'written and found again by a fresh look'),
  },
  { error: ref('error'), kept: says(TEXT, 'where what was replaced is kept') },
)

const REPAIRED = object<Repaired>(
  { artifact: TEXT, copies: list(COPY), exit: EXIT, findings: list(ref('error')) },
  { format: TEXT, entry: ENTRY_ID, reference: says(TEXT, 'where the entry was found') },
  'one artifact',
)

/** The last line, as run-repair.ts prints it. */
interface Summary extends RepairSummary, WithInput {
  readonly command: string
  readonly version: string
  readonly apply: boolean
  readonly complete: boolean
  readonly next?: string
}

const SUMMARY = object<Summary>(
  {
    command: { const: 'repair' },
    version: TEXT,
    apply: BOOL,
    complete: says(BOOL, 'false when it was stopped'),
    exit: EXIT,
    artifacts: COUNT,
    copies: object<RepairSummary['copies']>({ ok: COUNT, mended: COUNT, planned: COUNT, kept: COUNT }, {}),
    codes: tally(ERRORS, COUNT),
  },
  { input: INPUT, next: NEXT },
  'the last line',
)

export const schema = output('each line of prov repair --json', REPAIRED, SUMMARY)
