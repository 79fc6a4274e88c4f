/** What the formats of runs have in common, and what those of images have. */
import { ProvError } from '../errors.ts'
import type { Artifact, ImageRef, RunArtifact, Subject } from '../model/artifact.ts'
import { STATEMENT_TYPE } from '../model/entry.ts'
import type { Format, FormatOptions } from './format.ts'
import { statementBytes } from './statement-bytes.ts'
import { requireChildren } from './tekton/pipeline-tasks.ts'
import type { Json } from './tekton/values.ts'

export interface RunFormat extends Pick<Format, 'name'> {
  readonly predicateType: string
  /** `_type` of the Statement. */
  readonly statementType: string
  subjectsOf(run: RunArtifact, deepInspection: boolean): readonly Subject[]
  predicateOf(run: RunArtifact, options: FormatOptions): Json
}

/** A format of Chains for runs: a Statement over what the run made. */
export function runFormat({ name, predicateType, statementType: type, subjectsOf, predicateOf }: RunFormat): Format {
  return {
    name,
    kind: 'dsse',
    payloadType: STATEMENT_TYPE,
    predicateType,
    describes: (artifact) => artifact.type === 'run',
    subjects: (artifact, options) => subjectsOf(runOf(artifact), options.deepInspection),
    payload: (artifact, options) => {
      const run = runOf(artifact)
      requireChildren(run)
      const subjects = subjectsOf(run, options.deepInspection)
      return statementBytes(run, { type, predicateType, subjects, predicate: predicateOf(run, options) })
    },
  }
}

/** A format for images: what differs is how the payload is spelled. */
export function imageFormat(
  format: Pick<Format, 'name' | 'kind' | 'payloadType' | 'predicateType' | 'role'>,
  payloadOf: (image: ImageRef) => string,
): Format {
  return {
    ...format,
    describes: (artifact) => artifact.type === 'image',
    subjects: (artifact) => {
      const { repository, digest } = imageOf(artifact)
      return [{ name: repository, digest: { sha256: digest.slice('sha256:'.length) } }]
    },
    payload: (artifact) => Buffer.from(payloadOf(imageOf(artifact)), 'utf8'),
  }
}

// What is none is a defect of the caller, who asks `describes` first.
function runOf(artifact: Artifact): RunArtifact {
  if (artifact.type === 'run') return artifact
  throw new ProvError('internal', `a run format was asked for a payload of ${artifact.type}`)
}

function imageOf(artifact: Artifact): ImageRef {
  if (artifact.type === 'image') return artifact.image
  throw new ProvError('internal', `an image format was asked for a payload of ${artifact.type}`)
}
