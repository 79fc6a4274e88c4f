/** What causes each error and what to do: the text of `prov explain` and of the docs. What a code means stands in src/errors.ts. Pure data. */

import type { ErrorCode } from '../../errors.ts'
import { DELIVERY_EXPLANATIONS } from './delivery-codes.ts'

export interface Explanation {
  readonly causes: string
  readonly action: string
}

/** One row a code. @example EXPLANATIONS.absent.action // 'prov repair writes it …' */
export const EXPLANATIONS: Readonly<Record<ErrorCode, Explanation>> = {
  internal: {
    causes: 'A mistake in prov, not in your files or backends.',
    action: 'Run the command again with PROV_DEBUG=1 and report the stack that it prints.',
  },
  usage: {
    causes: 'A flag is misspelled, is missing, or does not go with another flag.',
    action: 'Run prov COMMAND --help. Nothing was read or written.',
  },
  runtime_unsupported: {
    causes: 'The Node.js in PATH is older than package.json asks for.',
    action: 'Install a Node.js of the version that the message names.',
  },
  config_invalid: {
    causes: 'A value in the configuration file, in --set or in an environment variable is not allowed for its key.',
    action: 'Run prov config check to see every wrong value, then prov config show to see where each value comes from.',
  },
  config_unknown_key: {
    causes: 'A key is misspelled, or belongs to another version.',
    action: 'Use the nearest key that the message names. prov config schema lists all keys.',
  },
  not_supported: {
    causes: 'A setting or an ability that exists, but not in this version or not with this backend.',
    action: 'Use what the message names in its place, or another backend.',
  },
  truth_version: {
    causes: 'The truth was made by an older prov, or migrated by one that is newer by two schemas or more.',
    action: 'Run prov truth migrate for an older one. For a newer one use the prov that migrated it.',
  },
  input_unreadable: {
    causes: 'The path is wrong, or the permission to read it is missing.',
    action: 'Check the path and the permissions.',
  },
  input_too_large: {
    causes: 'A file is larger, or its JSON or YAML is nested deeper, than prov reads.',
    action: 'Give one run a file, or fewer runs at a time.',
  },
  input_invalid: {
    causes: 'The file is not a TaskRun, PipelineRun or in-toto Statement, or a required member is missing.',
    action: 'Get the run with kubectl get -o yaml and give prov the file as it is.',
  },
  input_empty: {
    causes: 'The files or folders hold no run, or --format and the configuration leave nothing.',
    action: 'Run prov payload with the same INPUT to see what it gives.',
  },
  run_not_found: {
    causes: 'No run in the input has the uid or name of --run.',
    action: 'Leave --run out to see the runs, or check the namespace.',
  },
  run_ambiguous: {
    causes: 'Several runs or images in the input fit.',
    action: 'Name one with --run UID or --image REF.',
  },
  image_invalid: {
    causes: 'The image has no sha256 digest, or its name is not allowed by registries.',
    action: 'Give the image as REPOSITORY@sha256:DIGEST.',
  },
  format_unknown: {
    causes: 'The name after --format, or in the configuration, is misspelled.',
    action: 'Use one of the formats that the message names.',
  },
  backend_unknown: {
    causes: 'A name in --storage is misspelled.',
    action: 'Use one of the backends that the message names.',
  },
  key_unreadable: {
    causes: 'The key file is missing, is not a key, or is damaged.',
    action: 'Check the path. prov doctor --key FILE says what is wrong with it; prov keys generate makes a new pair.',
  },
  key_unsupported: {
    causes: 'The algorithm or the size of the key is accepted by no verifier of this field.',
    action: 'Use ECDSA P-256, Ed25519 or RSA of at least 2048 bits.',
  },
  trust_unreadable: {
    causes:
      'The file named with --keyring, --trusted-root or --ca-file is absent, cut off, or not of the form that prov reads.',
    action: 'Correct what the message names. prov schema keyring prints the form of a keyring.',
  },
  key_password: {
    causes: 'The password is wrong, or none was given.',
    action: 'Give it with --password-file, PROV_PASSWORD or COSIGN_PASSWORD.',
  },
  not_kept: {
    causes: 'None of the backends in --storage keeps this kind of artifact.',
    action: 'Add a backend that does: docdb, gcs and s3 keep every kind.',
  },
  host_refused: {
    causes: 'The run names a registry that storage.oci.hosts does not list, or an address that prov never contacts.',
    action: 'Add the host to storage.oci.hosts if you trust it.',
  },
  target_unwritable: {
    causes: 'A folder is missing or read-only, or the file cannot be replaced safely.',
    action: 'Name a file or folder that can be written.',
  },
  signature_invalid: {
    causes: 'Payload or signature were changed after signing, or were damaged in the store.',
    action: 'Find out who changed the copy, then let prov repair put a copy that verifies in its place.',
  },
  key_untrusted: {
    causes: 'The copy is signed with a key that was not given with --key.',
    action: 'Give that key with --key if you trust it. If you do not, somebody else wrote the copy: run prov repair.',
  },
  key_expired: {
    causes:
      'A log or a timestamp proves that the signature was made before or after the window that the keyring gives.',
    action: 'Find out who had the key at that time. Change the window in the keyring only if it is wrong.',
  },
  identity_untrusted: {
    causes: 'Another person, workflow or service account has signed the copy.',
    action:
      'Run prov verify --wide, which says who it was: compare with --certificate-identity or the keyring. Trust it only if you know it.',
  },
  issuer_untrusted: {
    causes: 'The same name was vouched for by another identity provider.',
    action: 'Run prov verify --wide, which says which one: compare with --certificate-oidc-issuer or the keyring.',
  },
  certificate_untrusted: {
    causes:
      'The certificate comes from a certificate authority that the trusted root does not name, or its chain is broken.',
    action: 'If you trust it, give its root with --trusted-root, or its chain with --ca-file.',
  },
  certificate_time: {
    causes: 'The signature was made after the certificate had ended, or before it began.',
    action: 'Do not trust the copy. Sign again if the build is yours.',
  },
  sct_missing: {
    causes:
      'The certificate authority uses no certificate transparency log, or one that the trusted root does not name.',
    action: 'For a private authority without such a log, give --sct-threshold 0.',
  },
  log_proof_invalid: {
    causes: 'The proof was changed or damaged, or the log has signed something else.',
    action: 'Let prov repair carry the proof over from another backend. If every copy has it, do not trust the log.',
  },
  log_untrusted: {
    causes: 'The trusted root does not name this log, or the time of its key had ended.',
    action: 'Give a trusted root that names the log with --trusted-root, if you trust it.',
  },
  log_entry_other: {
    causes: 'The proof of another signature stands beside this one.',
    action: 'Let prov repair carry the right proof over from another backend.',
  },
  log_proof_missing: {
    causes: 'The signature was never logged, or its proof was lost when it was stored.',
    action: 'Name a backend that has the proof in --storage, or lower --log-threshold if no log is used.',
  },
  timestamp_invalid: {
    causes: 'The timestamp was changed, is about another signature, or its authority is not in the trusted root.',
    action: 'Give a trusted root that names the authority with --trusted-root, if you trust it.',
  },
  timestamp_missing: {
    causes: 'Neither a log nor a timestamp authority proves the time, which certificates and keys with a window need.',
    action: 'Name a backend that has the proof in --storage. Without any proof of time the copy cannot be verified.',
  },
  threshold_missed: {
    causes: 'The keyring asks for several signers, and some of them have not signed.',
    action: 'Let the others sign, or lower the threshold of the keyring.',
  },
  copy_malformed: {
    causes: 'The bytes in the store were cut off or changed, or another program wrote there.',
    action: 'Let prov repair put a copy that verifies in its place.',
  },
  payload_mismatch: {
    causes: 'Payload and signature were stored apart, and one of them was changed.',
    action: 'Let prov repair put a copy that verifies in its place.',
  },
  digest_mismatch: {
    causes: 'The registry or a proxy before it serves other bytes than were asked for.',
    action: 'Check the registry and its cache. Do not use what it served.',
  },
  wrong_artifact: {
    causes: 'A copy of another run or image was put in this place, by mistake or on purpose.',
    action: 'Find out how it came there, then let prov repair put the right copy in its place.',
  },
  symbolic_link: {
    causes: 'Somebody put a link where a copy belongs.',
    action: 'Remove the link, or let prov repair --apply put a file in its place.',
  },
  not_regular_file: {
    causes: 'A pipe, device, socket or folder has the name of a copy.',
    action: 'Remove it, or let prov repair --apply put a file in its place.',
  },
  stranger: {
    causes: 'Other people and tools also store signatures beside an image. Theirs are not about your build.',
    action:
      'Nothing, unless only your own signatures may be there: then find out who wrote it. Leave --strict out to allow it.',
  },
  ...DELIVERY_EXPLANATIONS,
  drift: {
    causes:
      'Two builds, two versions of a builder, or an attacker with a key wrote two different statements about one run.',
    action: 'Decide which copy is right, then run prov repair --prefer BACKEND.',
  },
  drift_across_formats: {
    causes: 'The statements of two formats name different digests, builders or parameters for one run.',
    action: 'Compare them with prov get, decide which is right, then run prov repair --prefer BACKEND.',
  },
  absent: {
    causes: 'The copy was never written, was deleted, or the settings point to another place.',
    action: 'Let prov repair write it from a copy that verifies, or run prov store again.',
  },
  nothing_verified: {
    causes: 'Nothing was stored, the settings point to another place, or no copy is signed with a trusted key.',
    action: 'See what is there with prov list, and check --key and the settings.',
  },
  unreachable: {
    causes: 'The host is down, its name or port is wrong, or a proxy or firewall is in between.',
    action: 'Run prov doctor --storage BACKEND, then the same command again.',
  },
  timed_out: {
    causes: 'The backend is busy or the network is slow.',
    action: 'Run the same command again, with a longer --timeout if needed.',
  },
  denied: {
    causes: 'The credentials are missing, expired or wrong, or they do not allow this operation.',
    action: 'Log in again or ask for the permission. prov doctor --storage BACKEND shows which operation is denied.',
  },
  throttled: {
    causes: 'Too many requests in a short time.',
    action: 'Run the same command again later, with a smaller --concurrency.',
  },
  server_error: {
    causes: 'The backend has a problem of its own (HTTP 5xx).',
    action: 'Run the same command again; look at the logs of the backend if it stays.',
  },
  response_invalid: {
    causes: 'Another service, a login page or a proxy answered in place of the backend.',
    action: 'Check the address. prov doctor --storage BACKEND shows what answered.',
  },
  response_too_large: {
    causes: 'The answer is larger than prov reads, which protects its memory.',
    action: 'Look at that place with the tool of the store, and remove what does not belong there.',
  },
  limit_exceeded: {
    causes: 'Somebody stored very many or very deep items in one place.',
    action: 'Look at that place with the tool of the store, and remove what does not belong there.',
  },
  schema_invalid: {
    causes: 'The SQLite file was made by another program, or was changed.',
    action: 'Name another file in storage.docdb.url, or restore it from a backup.',
  },
  storage_io: {
    causes: 'The permission is missing, the disk is full, or the file system has a problem.',
    action: 'Check permissions and free space at the location that the message names.',
  },
  not_looked: {
    causes: 'The backend cannot list its content, so prov did not know where to read.',
    action: 'Name the runs as INPUT, or give the file that the hint names.',
  },
  pruned: {
    causes:
      'The entry was removed by prov outbox prune once its copies were confirmed; now those backends are not named, or cannot be read.',
    action: 'Name the backends that hold the copies. Only --resign signs such an artifact once more.',
  },
  aborted: {
    causes: 'Ctrl-C or a signal stopped prov.',
    action: 'Run the same command again. It goes on where this one stopped.',
  },
  entry_too_large: {
    causes: 'The signed statement is larger than this backend can hold in one place.',
    action: 'Leave this backend out, make it --optional, or use a format with less in it.',
  },
  conflict: {
    causes: 'Another prov, Tekton Chains or a controller wrote to the same place at the same moment.',
    action: 'Run the same command again.',
  },
  occupied: {
    causes: 'A different copy that verifies is already in the place.',
    action: 'Compare the two with prov verify. prov store --resign or prov repair --prefer BACKEND replaces it.',
  },
  read_back_failed: {
    causes: 'The store did not give back what was just written: it lags, or another writer replaced it.',
    action: 'Run the same command again, then prov verify.',
  },
  seal_failed: {
    causes: 'The annotation that marks the run as signed could not be written.',
    action: 'Run the same command again. The copies are stored already.',
  },
  outbox_full: {
    causes: 'Deliveries have been failing for long, no worker runs, or truth.max-pending is too low for the traffic.',
    action: 'Run prov outbox ls --count to see which backend is owed most, start a worker, then run the command again.',
  },
  incomplete: {
    causes: 'At least one required backend has no copy yet.',
    action: 'Run the same command again. Copies that are stored stay as they are.',
  },
}
