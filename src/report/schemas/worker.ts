/** What `prov worker --json` prints: a line for each delivery, and what it came to. */
import { ENTRY_STATES, STATES } from '../../truth/states.ts'
import type { WorkerEvent, WorkerReport } from '../text/worker-text.ts'
import { output } from './document.ts'
import { EXIT, NEXT, ref } from './parts.ts'
import { IMPORTED_ITEM } from './reconcile.ts'
import { COUNT, list, object, oneOf, says, TEXT } from './shape.ts'

const OUTCOMES: Readonly<Record<WorkerEvent['outcome'], true>> = {
  done: true,
  held: true,
  gone: true,
  'to try again': true,
  quarantined: true,
  'given back': true,
  stale: true,
}

const EVENT = object<WorkerEvent>(
  {
    id: says(COUNT, 'number of the delivery'),
    target: says(TEXT, "name of the backend; seal: the run's mark as signed"),
    slot: TEXT,
    artifact: says(TEXT, 'URI of the artifact'),
    format: TEXT,
    outcome: oneOf(OUTCOMES),
  },
  { location: TEXT, afterMs: says(COUNT, 'milliseconds until it is tried again'), error: ref('error') },
  'what became of one delivery',
)

/** States of what is owed. */
export const OWED_STATE = oneOf({ ...STATES, ...ENTRY_STATES })

interface Summary extends WorkerReport {
  readonly command: string
  readonly version: string
  readonly next?: string
}

const SUMMARY = object<Summary>(
  {
    command: { const: 'worker' },
    version: TEXT,
    delivered: COUNT,
    held: COUNT,
    gone: COUNT,
    quarantined: says(COUNT, 'entries that do not verify any more'),
    givenBack: says(COUNT, 'entries that are signed by none of the keys given'),
    stale: says(COUNT, 'results that came after another worker had taken over'),
    owed: says(
      list(object<WorkerReport['owed'][number]>({ target: TEXT, state: OWED_STATE, rows: COUNT }, {})),
      'with --once: what is still owed to the backends of this worker',
    ),
    exit: EXIT,
  },
  { next: NEXT },
  'the last line',
)

export const schema = output('each line of prov worker --json', EVENT, IMPORTED_ITEM, SUMMARY)
