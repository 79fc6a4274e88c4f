/** What `prov store --json` prints. */

import type { CopyReceipt } from '../../backend/receipt.ts'
import type { ReportedRow } from '../../store/described-item.ts'
import type { Action } from '../../store/plan.ts'
import type { StoredItem, StoreReport } from '../../store/store.ts'
import { STATES } from '../../truth/states.ts'
import type { ReportedDelivery, TruthReport } from '../text/commit-text.ts'
import { output } from './document.ts'
import { BACKEND, ENTRY_ID, EXIT, INPUT, NEXT, OUTCOMES, ref, SIGNATURES, TYPE, type WithInput } from './parts.ts'
import { BOOL, COUNT, list, object, oneOf, says, TEXT } from './shape.ts'

const ACTIONS: Readonly<Record<Action, true>> = {
  present: true,
  write: true,
  replace: true,
  attempt: true,
  blocked: true,
  not_kept: true,
  send: true,
}

const SOURCES: Readonly<Record<StoredItem['source'], true>> = { signed: true, adopted: true, planned: true }

const PLAN_ROW = object<ReportedRow>(
  { backend: BACKEND, action: oneOf(ACTIONS) },
  { slot: ref('slot'), bytes: COUNT, error: ref('error'), detail: TEXT },
  'what would be, or was, done in one place',
)

const RECEIPT = object<CopyReceipt>(
  {
    backend: BACKEND,
    slot: TEXT,
    location: TEXT,
    outcome: oneOf(OUTCOMES),
    confirmed: says(BOOL, 'found again by a fresh look, byte for byte'),
    entry: ENTRY_ID,
    signatures: SIGNATURES,
  },
  { detail: TEXT, error: ref('error') },
  'one copy',
)

const ITEM = object<StoredItem>(
  {
    artifact: TEXT,
    type: TYPE,
    format: TEXT,
    source: oneOf(SOURCES),
    entry: ENTRY_ID,
    signatures: SIGNATURES,
    keyids: list(TEXT),
    differs: says(list(TEXT), 'JSON pointers at which the payload of today would differ from the adopted one'),
    plan: list(PLAN_ROW),
    copies: list(RECEIPT),
    exit: EXIT,
    findings: list(ref('error')),
  },
  {},
  'one artifact in one format',
)

const DELIVERY = object<ReportedDelivery>(
  {
    artifact: TEXT,
    id: says(COUNT, 'number of the delivery, as prov outbox has it'),
    target: says(TEXT, "name of the backend; seal: the run's mark as signed"),
    slot: TEXT,
    state: oneOf(STATES),
    required: BOOL,
    due: says(TEXT, 'when it is tried next: RFC 3339'),
  },
  { host: says(TEXT, 'the only machine that can deliver it'), error: ref('error') },
  'one copy, or one mark as signed, in the truth',
)

const TRUTH = object<TruthReport>(
  {
    url: says(TEXT, 'without a password'),
    committed: says(BOOL, 'the entries and everything that is owed are in the truth'),
    deliveries: list(DELIVERY),
    unserved: says(
      list(TEXT),
      'backends that a copy is owed to, and that no worker has served in the last ten minutes',
    ),
  },
  {},
  'with --truth: what was committed, and what became of it until the command ended',
)

/** The report as run-store.ts prints it. */
interface Printed extends StoreReport, WithInput {
  readonly truth?: TruthReport
  readonly command: string
  readonly version: string
  readonly dryRun: boolean
  readonly notes: readonly string[]
  readonly next?: string
}

export const schema = output(
  'prov store --json',
  object<Printed>(
    {
      command: { const: 'store' },
      version: TEXT,
      dryRun: BOOL,
      exit: EXIT,
      items: list(ITEM),
      sealed: says(list(TEXT), 'runs that were marked as signed'),
      findings: list(ref('error')),
      notes: list(TEXT),
    },
    { input: INPUT, next: NEXT, truth: TRUTH },
  ),
)
