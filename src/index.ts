/**
 * prov as a library.
 *
 * @example
 * import { formatNamed, openBackend, store, verify } from 'prov'
 */
export { BACKENDS, openBackend } from '../backends/index.ts'
export type { Agreement, Mark, Row, Stranger } from './agree.ts'
export { agree } from './agree.ts'
export type { Artifact, ImageArtifact, ImageRef, RunArtifact, StatementArtifact, Subject } from './artifact.ts'
export { artifactName, imageKey, runKey } from './artifact.ts'
export type {
  About,
  Backend,
  CallOptions,
  Capabilities,
  Context,
  Found,
  FoundDamage,
  FoundEntry,
  ListFilter,
  OpenBackend,
  Receipt,
  Slot,
} from './backend.ts'
export { checkEntry } from './check.ts'
export type { Check, DiagnoseOptions, Diagnosis, Diagnostics } from './diagnosis.ts'
export type { BackendReport } from './doctor/backend.ts'
export { diagnoseBackend } from './doctor/backend.ts'
export type { Entry, Kind, Signature } from './entry.ts'
export { entryId, holds, SIMPLESIGNING_TYPE, STATEMENT_TYPE, sameBytes, sha256Hex, signatureId } from './entry.ts'
export { decodeEnvelope, encodeEnvelope, pae, signedBytes } from './envelope.ts'
export type { ErrorCode, ErrorDetails, ErrorJson, ErrorRow } from './errors.ts'
export { asProvError, ERRORS, errorJson, ProvError } from './errors.ts'
export type { Format, FormatOptions } from './formats/format.ts'
export { FORMATS, formatNamed } from './formats/index.ts'
export type { MigrateJob, Moved, MoveOutcome, Place } from './migrate.ts'
export { migrate } from './migrate.ts'
export { parseImage } from './reference.ts'
export type { MendedCopy, Repaired, RepairJob } from './repair.ts'
export { repair } from './repair.ts'
export { EXITS, MARKS } from './report.ts'
export type { RetryBudget, RetryOptions } from './retry.ts'
export { loadSigner } from './signers/load.ts'
export type { Signer } from './signers/signer.ts'
export type { StoreItem, StoreJob, StoreReport } from './store.ts'
export { store } from './store.ts'
export type { Surveyed, SurveyJob } from './survey.ts'
export { survey } from './survey.ts'
export type { Trust } from './trust.ts'
export { loadTrust, trustOf } from './trust.ts'
export type { VerifyJob, VerifyReport, VerifyTarget } from './verify.ts'
export { verify } from './verify.ts'
export { VERSION } from './version.ts'
