/** The rows of what a copy or a set of copies is found to be. See codes.ts. Pure data. */

export const VERDICT_EXPLANATIONS = {
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
      'Ask prov verify --wide who it was: compare with --certificate-identity or the keyring. Trust it only if you know it.',
  },
  issuer_untrusted: {
    causes: 'The same name was vouched for by another identity provider.',
    action: 'Ask prov verify --wide which one: compare with --certificate-oidc-issuer or the keyring.',
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
} as const
