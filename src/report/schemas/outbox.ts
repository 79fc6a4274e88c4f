/** What the commands of `prov outbox` print with --json. */
import type { ErrorJson } from '../../errors.ts'
import { STATES } from '../../truth/states.ts'
import type { Backlog } from '../../truth/truth.ts'
import type { DeliveryJson } from '../text/outbox-text.ts'
import { output } from './document.ts'
import { EXIT, ref } from './parts.ts'
import { BOOL, COUNT, list, object, oneOf, type Schema, says, TEXT } from './shape.ts'
import { OWED_STATE } from './worker.ts'

export const ROW = object<DeliveryJson>(
  {
    id: COUNT,
    uri: says(TEXT, 'URI of the artifact'),
    format: TEXT,
    target: says(TEXT, "name of the backend; seal: the run's mark as signed"),
    slotKey: TEXT,
    state: OWED_STATE,
    required: BOOL,
    attempts: COUNT,
    due: says(TEXT, 'RFC 3339'),
    changed: says(TEXT, 'RFC 3339'),
  },
  {
    run: says(TEXT, 'uid'),
    host: says(TEXT, 'the only machine that can deliver it'),
    hostSeen: says(TEXT, 'when that machine was last seen, RFC 3339; of what is still owed'),
    error: says(ref('error'), 'what went wrong the last time'),
    deliveryState: says(oneOf(STATES), 'of a quarantined entry: the state of the delivery'),
    location: says(TEXT, 'where the copy is'),
  },
  'one delivery',
)

interface Counted {
  readonly target: string
  readonly state: string
  readonly rows: number
}

const COUNTED = object<Counted>({ target: TEXT, state: oneOf(STATES), rows: COUNT }, {})
const OWED = object<Backlog>(
  { target: TEXT, state: OWED_STATE, rows: COUNT, oldestMs: says(COUNT, 'age of the oldest entry') },
  {},
)

interface Counts {
  readonly command: string
  readonly version: string
  readonly counts: readonly Counted[]
  readonly backlog: readonly Backlog[]
}

const COUNTS = object<Counts>(
  {
    command: { const: 'outbox ls' },
    version: TEXT,
    counts: list(COUNTED),
    backlog: says(list(OWED), 'what is owed; marks as signed under their backend'),
  },
  {},
  'with --count',
)

export const ls = output('each line of prov outbox ls --json', ROW, COUNTS)

interface Retried {
  readonly command: string
  readonly version: string
  readonly ids: readonly number[]
  readonly stayed?: readonly number[]
  readonly failures?: readonly ErrorJson[]
}

const IDS: Schema = list(COUNT)

export const retry = output(
  'prov outbox retry --json',
  object<Retried>(
    { command: { const: 'outbox retry' }, version: TEXT, ids: says(IDS, 'deliveries that are tried again') },
    {
      stayed: says(IDS, 'deliveries that are done, or need another prov store of their run'),
      failures: says(list(ref('error')), 'entries that still do not verify'),
    },
  ),
)

export const drop = output(
  'prov outbox drop --json',
  object<{ readonly command: string; readonly version: string; readonly ids: readonly number[] }>(
    { command: { const: 'outbox drop' }, version: TEXT, ids: IDS },
    {},
  ),
)

export const forget = output(
  'prov outbox forget --json',
  object<{ readonly command: string; readonly version: string; readonly run: string; readonly remains: string }>(
    { command: { const: 'outbox forget' }, version: TEXT, run: TEXT, remains: says(TEXT, 'what cannot be removed') },
    {},
  ),
)

interface Pruned {
  readonly seq: number
  readonly artifact: string
  readonly format: string
  readonly outcome: string
  readonly confirmed: readonly string[]
  readonly findings: readonly ErrorJson[]
}

interface PruneSummary {
  readonly command: string
  readonly version: string
  readonly dryRun: boolean
  readonly removed: number
  readonly kept: number
  readonly exit: number
}

export const prune = output(
  'each line of prov outbox prune --json',
  object<Pruned>(
    {
      seq: COUNT,
      artifact: TEXT,
      format: TEXT,
      outcome: oneOf({ removed: true, 'would be removed': true, kept: true }),
      confirmed: says(list(TEXT), 'where a fresh look found the bytes: backend and location'),
      findings: list(ref('error')),
    },
    {},
    'one entry',
  ),
  object<PruneSummary>(
    { command: { const: 'outbox prune' }, version: TEXT, dryRun: BOOL, removed: COUNT, kept: COUNT, exit: EXIT },
    {},
    'the last line',
  ),
)
