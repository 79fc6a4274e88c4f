/** What provenance describes. Pure data; how it is read from files is src/input.ts, what it says is src/formats/. */
import { createHash } from 'node:crypto'

/** A subject as an in-toto Statement names it: digests are `algorithm → lower-case hex`. */
export interface Subject {
  readonly name: string
  readonly digest: Readonly<Record<string, string>>
}

/** An OCI image, by its repository in the normalised spelling (`index.docker.io/library/x`) and `sha256:<hex>`. */
export interface ImageRef {
  readonly repository: string
  readonly digest: string
}

/** Where in the input a run was, so that a file backend can edit it there. */
export interface RunSource {
  /** Path as given; `-` for standard input. */
  readonly file: string
  /** Index of the YAML document (0 for JSON). */
  readonly document: number
  /** Index in the `items` of a List, absent when the document is the run itself. */
  readonly item?: number
  /** The live object, for a run that was read from a cluster; `file` then only names it. */
  readonly cluster?: { readonly server: string; readonly namespace: string; readonly name: string }
}

/** What a store says about the run that a copy of its belongs to. */
export interface RunClaim {
  readonly kind: 'TaskRun' | 'PipelineRun'
  readonly uid?: string
  readonly namespace?: string
  readonly name?: string
  /** `<namespace>-<name>`, of a store that joins the two, so that where the namespace ends is not known. */
  readonly joined?: string
}

/** A TaskRun or PipelineRun that has a uid. */
export interface RunArtifact {
  readonly type: 'run'
  readonly kind: 'TaskRun' | 'PipelineRun'
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** The whole object as read, v1 shape. */
  readonly object: Readonly<Record<string, unknown>>
  /** TaskRuns of a PipelineRun, in the order of `status.childReferences`; empty for a TaskRun. */
  readonly children: readonly RunArtifact[]
  /** Absent for a run that did not come from a file. */
  readonly source?: RunSource
  /**
   * Only when the object is not known (then it is `{}`, and namespace, name or uid may be ''): what is known of the run instead. `identity`
   * is the identity of its first copy (`claimedIdentity`), which others are compared with.
   */
  readonly claim?: RunClaim & { readonly identity: string }
}

/** An image, of a run (then stored beside the run as well) or alone. */
export interface ImageArtifact {
  readonly type: 'image'
  readonly image: ImageRef
  readonly run?: RunArtifact
}

/** An existing in-toto Statement, signed as it is. */
export interface StatementArtifact {
  readonly type: 'statement'
  /** File name, for messages. */
  readonly name: string
  readonly payload: Uint8Array
  readonly predicateType: string
  readonly subjects: readonly Subject[]
  /** Set for a run's provenance that was found in a store and does not name its run. */
  readonly run?: 'unknown'
}

export type Artifact = RunArtifact | ImageArtifact | StatementArtifact

/**
 * One line that names an artifact in reports: `TaskRun ns/name (uid)`, `image repo@sha256:…`, `statement file`.
 *
 * @example artifactName(run) // 'TaskRun ci/build-7x (b0a4c3c0-…)'
 */
export function artifactName(artifact: Artifact): string {
  switch (artifact.type) {
    case 'run':
      return `${artifact.kind} ${runName(artifact)}`
    case 'image':
      return `image ${artifact.image.repository}@${artifact.image.digest}`
    case 'statement':
      return `statement ${artifact.name}`
  }
}

function runName({ namespace, name, uid, claim }: RunArtifact): string {
  const known = name === '' ? claim?.joined : `${namespace}/${name}`
  if (known === undefined) return uid
  return uid === '' ? known : `${known} (${uid})`
}

/**
 * The same as a URI: `oci://repo@sha256:…` for an image, which is where it is fetched from; for what has no address of its own
 * `prov:taskrun/ns/name/uid` and `prov:statement/sha256:<payload>`.
 *
 * @example artifactUri({ type: 'image', image }) // 'oci://ghcr.io/acme/app@sha256:…'
 */
export function artifactUri(artifact: Artifact): string {
  switch (artifact.type) {
    case 'run': {
      const { namespace, name, uid, claim } = artifact
      const known = name === '' ? [claim?.joined ?? ''] : [namespace, name]
      const parts = [...known, uid].filter((part) => part !== '').map((part) => encodeURIComponent(part.toWellFormed()))
      return `prov:${artifact.kind.toLowerCase()}/${parts.join('/')}`
    }
    case 'image':
      return `oci://${artifact.image.repository}@${artifact.image.digest}`
    case 'statement':
      return `prov:statement/sha256:${createHash('sha256').update(artifact.payload).digest('hex')}`
  }
}

/**
 * False for a run that is still under way: its provenance will say more once it has ended. Chains waits for that.
 *
 * @example hasEnded(run) // true
 */
export function hasEnded({ object }: RunArtifact): boolean {
  const status = object['status']
  return typeof status === 'object' && status !== null && 'completionTime' in status && Boolean(status.completionTime)
}

/**
 * Chains' key of a run (pkg/artifacts/signable.go ShortKey).
 *
 * @example runKey({ kind: 'TaskRun', uid: 'b0a4c3c0' }) // 'taskrun-b0a4c3c0'
 */
export function runKey(run: Pick<RunArtifact, 'kind' | 'uid'>): string {
  return `${run.kind.toLowerCase()}-${run.uid}`
}

/**
 * Chains' key of an image: the first 12 hex digits of its digest. Two images of one run may share it.
 *
 * @example imageKey({ repository: 'ghcr.io/acme/app', digest: 'sha256:09e72cd46682…' }) // '09e72cd46682'
 */
export function imageKey(image: ImageRef): string {
  return image.digest.slice('sha256:'.length, 'sha256:'.length + 12)
}
