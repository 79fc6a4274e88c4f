/**
 * Every failure prov can name, in one closed table: code → exit status, whether trying again can help, and what it means.
 * The table in docs/errors.md, the exit status of every command and the tests are all made from this table.
 */

/** One row of {@link ERRORS}. `exit` is the status when the failure stands alone (the gravest of several wins). */
export interface ErrorRow {
  readonly exit: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7
  readonly retryable: boolean
  readonly meaning: string
}

type Exit = ErrorRow['exit']

/** Trying again gives the same failure. */
const final = <E extends Exit>(exit: E, meaning: string) => ({ exit, retryable: false, meaning }) as const
/** Trying again may succeed. */
const again = <E extends Exit>(exit: E, meaning: string) => ({ exit, retryable: true, meaning }) as const

export const ERRORS = {
  // 1: a defect in prov
  internal: final(1, 'a defect in prov itself; please report it'),
  // 2: usage, configuration or input
  usage: final(2, 'the command line is not one prov understands'),
  runtime_unsupported: final(2, 'this Node.js is older than prov needs'),
  config_invalid: final(2, 'a configuration value is not one of those allowed'),
  config_unknown_key: final(2, 'a configuration key that prov does not know'),
  not_supported: final(2, 'known to prov, but not supported by this version'),
  truth_version: final(2, 'the tables of the truth are older or newer than this prov takes'),
  input_unreadable: final(2, 'an input file could not be read'),
  input_too_large: final(2, 'an input is larger or deeper than prov accepts'),
  input_invalid: final(2, 'an input is not a Tekton run, Statement or image prov can use'),
  input_empty: final(2, 'the input holds no artifact'),
  run_not_found: final(2, 'no run in the input has that uid or name'),
  run_ambiguous: final(2, 'several runs or images fit and one must be named'),
  image_invalid: final(2, 'an image reference that no registry could serve, or one without a sha256 digest'),
  format_unknown: final(2, 'a payload format that prov does not know'),
  backend_unknown: final(2, 'a backend that prov does not know'),
  key_unreadable: final(2, 'a key could not be read or is not a key'),
  key_unsupported: final(2, 'a key that no verifier in this field accepts'),
  trust_unreadable: final(2, 'a keyring, trusted root or CA file that cannot be used'),
  key_password: final(2, 'the password does not open the private key, or none was given'),
  journal_missing: final(2, 'no key journal knows a key of this key store'),
  journal_ambiguous: final(2, 'several key journals know keys of this key store, or the one named is not among them'),
  journal_inactive: final(2, 'the key journal has no active key to sign with'),
  not_kept: final(2, 'no named backend keeps this artifact'),
  host_refused: final(2, 'the run names a host that the configuration does not allow'),
  target_unwritable: final(2, 'the place named for copies or a report cannot be written'),
  // 3: a copy that does not verify
  signature_invalid: final(3, 'the signature does not verify over the stored bytes'),
  key_untrusted: final(3, 'signed by a key that is not among those given'),
  key_expired: final(3, 'signed at a proven time at which the key was not valid'),
  key_revoked: final(3, 'signed by a key that its owner has revoked'),
  keyset_refused: final(
    3,
    'a key set or the file of a region is forged, contradicts another or holds what it must not',
  ),
  identity_untrusted: final(3, 'the certificate names an identity that is not trusted'),
  issuer_untrusted: final(3, 'another issuer than the trusted one vouches for the identity'),
  certificate_untrusted: final(3, 'the certificate leads to no trusted authority'),
  certificate_time: final(3, 'the certificate was not valid at the proven time of signing'),
  sct_missing: final(3, 'too few certificate logs hold the certificate'),
  log_proof_invalid: final(3, 'the proof of a transparency log does not verify'),
  log_untrusted: final(3, 'the transparency log is not trusted, or was not at that time'),
  log_entry_other: final(3, 'the log entry is about another signature or payload'),
  log_proof_missing: final(3, 'too few logs prove that they hold the signature'),
  timestamp_invalid: final(3, 'a timestamp does not verify, or its authority is not trusted'),
  timestamp_missing: final(3, 'it is not proven when the signature was made'),
  threshold_missed: final(3, 'fewer trusted signers than the keyring asks for'),
  copy_malformed: final(3, 'the stored bytes are not an entry: truncated, altered or of another kind'),
  payload_mismatch: final(3, 'the stored payload is not the one that was signed'),
  digest_mismatch: final(3, 'the bytes served do not have the digest they were asked for by'),
  wrong_artifact: final(3, 'a valid signature about another artifact than the one that belongs in this place'),
  symbolic_link: final(3, 'a symbolic link stands where a file or folder of a copy belongs; it is not followed'),
  not_regular_file: final(3, 'a pipe, a device, a socket or a folder stands where a file of a copy belongs'),
  stranger: final(3, "somebody else's entry in a shared slot (counts only with --strict)"),
  index_mismatch: final(3, 'the search index names an entry that the truth does not, or another number of it'),
  // 4: drift
  drift: final(4, 'two copies verify and mean different things'),
  drift_across_formats: final(4, 'copies in two formats contradict each other'),
  // 5: absent
  absent: final(5, 'no copy where the configuration says there must be one'),
  nothing_verified: final(5, 'not one copy of this artifact was found and verified'),
  index_missing: final(5, 'the search index lacks an entry that the truth holds'),
  key_unpublished: final(5, 'a key is not public yet everywhere, and so must not sign'),
  keys_stale: final(5, 'the published keys of a region are older than they may be'),
  // 6: could not look
  unreachable: again(6, 'the backend could not be reached'),
  timed_out: again(6, 'the backend did not answer in time'),
  denied: final(6, 'the backend refused the credentials, or asked for some'),
  throttled: again(6, 'the backend asked for fewer requests'),
  server_error: again(6, 'the backend failed to serve the request'),
  response_invalid: final(6, 'the backend answered something its protocol does not allow'),
  response_too_large: final(6, 'the backend answered more than prov accepts'),
  limit_exceeded: final(6, 'a location holds more items, signatures, levels or bytes than prov reads'),
  schema_invalid: final(
    6,
    'the tables of a SQLite file are not those that prov makes (a view, a trigger, an expression)',
  ),
  storage_io: final(6, 'a file or folder of the backend could not be read or written'),
  not_looked: final(6, 'nobody looked there: the backend cannot list, and nothing named the place'),
  pruned: final(
    6,
    'signed before and no longer in the truth, and none of its copies could be read; nothing was signed',
  ),
  aborted: again(6, 'stopped before it was done'),
  // 7: store or migrate incomplete
  entry_too_large: final(7, 'the entry is larger than this backend holds'),
  conflict: again(7, 'another writer changed the same place at the same time'),
  occupied: final(7, 'the place holds an entry that prov must not overwrite'),
  read_back_failed: again(7, 'the copy was written but could not be found again as written'),
  seal_failed: again(7, 'every copy is stored, but the run could not be marked as signed'),
  outbox_full: again(7, 'the truth owes as many deliveries as it may; nothing was signed'),
  no_worker: again(7, 'no worker serves a backend that --require-worker asks for; nothing was signed'),
  incomplete: again(7, 'a required copy was not written; run the same command again'),
} satisfies Record<string, ErrorRow>

/** The closed union of error codes. `switch` over it is exhaustive. */
export type ErrorCode = keyof typeof ERRORS

/** One of several faults that were found at once, in a configuration. */
export interface FaultJson {
  readonly code: ErrorCode
  readonly message: string
  readonly hint?: string
}

/** What an error says beside its message. Never holds a secret. */
export interface ErrorDetails {
  readonly backend?: string | undefined
  /** What was attempted, e.g. `get manifest`. */
  readonly operation?: string | undefined
  /** Where, e.g. a file name or `registry/repository:tag`. */
  readonly location?: string | undefined
  /** What the reader can do about it, one sentence. */
  readonly hint?: string | undefined
  /** When the other side said how long to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined
  /** Every one of several faults that were found at once. */
  readonly faults?: readonly FaultJson[] | undefined
  readonly cause?: unknown
}

/**
 * The one error class of prov.
 *
 * @example
 * try { await store(job) } catch (e) {
 *   if (e instanceof ProvError && e.code === 'denied') console.error(e.backend, e.message)
 * }
 */
export class ProvError extends Error {
  readonly code: ErrorCode
  readonly backend: string | undefined
  readonly operation: string | undefined
  readonly location: string | undefined
  readonly hint: string | undefined
  readonly retryAfterMs: number | undefined
  readonly faults: readonly FaultJson[] | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'ProvError'
    this.code = code
    this.backend = details.backend
    this.operation = details.operation
    this.location = details.location
    this.hint = details.hint
    this.retryAfterMs = details.retryAfterMs
    this.faults = details.faults
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable
  }
}

/** The machine form of an error, as it stands in every `--json` output. */
export interface ErrorJson {
  readonly code: ErrorCode
  readonly message: string
  readonly backend?: string
  readonly operation?: string
  readonly location?: string
  readonly hint?: string
  /** How long the other side asked to wait, in milliseconds. */
  readonly retryAfterMs?: number
  /** Where several were found at once: every one. */
  readonly faults?: readonly FaultJson[]
}

/**
 * Any thrown value as a {@link ProvError}; what is not one already is a defect (`internal`), with the original as its cause.
 *
 * @example asProvError(new TypeError('x')).code // 'internal'
 */
export function asProvError(thrown: unknown): ProvError {
  if (thrown instanceof ProvError) return thrown
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  return new ProvError('internal', message, { cause: thrown })
}

/**
 * The same error, cause and all, with what `where` says: for the one who knows at which backend and location it happened. Anything else that
 * was thrown becomes `internal` with it as the cause.
 *
 * @example
 * try { await connect() } catch (e) { throw errorAt(e, { backend: 's3', operation: 'get', location: 's3://b/name' }) }
 */
export function errorAt(thrown: unknown, where: Pick<ErrorDetails, 'backend' | 'operation' | 'location'>): ProvError {
  const { code, message, backend, operation, location, hint, retryAfterMs, cause } = asProvError(thrown)
  return new ProvError(code, message, { backend, operation, location, hint, retryAfterMs, cause, ...where })
}

/** @example errorJson(new ProvError('absent', 'no copy')) // { code: 'absent', message: 'no copy' } */
export function errorJson(error: ProvError): ErrorJson {
  return {
    code: error.code,
    message: error.message,
    ...(error.backend === undefined ? {} : { backend: error.backend }),
    ...(error.operation === undefined ? {} : { operation: error.operation }),
    ...(error.location === undefined ? {} : { location: error.location }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    ...(error.faults === undefined ? {} : { faults: error.faults }),
  }
}

/** The exit status after Ctrl-C, as shells give it. */
export const STOPPED_EXIT = 130

const GRAVITY: readonly number[] = [0, 7, 6, 5, 4, 3, 2, 1] // the last one wins; among findings 3, 4, 5, 6 in this order

/**
 * The exit status of several findings: the gravest wins.
 *
 * @example gravest([0, 6, 3]) // 3
 */
export function gravest(exits: Iterable<number>): number {
  let worst = 0
  for (const exit of exits) if (GRAVITY.indexOf(exit) > GRAVITY.indexOf(worst)) worst = exit
  return worst
}
