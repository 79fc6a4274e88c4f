/** What the commands of `prov keys` on a journal print with --json, and the file of a journal. */

import type { BackendReport } from '../../doctor/backend.ts'
import type { ErrorJson } from '../../errors.ts'
import { KEY_STATUSES, type KeyStatus } from '../../keys/status.ts'
import type { Imported } from '../../keysets/import.ts'
import { type DamagedRow, DEEDS, type EventFacts, type JournalName } from '../../keysets/journal.ts'
import type { JournalJson, KeyJson } from '../../keysets/journal-json.ts'
import type { Pruned } from '../../keysets/prune.ts'
import type { DoneStep } from '../../keysets/rotate-job.ts'
import { BACKEND_OUTCOMES, DIAGNOSIS } from './doctor.ts'
import { output } from './document.ts'
import { EXIT, NEXT, ref } from './parts.ts'
import { BOOL, COUNT, list, object, oneOf, type Schema, says, TEXT } from './shape.ts'

interface Head {
  readonly command: string
  readonly version: string
}

const head = (command: string) => ({ command: { const: `keys ${command}` }, version: TEXT })

const JOURNAL = object<JournalName>({ id: TEXT, name: TEXT }, {}, 'the journal of the key store')
const TIME = says(TEXT, 'RFC 3339')
const KID = says(TEXT, 'thumbprint of the key (RFC 7638)')
const NUMBER = says(COUNT, 'number of the key in its journal')
const STATUS: Schema = says(
  oneOf(KEY_STATUSES),
  Object.entries(KEY_STATUSES)
    .map(([status, { meaning }]) => `${status}: ${meaning}`)
    .join('; '),
)

const KEY = object<KeyJson>(
  { n: NUMBER, status: STATUS, created: TIME },
  {
    kid: KID,
    alg: says(TEXT, 'RFC 7518'),
    spki: says(TEXT, 'SubjectPublicKeyInfo, DER, base64'),
    published: TIME,
    activates: says(TIME, 'since when it signs, or from when on it may'),
    ended: says(TIME, 'when another key took its place, or it was revoked'),
    retires: says(TIME, 'end of its validity'),
    revoked: object<NonNullable<KeyJson['revoked']>>(
      { since: says(TIME, 'what it signed since then must not be trusted'), reason: TEXT },
      {},
    ),
  },
)

type ShownDamage = Omit<DamagedRow, 'revoked'>

const DAMAGED = object<ShownDamage>(
  { n: NUMBER, status: TEXT, why: TEXT },
  { kid: says(TEXT, 'what the row says that its kid is') },
  'a row that cannot be read',
)

interface EventJson {
  readonly change: number
  readonly at: string
  readonly who: string
  readonly what: EventFacts
}

const FACTS = object<EventFacts>(
  { did: says({ type: 'string', enum: DEEDS }, 'unreadable: somebody changed it by hand') },
  {
    n: NUMBER,
    kid: KID,
    before: says(TEXT, 'kid of the key that signed until then'),
    unsafe: says({ const: true }, 'nobody knew whether it was public'),
    imported: says({ const: true }, 'it was taken in as the key that signs'),
    seq: says(COUNT, "number of the region's file"),
    urls: says(COUNT, 'public URLs that showed the key'),
    reason: TEXT,
    since: TIME,
    keys: COUNT,
    privateKeys: COUNT,
    intents: COUNT,
  },
  'what was done',
)

const EVENT = object<EventJson>({ change: COUNT, at: TIME, who: TEXT, what: FACTS }, {})

export const init = output(
  'prov keys init --json',
  object<Head & { readonly journal: JournalName; readonly made: boolean; readonly store: string }>(
    { ...head('init'), journal: JOURNAL, made: says(BOOL, 'false for one that was there'), store: TEXT },
    {},
  ),
)

export const journal = output(
  'prov keys journal --json',
  object<Head & JournalJson & { readonly damaged: readonly ShownDamage[]; readonly events?: readonly EventJson[] }>(
    { ...head('journal'), journal: JOURNAL, changes: COUNT, keys: list(KEY), damaged: list(DAMAGED) },
    { events: says(list(EVENT), 'the newest first') },
  ),
)

interface ShownKey {
  readonly n: number
  readonly status: KeyStatus
  readonly kid?: string
  readonly activates?: string
}

const SHOWN = object<ShownKey>({ n: NUMBER, status: STATUS }, { kid: KID, activates: TIME })

interface Rotated extends Head {
  readonly exit: number
  readonly journal: JournalName
  readonly changes: number
  readonly steps: readonly DoneStep[]
  readonly active?: ShownKey
  readonly upcoming?: ShownKey
  readonly lost: number
  readonly finding?: ErrorJson
  readonly next?: string
}

const STEPS: Readonly<Record<DoneStep['step'], true>> = {
  intend: true,
  make: true,
  record: true,
  publish: true,
  prove: true,
  activate: true,
  retire: true,
  destroy: true,
}

export const rotate = output(
  'prov keys rotate --json',
  object<Rotated>(
    {
      ...head('rotate'),
      exit: EXIT,
      journal: JOURNAL,
      changes: COUNT,
      steps: says(list(object<DoneStep>({ step: oneOf(STEPS), n: NUMBER }, { kid: KID })), 'what was done, in order'),
      lost: says(COUNT, 'how often somebody else changed the journal first'),
    },
    {
      active: SHOWN,
      upcoming: says(SHOWN, 'the key that is on its way'),
      finding: ref('error'),
      next: NEXT,
    },
  ),
)

export const imported = output(
  'prov keys import --json',
  object<Head & Imported & { readonly journal: JournalName }>(
    {
      ...head('import'),
      journal: JOURNAL,
      keys: list(
        object<Imported['keys'][number]>(
          { n: NUMBER, kid: KID, status: STATUS, isNew: says(BOOL, 'false for one that the journal knew before') },
          {},
        ),
      ),
    },
    {},
  ),
)

const SKIPPED = object<Pruned['findings'][number]>(
  { n: NUMBER, code: oneOf({ keyset_refused: true }), message: TEXT },
  {},
)

export const prune = output(
  'prov keys prune --json',
  object<
    Head &
      Pruned & {
        readonly exit: number
        readonly journal: JournalName
        readonly dryRun: boolean
        readonly next?: string
      }
  >(
    {
      ...head('prune'),
      exit: EXIT,
      journal: JOURNAL,
      dryRun: BOOL,
      privateKeys: says(list(TEXT), 'names of the private keys that were removed'),
      intents: says(list(COUNT), 'numbers that no key was made for'),
      findings: says(list(SKIPPED), 'rows that cannot be read, and were left alone'),
    },
    { next: NEXT },
  ),
)

interface RevokedJson extends Head {
  readonly journal: JournalName
  readonly n: number
  readonly kid: string
  readonly revoked: boolean
  readonly wasActive: boolean
  readonly damaged?: string
}

export const revoke = output(
  'prov keys revoke --json',
  object<RevokedJson>(
    {
      ...head('revoke'),
      journal: JOURNAL,
      n: NUMBER,
      kid: KID,
      revoked: says(BOOL, 'false for one that was revoked before'),
      wasActive: says(BOOL, 'nothing signs until another key is active'),
    },
    { damaged: says(TEXT, 'why its row still cannot be read; absent: it can') },
  ),
)

export const doctor = output(
  'prov keys doctor --json',
  object<Head & Omit<BackendReport, 'backend'> & { readonly next?: string }>(
    { ...head('doctor'), exit: EXIT, outcome: oneOf(BACKEND_OUTCOMES), checks: list(DIAGNOSIS) },
    { next: NEXT },
  ),
)
