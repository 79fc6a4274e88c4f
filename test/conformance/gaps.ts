/** What each backend is known not to do, with the reason. Plain data: the suite checks it, the docs print it. */
import { type Gap, LINES, type Line } from './lines.ts'

/** prov's own say how they show, each. */
type KnownGap = Gap & Required<Pick<Gap, 'shows'>>

const NO_NETWORK = 'cannot happen: there is no network in between'

const MEMORY: readonly KnownGap[] = [
  { line: 'denied', shows: 'untried', reason: 'cannot happen: the memory of the process asks for no credentials' },
  { line: 'throttled', shows: 'untried', reason: NO_NETWORK },
  { line: 'unreachable', shows: 'untried', reason: NO_NETWORK },
  { line: 'timedOut', shows: 'untried', reason: NO_NETWORK },
  { line: 'tooLarge', shows: 'untried', reason: 'cannot happen: nothing is transferred' },
  {
    line: 'abortDuring',
    shows: 'untried',
    reason: 'cannot happen: every call ends at the next turn of the event loop',
  },
  { line: 'seal', shows: 'untried', reason: 'not kept on the run, so there is nothing to mark' },
]

const FLAT: KnownGap = {
  line: 'flat',
  shows: 'untried',
  reason: 'thousands of calls to a server take long: measured apart, by test/bench/long-lived.ts',
}

const PROOF_RACE: KnownGap = {
  line: 'proofRace',
  shows: 'differs',
  reason:
    'registries have no conditional write of a tag: of unlike proofs that are added to one signature at once one may be lost, as the read-back says',
  byChance: true,
}

const OCI: readonly KnownGap[] = [
  FLAT,
  PROOF_RACE,
  { line: 'seal', shows: 'untried', reason: 'not kept on the run, so there is nothing to mark' },
]

const READBACK =
  'registries have no conditional write of a tag: of two writers at once one may be lost (tag-writes: markers loses none)'

const OCI_READBACK: readonly KnownGap[] = [...OCI, { line: 'race', shows: 'differs', reason: READBACK, byChance: true }]

const OCI_LAYOUT: readonly KnownGap[] = [
  { line: 'denied', shows: 'untried', reason: 'tried apart: the tests may run as root, whom no folder denies' },
  { line: 'throttled', shows: 'untried', reason: NO_NETWORK },
  { line: 'unreachable', shows: 'untried', reason: NO_NETWORK },
  { line: 'timedOut', shows: 'untried', reason: NO_NETWORK },
  { line: 'tooLarge', shows: 'untried', reason: 'tried apart: a blob over the limit' },
  { line: 'abortDuring', shows: 'untried', reason: 'cannot happen: no file operation hangs' },
  { line: 'seal', shows: 'untried', reason: 'not kept on the run, so there is nothing to mark' },
]

const BUNDLES: readonly KnownGap[] = [
  {
    line: 'envelope',
    shows: 'differs',
    reason: 'a bundle takes the envelope apart; payload, signatures and key ids survive',
  },
  { line: 'seal', shows: 'untried', reason: 'not kept on the run, so there is nothing to mark' },
]

const OCI_BUNDLES: readonly KnownGap[] = [
  ...BUNDLES,
  FLAT,
  { line: 'list', shows: 'untried', reason: 'bundles lie with their images; no registry can be asked for all of them' },
  {
    line: 'listFound',
    shows: 'untried',
    reason: 'bundles lie with their images; no registry can be asked for all of them',
  },
]

const OCI_BUNDLES_READBACK: readonly KnownGap[] = [
  ...OCI_BUNDLES,
  PROOF_RACE,
  { line: 'race', shows: 'differs', reason: READBACK, byChance: true },
]

const OCI_BUNDLES_LAYOUT: readonly KnownGap[] = [...BUNDLES, ...OCI_LAYOUT.filter(({ line }) => line !== 'seal')]

const ONE_MACHINE = 'cannot happen: a file is on this machine'

const ANNOTATIONS: readonly KnownGap[] = [
  {
    line: 'severalSignatures',
    shows: 'not_supported',
    kind: 'raw',
    reason: "Chains' annotations of an image hold one signature; put refuses more",
  },
]

const TEKTON_CLUSTER: readonly KnownGap[] = [...ANNOTATIONS, FLAT]

const TEKTON_OWN_FILE: readonly KnownGap[] = [
  ...ANNOTATIONS,
  {
    line: 'flat',
    shows: 'untried',
    reason: 'runs that are not in the file yet are kept until it closes: they may have to be added to it',
  },
  {
    line: 'sizeLimit',
    shows: 'untried',
    reason: 'a file has none; over the 262,144 bytes that a cluster takes there is a warning',
  },
  { line: 'throttled', shows: 'untried', reason: ONE_MACHINE },
  { line: 'unreachable', shows: 'untried', reason: ONE_MACHINE },
  { line: 'timedOut', shows: 'untried', reason: 'a file that another process locks for too long is a conflict' },
]

const TEKTON: readonly KnownGap[] = [
  ...TEKTON_OWN_FILE,
  {
    line: 'list',
    shows: 'untried',
    reason: 'runs are edited where they were read; only the file of storage.tekton.file can be listed',
  },
  {
    line: 'listFound',
    shows: 'untried',
    reason: 'runs are edited where they were read; only the file of storage.tekton.file can be listed',
  },
]

const NOT_ON_THE_RUN = 'not kept on the run, so there is nothing to mark'

/** Chains' document has six fields, and its reader refuses one with more. */
const DOCDB: readonly KnownGap[] = [
  {
    line: 'severalSignatures',
    shows: 'not_supported',
    kind: 'raw',
    reason: "Chains' document of an image holds one signature; put refuses more",
  },
  { line: 'seal', shows: 'untried', reason: NOT_ON_THE_RUN },
]

const DOCDB_SQLITE: readonly KnownGap[] = [
  ...DOCDB,
  { line: 'denied', shows: 'untried', reason: 'tried apart: the tests may run as root, whom no file denies' },
  { line: 'throttled', shows: 'untried', reason: NO_NETWORK },
  { line: 'unreachable', shows: 'untried', reason: NO_NETWORK },
  { line: 'tooLarge', shows: 'untried', reason: 'tried apart: a row over the limit' },
]

const DOCDB_DYNAMO: readonly KnownGap[] = [...DOCDB, FLAT]

const DOCDB_SERVER: readonly KnownGap[] = [
  ...DOCDB_DYNAMO,
  {
    line: 'tooLarge',
    shows: 'untried',
    reason: 'cannot happen: the engine bounds a document, and its driver an answer',
  },
]

const OBJECTS: readonly KnownGap[] = [
  {
    line: 'severalSignatures',
    shows: 'not_supported',
    kind: 'raw',
    reason: "Chains' objects of an image hold one signature; put refuses more",
  },
  { line: 'seal', shows: 'untried', reason: 'not kept on the run, so there is nothing to mark' },
]

const OBJECTS_SERVER: readonly KnownGap[] = [...OBJECTS, FLAT]

const OBJECTS_DIRECTORY: readonly KnownGap[] = [
  ...OBJECTS,
  { line: 'denied', shows: 'untried', reason: 'tried apart: the tests may run as root, whom no folder denies' },
  { line: 'throttled', shows: 'untried', reason: NO_NETWORK },
  { line: 'unreachable', shows: 'untried', reason: NO_NETWORK },
  { line: 'timedOut', shows: 'untried', reason: NO_NETWORK },
  { line: 'tooLarge', shows: 'untried', reason: 'tried apart: a file over the limit' },
  { line: 'abortDuring', shows: 'untried', reason: 'cannot happen: no file operation hangs' },
]

const ARCHIVISTA: readonly KnownGap[] = [
  { line: 'replace', shows: 'untried', reason: 'Archivista keeps what it was given for good; a new copy goes beside' },
  {
    line: 'replaceDamage',
    shows: 'untried',
    reason: 'Archivista keeps what it was given for good; damage is for its operator',
  },
  {
    line: 'replaceConflict',
    shows: 'untried',
    reason: 'Archivista keeps what it was given for good; nothing is replaced',
  },
  { line: 'remove', shows: 'untried', reason: 'Archivista keeps what it was given for good; nothing is removed' },
  { line: 'removeGone', shows: 'untried', reason: 'Archivista keeps what it was given for good; nothing is removed' },
  { line: 'removeProofs', shows: 'untried', reason: 'Archivista keeps what it was given for good; nothing is removed' },
  {
    line: 'replaceProofs',
    shows: 'untried',
    reason: 'Archivista keeps what it was given for good; nothing is replaced',
  },
  { line: 'list', shows: 'untried', reason: 'Archivista finds by subject; its index cannot be listed by run' },
  { line: 'listFound', shows: 'untried', reason: 'Archivista finds by subject; its index cannot be listed by run' },
  { line: 'seal', shows: 'untried', reason: NOT_ON_THE_RUN },
]

const NO_PROOFS = (['logProof', 'logEntries', 'timestamps', 'proofOfOne', 'addsProof', 'proofRace'] as const).map(
  (line): KnownGap => ({
    line,
    shows: 'differs',
    reason:
      'a Grafeas envelope has payload, signatures and key ids; proofs are left out, and the signature is complete without',
  }),
)

const GRAFEAS: readonly KnownGap[] = [
  {
    line: 'certificates',
    shows: 'not_supported',
    reason: 'a Grafeas envelope has no place for them; put refuses what needs one',
  },
  ...NO_PROOFS,
  {
    line: 'envelope',
    shows: 'differs',
    kind: 'dsse',
    reason: 'Grafeas keeps payload and signatures as fields, not the text of an envelope',
  },
  { line: 'envelope', shows: 'differs', kind: 'raw', reason: 'Grafeas keeps payload and signatures as fields' },
  { line: 'sizeLimit', shows: 'untried', reason: 'the service states no limit of its own' },
  {
    line: 'replace',
    shows: 'untried',
    reason: 'an occurrence has no version that a condition could name; a new copy goes beside',
  },
  {
    line: 'replaceDamage',
    shows: 'untried',
    reason: 'an occurrence has no version that a condition could name; a good copy goes beside',
  },
  {
    line: 'replaceConflict',
    shows: 'untried',
    reason: 'an occurrence has no version that a condition could name; nothing is replaced',
  },
  {
    line: 'remove',
    shows: 'untried',
    reason: 'an occurrence has no version that a condition could name; nothing is removed',
  },
  {
    line: 'removeGone',
    shows: 'untried',
    reason: 'an occurrence has no version that a condition could name; nothing is removed',
  },
  {
    line: 'removeProofs',
    shows: 'untried',
    reason: 'an occurrence has no version that a condition could name; nothing is removed',
  },
  {
    line: 'replaceProofs',
    shows: 'untried',
    reason: 'an occurrence has no version that a condition could name; nothing is replaced',
  },
  { line: 'seal', shows: 'untried', reason: NOT_ON_THE_RUN },
]

/** What can be said of a store into which nobody can look. */
const HOLD_UNSEEN: readonly Line[] = ['needsRun', 'slotsPure']
/** Lines that end otherwise for each kind. */
const BY_KIND: readonly Line[] = ['severalSignatures', 'size']

const UNSEEN = 'write-only: nobody can look up what was accepted, so no copy there ever counts'
/** Lines that end with the refusal of a look. */
const LOOK: readonly Line[] = [
  'proofOfOne',
  'proofRace',
  'abortBefore',
  'absent',
  'another',
  'close',
  'diagnose',
  'getMany',
  'resign',
  'sizeLimit',
]
/** Lines that demand `written` of a put, which is `accepted` here. */
const WRITTEN: readonly Line[] = [
  'addsProof',
  'bytes',
  'certificates',
  'envelope',
  'logEntries',
  'logProof',
  'nonAscii',
  'plainKey',
  'putTwice',
  'race',
  'raceMany',
  'slotsMatch',
  'spelling',
  'timestamps',
]

const PUBSUB: readonly KnownGap[] = [
  ...(Object.keys(LINES) as Line[])
    .filter((line) => !HOLD_UNSEEN.includes(line) && !BY_KIND.includes(line))
    .map((line): KnownGap => {
      const shows = LOOK.includes(line) ? 'not_supported' : WRITTEN.includes(line) ? 'differs' : 'untried'
      return { line, shows, reason: UNSEEN }
    }),
  { line: 'severalSignatures', kind: 'dsse', shows: 'differs', reason: UNSEEN },
  { line: 'severalSignatures', kind: 'raw', shows: 'not_supported', reason: UNSEEN },
  { line: 'size', kind: 'dsse', shows: 'not_supported', reason: UNSEEN },
  { line: 'size', kind: 'raw', shows: 'entry_too_large', reason: UNSEEN },
]

export const GAPS = {
  tekton: TEKTON,
  tektonOwnFile: TEKTON_OWN_FILE,
  tektonCluster: TEKTON_CLUSTER,
  oci: OCI,
  ociReadback: OCI_READBACK,
  ociLayout: OCI_LAYOUT,
  ociBundles: OCI_BUNDLES,
  ociBundlesReadback: OCI_BUNDLES_READBACK,
  ociBundlesLayout: OCI_BUNDLES_LAYOUT,
  docdb: DOCDB_SERVER,
  docdbDynamo: DOCDB_DYNAMO,
  docdbSqlite: DOCDB_SQLITE,
  gcs: OBJECTS_SERVER,
  s3: OBJECTS_SERVER,
  objectsDirectory: OBJECTS_DIRECTORY,
  archivista: ARCHIVISTA,
  grafeas: GRAFEAS,
  pubsub: PUBSUB,
  memory: MEMORY,
} as const satisfies Record<string, readonly KnownGap[]>
