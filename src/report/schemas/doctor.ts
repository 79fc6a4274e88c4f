/** What `prov doctor --json` prints. */
import { CHECKS, type CheckOutcome, type Diagnosis } from '../../backend/diagnosis.ts'
import type { BackendReport } from '../../doctor/backend.ts'
import type { DoctorReport } from '../../doctor/doctor.ts'
import type { KeyReport } from '../../doctor/keys.ts'
import { output } from './document.ts'
import { BACKEND, EXIT, INPUT, NEXT, ref, type WithInput } from './parts.ts'
import { COUNT, list, object, oneOf, says, TEXT } from './shape.ts'

const OUTCOMES: Readonly<Record<CheckOutcome, true>> = {
  ok: true,
  degraded: true,
  failed: true,
  skipped: true,
  not_possible: true,
}
export const { not_possible: _, ...BACKEND_OUTCOMES } = OUTCOMES
const KEY_OUTCOMES: Readonly<Record<KeyReport['outcome'], true>> = { ok: true, degraded: true, failed: true }
const KEY_KINDS: Readonly<Record<KeyReport['kind'], true>> = { private: true, public: true, unknown: true }

const CHECK = says(
  oneOf(CHECKS),
  Object.entries(CHECKS)
    .map(([check, meaning]) => `${check}: ${meaning}`)
    .join('; '),
)

export const DIAGNOSIS = object<Diagnosis>(
  { check: CHECK, outcome: oneOf(OUTCOMES), detail: TEXT, ms: says(COUNT, 'milliseconds') },
  { slot: says(TEXT, 'the place that was probed'), error: ref('error') },
)

const KEY = object<KeyReport>(
  {
    key: TEXT,
    kind: oneOf(KEY_KINDS),
    outcome: oneOf(KEY_OUTCOMES),
    exit: EXIT,
    ids: list(object<KeyReport['ids'][number]>({ keyid: TEXT, hint: TEXT, algorithm: TEXT }, {})),
    checks: list(DIAGNOSIS),
  },
  {},
)

const REPORT = object<BackendReport>(
  {
    backend: BACKEND,
    outcome: says(oneOf(BACKEND_OUTCOMES), 'skipped: nothing was reached or read at all'),
    exit: EXIT,
    checks: list(DIAGNOSIS),
  },
  {},
)

/** The report as run-doctor.ts prints it. */
interface Printed extends DoctorReport, WithInput {
  readonly command: string
  readonly version: string
  readonly next?: string
}

export const schema = output(
  'prov doctor --json',
  object<Printed>(
    { command: { const: 'doctor' }, version: TEXT, exit: EXIT, keys: list(KEY), backends: list(REPORT) },
    { input: INPUT, next: NEXT },
  ),
)
