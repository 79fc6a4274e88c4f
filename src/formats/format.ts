/** What a payload format is. The formats themselves are the other files of this folder. */
import type { Artifact, Subject } from '../model/artifact.ts'
import type { Kind } from '../model/entry.ts'

/** Settings that change payloads; the keys are those of `chains-config`. */
export interface FormatOptions {
  /** `builder.id` */
  readonly builderId: string
  /** `builddefinition.buildtype` */
  readonly buildType: string
  /** `artifacts.pipelinerun.enable-deep-inspection` */
  readonly deepInspection: boolean
}

export interface Format {
  /** `slsa/v1`, `simplesigning`, … */
  readonly name: string
  readonly kind: Kind
  readonly payloadType: string
  /** Predicate type of the Statement; undefined for `raw` formats. */
  readonly predicateType: string | undefined
  /** `signature`: signs the image itself, where `kind` alone would take it for an attestation. */
  readonly role?: 'signature'
  /** True when this format describes that type of artifact. */
  describes(artifact: Artifact): boolean
  /** Subjects that the payload will name, without building it. */
  subjects(artifact: Artifact, options: FormatOptions): readonly Subject[]
  /** The exact bytes to sign, the same from call to call. Throws `input_invalid` where Chains refuses the run. */
  payload(artifact: Artifact, options: FormatOptions): Uint8Array
}
