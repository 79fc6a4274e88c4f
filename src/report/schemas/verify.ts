/** What `prov verify --json` prints. */

import { ERRORS } from '../../errors.ts'
import type { Subject } from '../../model/artifact.ts'
import type { Difference } from '../../model/difference.ts'
import type { Built } from '../../provenance/built.ts'
import type { Identity } from '../../trust/identity.ts'
import type { KeySetSource, TrustSummary } from '../../trust/trust.ts'
import type { Agreement, Row, Stranger } from '../../verify/agree.ts'
import type { OtherKey } from '../../verify/other-key.ts'
import type { Lending, Retired } from '../../verify/rests-on.ts'
import type { VerifiedArtifact, VerifyReport } from '../../verify/verify.ts'
import type { Totals } from '../forms/form.ts'
import type { Stopped, VerifySummary } from '../text/survey-text.ts'
import { MARKS } from '../text/verify-text.ts'
import { output } from './document.ts'
import {
  BACKEND,
  CODE,
  ENTRY_ID,
  EXIT,
  INPUT,
  KIND,
  NEXT,
  ref,
  SHA256,
  SIGNATURES,
  TYPE,
  type WithInput,
} from './parts.ts'
import { BOOL, COUNT, list, object, oneOf, says, TEXT, tally } from './shape.ts'

const DIFFERENCE = object<Difference>({ pointer: says(TEXT, 'JSON pointer') }, { reference: TEXT, copy: TEXT })

const ROW = object<Row>(
  {
    backend: BACKEND,
    mark: says(
      oneOf(MARKS),
      Object.entries(MARKS)
        .map(([mark, meaning]) => `${mark} ${meaning}`)
        .join('. '),
    ),
  },
  {
    slot: TEXT,
    format: TEXT,
    location: TEXT,
    entry: ENTRY_ID,
    signatures: SIGNATURES,
    keyids: list(TEXT),
    error: ref('error'),
    signer: says(
      TEXT,
      'of a copy that is refused: the identity or key id of who has signed it; with key_untrusted unproven',
    ),
    detail: TEXT,
    differences: says(
      list(DIFFERENCE),
      'what `*` or a re-serialised `~` does not share with the reference, at most 20',
    ),
  },
  'the verdict on one place and format',
)

const STRANGER = object<Stranger>(
  { code: CODE, message: TEXT, backend: BACKEND, location: TEXT },
  { operation: TEXT, hint: TEXT, retryAfterMs: COUNT, faults: list(ref('error')) },
  "somebody else's entry in a shared place",
)

const IDENTITY = object<Identity>({ identity: TEXT, issuer: TEXT }, {})

const ARTIFACT = object<VerifiedArtifact>(
  {
    artifact: TEXT,
    uri: says(TEXT, 'oci:// for an image, prov: for a run or a Statement'),
    subjects: list(object<Subject>({ name: TEXT, digest: tally(undefined, TEXT) }, {})),
    type: TYPE,
    kind: KIND,
    rows: list(ROW),
    strangers: list(STRANGER),
    references: says(
      list(object<Agreement['references'][number]>({ format: TEXT, location: TEXT, entry: ENTRY_ID }, {})),
      'the first copy that verifies, of each format: what the others are compared with',
    ),
    exit: EXIT,
    findings: list(ref('error')),
    holding: says(list(TEXT), 'backends that hold a copy that agrees in each of their places'),
  },
  {
    built: says(object<Built>({}, { builder: TEXT, source: TEXT }), 'as the first copy that verifies states it'),
    identities: says(list(IDENTITY), 'who holds the certificates of the copies that verify'),
    until: says(TEXT, 'when the first validity ends that the verdict rests on'),
    retired: says(
      list(object<Retired>({ source: TEXT, keyid: TEXT, until: TEXT, copies: list(TEXT) }, {})),
      'keys whose time is over, with the copies that hang on them',
    ),
    lent: says(
      list(object<Lending>({ backend: BACKEND, location: TEXT, from: BACKEND }, {})),
      'copies that lack a proof which another backend holds for the same signature',
    ),
  },
)

/** The report as run-verify.ts prints it. */
interface Printed extends VerifyReport, WithInput {
  readonly command: string
  readonly version: string
  readonly notes: readonly string[]
  readonly totals: Totals
  readonly next?: string
  readonly cached?: boolean
  readonly age?: number
}

/** The last line of --all, as run-verify-all.ts prints it. */
interface Summary extends VerifySummary {
  readonly command: string
  readonly version: string
  readonly all: true
  readonly complete: boolean
  readonly whole: boolean
  readonly otherKey?: OtherKey
  readonly stopped?: Stopped
  readonly trust: VerifyReport['trust']
  readonly totals: Totals
  readonly next?: string
}

const OTHER_KEY = object<OtherKey>(
  { keyid: TEXT, given: list(object<OtherKey['given'][number]>({ keyid: TEXT, source: TEXT }, {})) },
  {},
  'no copy verifies, and each that names a key names this one',
)

const STOPPED = object<Stopped>(
  { checked: says(COUNT, 'artifacts'), found: says(COUNT, 'places listed so far'), notChecked: COUNT },
  {},
  'after Ctrl-C',
)

type Words = Readonly<Record<KeySetSource['word'], true>>

const TRUST = object<VerifyReport['trust']>(
  { hash: SHA256, keyids: list(TEXT) },
  {
    identities: says(list(IDENTITY), 'who may sign with a certificate'),
    keySets: says(
      list(
        object<KeySetSource>(
          { source: says(TEXT, 'URL'), word: oneOf({ publishers: true, server: true } satisfies Words) },
          {},
        ),
      ),
      'URLs that keys came from, and on whose word: signatures of publishers that were verified, or nobody but the server',
    ),
    root: says(object<NonNullable<TrustSummary['root']>>({ source: TEXT, hash: SHA256 }, {}), 'Sigstore trusted root'),
    threshold: says(COUNT, 'signers that an entry needs'),
  },
  'the keys and identities that the verdict rests on',
)

const TOTALS = object<Totals>(
  {
    artifacts: COUNT,
    findings: says(COUNT, 'findings that count'),
    strangers: COUNT,
    marks: says(tally(MARKS, COUNT), 'how many places have which mark'),
  },
  {},
  'how much there was',
)

const SUMMARY = object<Summary>(
  {
    command: { const: 'verify' },
    version: TEXT,
    all: { const: true },
    exit: EXIT,
    artifacts: COUNT,
    marks: says(tally(undefined, tally(MARKS, COUNT)), 'of each backend, how many places have which mark'),
    strangers: COUNT,
    codes: tally(ERRORS, COUNT),
    complete: says(BOOL, 'false when it was stopped'),
    whole: says(BOOL, 'false for a shard, a sample, or a part'),
    trust: TRUST,
    totals: TOTALS,
  },
  { otherKey: OTHER_KEY, stopped: STOPPED, next: NEXT },
  'with --all, the last line; those before it are artifacts',
)

export const schema = output(
  'prov verify --json',
  object<Printed>(
    {
      command: { const: 'verify' },
      version: TEXT,
      exit: EXIT,
      artifacts: list(ARTIFACT),
      findings: list(ref('error')),
      trust: TRUST,
      notes: list(TEXT),
      totals: TOTALS,
    },
    {
      input: INPUT,
      otherKey: OTHER_KEY,
      next: NEXT,
      cached: says(BOOL, 'with --cache: true where the verdict, or a part of it, was kept and not made now'),
      age: says(COUNT, 'with --cache: age of the oldest part in milliseconds; 0 where all of it was made now'),
    },
    'without --all',
  ),
  ARTIFACT,
  SUMMARY,
)
