/**
 * prov as a library.
 *
 * @example
 * import { formatNamed, openGcs, store, verify } from 'prov'
 * const backend = await openGcs({ bucket: 'provenance' })
 */

export type {
  ArchivistaOptions,
  DocdbOptions,
  GcsOptions,
  GrafeasOptions,
  OciOptions,
  PubsubOptions,
  S3Options,
  Surroundings,
  TektonOptions,
} from '../backends/index.ts'
export {
  BACKENDS,
  openArchivista,
  openBackend,
  openDocdb,
  openGcs,
  openGrafeas,
  openOci,
  openPubsub,
  openS3,
  openTekton,
} from '../backends/index.ts'
export type {
  About,
  Backend,
  CallOptions,
  Capabilities,
  Context,
  DiagnoseOptions,
  Diagnostics,
  Found,
  FoundDamage,
  FoundEntry,
  ListFilter,
  OpenBackend,
  Receipt,
  Slot,
} from './backend/backend.ts'
export type { Check, Diagnosis } from './backend/diagnosis.ts'
export type { BackendReport } from './doctor/backend.ts'
export { diagnoseBackend } from './doctor/backend.ts'
export type { ErrorCode, ErrorDetails, ErrorJson, ErrorRow } from './errors.ts'
export { asProvError, ERRORS, errorJson, ProvError } from './errors.ts'
export type { Format, FormatOptions } from './formats/format.ts'
export { FORMATS, formatNamed } from './formats/index.ts'
export type { EntryLocation, MigrateJob, Moved, MoveOutcome } from './migrate/migrate.ts'
export { migrate } from './migrate/migrate.ts'
export type { Artifact, ImageArtifact, ImageRef, RunArtifact, StatementArtifact, Subject } from './model/artifact.ts'
export { artifactName, imageKey, runKey } from './model/artifact.ts'
export type { Entry, Kind, Signature } from './model/entry.ts'
export { entryId, holds, SIMPLESIGNING_TYPE, STATEMENT_TYPE, sameBytes, sha256Hex, signatureId } from './model/entry.ts'
export { decodeEnvelope, encodeEnvelope, pae, signedBytes } from './model/envelope.ts'
export { parseImage } from './model/image-reference.ts'
export type { KeptProofs, ProofKind, Proofs } from './model/proofs.ts'
export { holdsWith, withProofsOf } from './model/proofs.ts'
export type { RetryBudget, RetryOptions } from './platform/async/retry.ts'
export type { Repaired, RepairedCopy, RepairJob } from './repair/repair.ts'
export { repair } from './repair/repair.ts'
export { EXITS, MARKS } from './report/text/verify-text.ts'
export { loadSigner } from './signing/open-signer.ts'
export type { KeySigner, Signed, Signer } from './signing/signer.ts'
export type { StoreItem } from './store/prepare.ts'
export type { StoreJob, StoreReport } from './store/store.ts'
export { store } from './store/store.ts'
export { storeInWindows } from './store/windows.ts'
export type { Trust } from './trust/trust.ts'
export { loadTrust, trustOf } from './trust/trusted-keys.ts'
export { checkEntry } from './trust/verify-entry.ts'
export type { Agreement, Mark, Row, Stranger } from './verify/agree.ts'
export { agree } from './verify/agree.ts'
export type { Surveyed, SurveyJob } from './verify/survey.ts'
export { survey } from './verify/survey.ts'
export type { VerifyJob, VerifyReport, VerifyTarget } from './verify/verify.ts'
export { verify } from './verify/verify.ts'
export { VERSION } from './version.ts'
