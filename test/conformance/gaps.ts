/** What each backend is known not to do, with the reason. Plain data: the suite checks it, the docs print it. */
import { type Gap, LINES, type Line } from './lines.ts'

const NO_NETWORK = 'cannot happen: there is no network in between'

const MEMORY: readonly Gap[] = [
  { line: 'denied', reason: 'cannot happen: the memory of the process asks for no credentials' },
  { line: 'throttled', reason: NO_NETWORK },
  { line: 'unreachable', reason: NO_NETWORK },
  { line: 'timedOut', reason: NO_NETWORK },
  { line: 'tooLarge', reason: 'cannot happen: nothing is transferred' },
  { line: 'abortDuring', reason: 'cannot happen: every call ends at the next turn of the event loop' },
  { line: 'seal', reason: 'not kept on the run, so there is nothing to mark' },
]

const OCI: readonly Gap[] = [{ line: 'seal', reason: 'not kept on the run, so there is nothing to mark' }]

const READBACK =
  'registries have no conditional write of a tag: of two writers at once one may be lost (tag-writes: markers loses none)'

const OCI_READBACK: readonly Gap[] = [...OCI, { line: 'race', reason: READBACK, byChance: true }]

const OCI_LAYOUT: readonly Gap[] = [
  { line: 'denied', reason: 'tried apart: the tests may run as root, whom no folder denies' },
  { line: 'throttled', reason: NO_NETWORK },
  { line: 'unreachable', reason: NO_NETWORK },
  { line: 'timedOut', reason: NO_NETWORK },
  { line: 'tooLarge', reason: 'tried apart: a blob over the limit' },
  { line: 'abortDuring', reason: 'cannot happen: no file operation hangs' },
  { line: 'seal', reason: 'not kept on the run, so there is nothing to mark' },
]

const BUNDLES: readonly Gap[] = [
  { line: 'certificates', reason: 'a bundle of v0.3 holds the leaf certificate, and no chain' },
  {
    line: 'logProof',
    reason: "cosign's old form has no inclusion proof, which a bundle demands; the signature is complete without",
  },
  { line: 'envelope', reason: 'a bundle takes the envelope apart; payload, signatures and key ids survive' },
  { line: 'seal', reason: 'not kept on the run, so there is nothing to mark' },
]

const OCI_BUNDLES: readonly Gap[] = [
  ...BUNDLES,
  { line: 'list', reason: 'bundles lie with their images; no registry can be asked for all of them' },
  { line: 'listFound', reason: 'bundles lie with their images; no registry can be asked for all of them' },
]

const OCI_BUNDLES_READBACK: readonly Gap[] = [...OCI_BUNDLES, { line: 'race', reason: READBACK, byChance: true }]

const OCI_BUNDLES_LAYOUT: readonly Gap[] = [...BUNDLES, ...OCI_LAYOUT.filter(({ line }) => line !== 'seal')]

const ONE_MACHINE = 'cannot happen: a file is on this machine'

const TEKTON_CLUSTER: readonly Gap[] = [
  {
    line: 'severalSignatures',
    kind: 'raw',
    reason: "Chains' annotations of an image hold one signature; put refuses more",
  },
  { line: 'logProof', reason: "Chains' annotations have no place for it; the signature is complete without" },
  { line: 'timestamps', reason: "Chains' annotations have no place for them; the signature is complete without" },
]

const TEKTON_OWN_FILE: readonly Gap[] = [
  ...TEKTON_CLUSTER,
  { line: 'sizeLimit', reason: 'a file has none; over the 262,144 bytes that a cluster takes there is a warning' },
  { line: 'throttled', reason: ONE_MACHINE },
  { line: 'unreachable', reason: ONE_MACHINE },
  { line: 'timedOut', reason: 'a file that another process locks for too long is a conflict' },
]

const TEKTON: readonly Gap[] = [
  ...TEKTON_OWN_FILE,
  { line: 'list', reason: 'runs are edited where they were read; only the file of storage.tekton.file can be listed' },
  {
    line: 'listFound',
    reason: 'runs are edited where they were read; only the file of storage.tekton.file can be listed',
  },
]

const NOT_ON_THE_RUN = 'not kept on the run, so there is nothing to mark'

/** Chains' document has six fields, and its reader refuses one with more. */
const DOCDB: readonly Gap[] = [
  {
    line: 'severalSignatures',
    kind: 'raw',
    reason: "Chains' document of an image holds one signature; put refuses more",
  },
  { line: 'logProof', reason: "Chains' document has no place for it; the signature is complete without" },
  { line: 'timestamps', reason: "Chains' document has no place for them; the signature is complete without" },
  { line: 'seal', reason: NOT_ON_THE_RUN },
]

const DOCDB_SQLITE: readonly Gap[] = [
  ...DOCDB,
  { line: 'denied', reason: 'tried apart: the tests may run as root, whom no file denies' },
  { line: 'throttled', reason: NO_NETWORK },
  { line: 'unreachable', reason: NO_NETWORK },
  { line: 'tooLarge', reason: 'tried apart: a row over the limit' },
]

const DOCDB_SERVER: readonly Gap[] = [
  ...DOCDB,
  { line: 'tooLarge', reason: 'cannot happen: the engine bounds a document, and its driver an answer' },
]

const OBJECTS: readonly Gap[] = [
  {
    line: 'severalSignatures',
    kind: 'raw',
    reason: "Chains' objects of an image hold one signature; put refuses more",
  },
  { line: 'logProof', reason: "Chains' objects have no place for it; the signature is complete without" },
  { line: 'timestamps', reason: "Chains' objects have no place for them; the signature is complete without" },
  { line: 'seal', reason: 'not kept on the run, so there is nothing to mark' },
]

const OBJECTS_DIRECTORY: readonly Gap[] = [
  ...OBJECTS,
  { line: 'denied', reason: 'tried apart: the tests may run as root, whom no folder denies' },
  { line: 'throttled', reason: NO_NETWORK },
  { line: 'unreachable', reason: NO_NETWORK },
  { line: 'timedOut', reason: NO_NETWORK },
  { line: 'tooLarge', reason: 'tried apart: a file over the limit' },
  { line: 'abortDuring', reason: 'cannot happen: no file operation hangs' },
]

const ARCHIVISTA: readonly Gap[] = [
  { line: 'logProof', reason: "Archivista's envelope has no place for it; the signature is complete without" },
  { line: 'replace', reason: 'Archivista keeps what it was given for good; a new copy goes beside' },
  { line: 'replaceDamage', reason: 'Archivista keeps what it was given for good; damage is for its operator' },
  { line: 'replaceConflict', reason: 'Archivista keeps what it was given for good; nothing is replaced' },
  { line: 'remove', reason: 'Archivista keeps what it was given for good; nothing is removed' },
  { line: 'removeGone', reason: 'Archivista keeps what it was given for good; nothing is removed' },
  { line: 'list', reason: 'Archivista finds by subject; its index cannot be listed by run' },
  { line: 'listFound', reason: 'Archivista finds by subject; its index cannot be listed by run' },
  { line: 'seal', reason: NOT_ON_THE_RUN },
]

const GRAFEAS: readonly Gap[] = [
  { line: 'certificates', reason: 'a Grafeas envelope has no place for them; put refuses what needs one' },
  { line: 'logProof', reason: 'a Grafeas envelope has no place for it; the signature is complete without' },
  { line: 'timestamps', reason: 'a Grafeas envelope has no place for them; the signature is complete without' },
  {
    line: 'envelope',
    kind: 'dsse',
    reason: 'Grafeas keeps payload and signatures as fields, not the text of an envelope',
  },
  { line: 'envelope', kind: 'raw', reason: 'Grafeas keeps payload and signatures as fields' },
  { line: 'sizeLimit', reason: 'the service states no limit of its own' },
  { line: 'replace', reason: 'an occurrence has no version that a condition could name; a new copy goes beside' },
  {
    line: 'replaceDamage',
    reason: 'an occurrence has no version that a condition could name; a good copy goes beside',
  },
  { line: 'replaceConflict', reason: 'an occurrence has no version that a condition could name; nothing is replaced' },
  { line: 'remove', reason: 'an occurrence has no version that a condition could name; nothing is removed' },
  { line: 'removeGone', reason: 'an occurrence has no version that a condition could name; nothing is removed' },
  { line: 'seal', reason: NOT_ON_THE_RUN },
]

/** What can be said of a store into which nobody can look. */
const HOLD_UNSEEN: readonly Line[] = ['needsRun', 'slotsPure']

const PUBSUB: readonly Gap[] = (Object.keys(LINES) as Line[])
  .filter((line) => !HOLD_UNSEEN.includes(line))
  .map((line) => ({ line, reason: 'write-only: nobody can look up what was accepted, so no copy there ever counts' }))

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
  docdbDynamo: DOCDB,
  docdbSqlite: DOCDB_SQLITE,
  gcs: OBJECTS,
  s3: OBJECTS,
  objectsDirectory: OBJECTS_DIRECTORY,
  archivista: ARCHIVISTA,
  grafeas: GRAFEAS,
  pubsub: PUBSUB,
  memory: MEMORY,
} as const satisfies Record<string, readonly Gap[]>
