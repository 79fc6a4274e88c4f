/** What a stored entry is about, from the entry and from the name of its slot: for stores that are read without the run objects. Pure. */

import type { About, Slot, SlotNames } from '../backend/backend.ts'
import { ProvError } from '../errors.ts'
import { type ImageArtifact, imageKey, type RunArtifact, type RunClaim } from '../model/artifact.ts'
import { type Entry, sha256Hex } from '../model/entry.ts'
import { imageOfSubject } from '../model/image-reference.ts'
import { readStatement, type Statement } from '../model/statement.ts'
import { memberIn } from '../platform/text/guards.ts'
import { isImageSignature } from './detect-format.ts'
import { claimedIdentity, invocationId, SLSA_V1, SLSA_V02, simpleSigningImage } from './identity.ts'
import { contradictsPlace } from './slot-names.ts'

/**
 * What `entry`, found in a place that says `names`, is about: an image for what signs one; a run where the entry or the place says
 * which; else the Statement itself. A run of which too little is known for some store may be placed there by `alone`, which needs none.
 */
export interface Origin {
  readonly about: About
  readonly alone: About
}

/**
 * Throws `copy_malformed` for a payload that does not say what it is about, and `wrong_artifact` for one about another artifact than its
 * slot says.
 *
 * @example originOf(entry, slot.names).about.artifact.type // 'run'
 */
export function originOf(entry: Entry, names: SlotNames = {}): Origin {
  if (entry.kind === 'raw') return imageOrigin(entry, names)
  const statement = readStatement(entry.payload)
  if (statement === undefined) throw malformed('the payload is not an in-toto Statement')
  const { subjects } = statement
  refuseOtherSubject(
    subjects.map(({ digest }) => digest['sha256']),
    names,
  )
  // What names a run and no image is the run's own place, which is for its provenance alone.
  if (names.run !== undefined && names.subject === undefined && names.imageKey === undefined && !isOfRun(statement))
    throw new ProvError('wrong_artifact', "it is not provenance, and stands in a run's own place")
  if (isImageSignature(entry)) {
    const image = subjects.flatMap((subject) => imageOfSubject(subject) ?? [])[0]
    if (image === undefined) throw malformed('it signs an image and names none')
    const about: About = { artifact: { type: 'image', image }, kind: 'dsse', subjects, role: 'signature' }
    return { about, alone: about }
  }
  const artifact = {
    type: 'statement' as const,
    name: `sha256:${sha256Hex(entry.payload).slice(0, 12)} (${statement.predicateType})`,
    payload: entry.payload,
    predicateType: statement.predicateType,
    subjects,
    ...(isOfRun(statement) ? { run: 'unknown' as const } : {}),
  }
  const alone: About = { artifact, kind: 'dsse', subjects }
  const run = runIn(statement, entry, names.run)
  if (run !== undefined && contradictsPlace(statement, run))
    throw new ProvError('wrong_artifact', 'it is about another run than its place says')
  return { about: run === undefined ? alone : { artifact: run, kind: 'dsse', subjects }, alone }
}

function imageOrigin(entry: Entry, names: SlotNames): Origin {
  const image = simpleSigningImage(entry.payload)
  if (image === undefined) throw malformed('the payload is not a simplesigning document')
  const hex = image.digest.slice('sha256:'.length)
  refuseOtherSubject([hex], names)
  if (names.imageKey !== undefined && names.imageKey !== imageKey(image)) refuseOtherSubject([], { subject: hex })
  const subjects = [{ name: image.repository, digest: { sha256: hex } }]
  const { run } = names
  const artifact: ImageArtifact = { type: 'image', image, ...(run === undefined ? {} : { run: claimed(run, entry) }) }
  const about: About = { artifact, kind: 'raw', subjects }
  return { about, alone: { ...about, artifact: { type: 'image', image } } }
}

function runIn(statement: Statement, entry: Entry, said: RunClaim | undefined): RunArtifact | undefined {
  const uid = invocationId(statement)
  if (uid !== undefined && said?.uid !== undefined && said.uid !== uid) {
    throw new ProvError('wrong_artifact', `it is about run ${uid}, and stands in the place of run ${said.uid}`)
  }
  if (said !== undefined) return claimed(uid === undefined ? said : { ...said, uid }, entry)
  const kind = uid === undefined ? undefined : kindIn(statement)
  return kind === undefined || uid === undefined ? undefined : claimed({ kind, uid }, entry)
}

function claimed(claim: RunClaim, entry: Entry): RunArtifact {
  const { kind, uid = '', namespace = '', name = '' } = claim
  const base = { type: 'run' as const, kind, uid, namespace, name, object: {}, children: [] }
  return { ...base, claim: { ...claim, identity: claimedIdentity(entry) } }
}

/** True for what Tekton Chains says about a run, whichever. */
function isOfRun({ predicateType, predicate }: Statement): boolean {
  const said = predicateType === SLSA_V02 ? predicate : memberIn(predicate, 'buildDefinition')
  const buildType = memberIn(said, 'buildType')
  if (predicateType !== SLSA_V02 && predicateType !== SLSA_V1) return false
  return typeof buildType === 'string' && /^(https:\/\/)?tekton\.dev\//.test(buildType)
}

/** SLSA v1.0 of Tekton says what ran, not of which kind it was. */
function kindIn({ predicate }: Statement): RunArtifact['kind'] | undefined {
  const spec = memberIn(predicate, 'buildDefinition', 'externalParameters', 'runSpec')
  if (memberIn(spec, 'pipelineRef') !== undefined || memberIn(spec, 'pipelineSpec') !== undefined) return 'PipelineRun'
  return memberIn(spec, 'taskRef') === undefined && memberIn(spec, 'taskSpec') === undefined ? undefined : 'TaskRun'
}

function refuseOtherSubject(hexes: readonly (string | undefined)[], { subject }: SlotNames): void {
  if (subject === undefined || hexes.includes(subject)) return
  throw new ProvError('wrong_artifact', 'it is about something else than its place says')
}

/** Where the entry of an origin belongs in a backend: by its run if that is enough to go by there, else on its own. */
export function placesFor(
  origin: Origin,
  slots: (about: About) => readonly Slot[],
): { about: About; slots: readonly Slot[] } {
  const own = slots(origin.about)
  if (own.length > 0 || origin.alone === origin.about) return { about: origin.about, slots: own }
  return { about: origin.alone, slots: slots(origin.alone) }
}

function malformed(message: string): ProvError {
  return new ProvError('copy_malformed', message)
}
