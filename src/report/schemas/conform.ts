/** What `prov conform --json` prints. */
import type { CaseEnd } from '../../conform/messages.ts'
import type { CaseRow, ConformReport } from '../../conform/report.ts'
import { output } from './document.ts'
import { KIND, NEXT } from './parts.ts'
import { COUNT, list, object, oneOf, says, TEXT } from './shape.ts'

const RESULTS: Readonly<Record<CaseEnd['result'], true>> = { pass: true, fail: true, gap: true, not_run: true }

const EXITS: Readonly<Record<ConformReport['exit'], string>> = {
  0: 'all that was run passed',
  3: 'a line failed',
  5: 'no line passed, so nothing is proven',
}

const CASE = object<CaseRow>(
  { kind: KIND, says: TEXT, result: oneOf(RESULTS) },
  { line: says(TEXT, 'absent: the kind is not kept, and only that is checked'), reason: TEXT },
  'one line of the suite for one kind of entry',
)

/** The report as run-conform.ts prints it. */
interface Printed extends ConformReport {
  readonly command: string
  readonly version: string
  readonly next?: string
}

export const schema = output(
  'prov conform --json',
  object<Printed>(
    {
      command: { const: 'conform' },
      version: TEXT,
      exit: {
        type: 'integer',
        enum: Object.keys(EXITS).map(Number),
        description: Object.entries(EXITS)
          .map(([exit, meaning]) => `${exit} ${meaning}`)
          .join('; '),
      },
      file: TEXT,
      backend: TEXT,
      cases: list(CASE),
      counts: object<ConformReport['counts']>({ pass: COUNT, fail: COUNT, gap: COUNT, not_run: COUNT }, {}),
    },
    { next: NEXT },
  ),
)
