/** The rows of commands, configuration and input. See codes.ts. Pure data. */

export const USAGE_EXPLANATIONS = {
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
} as const
