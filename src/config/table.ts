/**
 * Every configuration key, in one table: the parser, the docs' reference and the tests are made from it. The first part
 * is Tekton Chains' own (pkg/config/config.go of v0.29, same keys, values and defaults), the second part is prov's.
 */

export type SettingType =
  /** Any text; the empty one is the same as unset. */
  | 'string'
  /** What Go's strconv.ParseBool reads; anything else is ignored, with a warning. */
  | 'bool'
  /** Exactly one of the allowed values. */
  | 'enum'
  /** Backends separated by commas; the empty text disables storing. */
  | 'backends'
  /** Anything separated by commas. */
  | 'list'
  /** A whole number. */
  | 'number'
  /** `500ms`, `30s`, `2m`; a bare number means seconds. */
  | 'duration'

export interface SettingRow {
  readonly type: SettingType
  /** The value when it is not set; absent: there is none. */
  readonly default?: string
  /** For `enum` and `backends`: the values. */
  readonly allowed?: readonly string[]
  /** Chains turns the feature off for any other value, without a word: so it is a warning here, not an error. */
  readonly lenient?: true
  /** For `number` and `duration` (milliseconds). */
  readonly range?: readonly [number, number]
  /** The key whose value counts while this one is unset. */
  readonly fallback?: string
  /** Never shown, and not taken from the command line. */
  readonly secret?: true
  /** Accepted, but not supported by this version: every value, or those named. */
  readonly later?: 'every value' | readonly string[]
  /** What to do instead of using a value that this version does not support. */
  readonly instead?: string
  /** What puts it to use: a backend's name, `signer` (no --key given), `store`, or `format`. */
  readonly usedBy: string
  /** Values that something else puts to use: `upload`, a run whose annotation asks for a log entry. */
  readonly valuesUsedBy?: Readonly<Record<string, string>>
  /** One line for the docs. */
  readonly meaning: string
}

const FORMATS = ['in-toto', 'slsa/v1', 'slsa/v2alpha3', 'slsa/v2alpha4'] as const
const SIGNERS = ['x509', 'kms', 'none'] as const
/** Chains' names and prov's own. Chains' set for pipelineruns has no kafka. */
const RUN_BACKENDS = ['tekton', 'oci', 'gcs', 'docdb', 'grafeas', 'archivista', 'pubsub', 's3', 'memory'] as const
const ALL_BACKENDS = [...RUN_BACKENDS, 'kafka'] as const

const KEY = 'give the key with --key'

function text(usedBy: string, meaning: string): SettingRow {
  return { type: 'string', later: 'every value', instead: `unset it, and ${KEY}`, usedBy, meaning }
}

function secret(usedBy: string, meaning: string): SettingRow {
  return { type: 'string', later: 'every value', instead: `unset it, and ${KEY}`, usedBy, secret: true, meaning }
}

function format(what: string): SettingRow {
  const meaning = `payload format of ${what}`
  return { type: 'enum', allowed: FORMATS, default: 'in-toto', usedBy: 'format', meaning }
}

function signer(what: string): SettingRow {
  const meaning = `what signs ${what}; none: they are neither signed nor stored`
  const instead = `set x509, and ${KEY}`
  return { type: 'enum', allowed: SIGNERS, default: 'x509', later: ['kms'], instead, usedBy: 'signer', meaning }
}

export const SETTINGS = {
  'artifacts.taskrun.format': format('TaskRuns'),
  'artifacts.taskrun.storage': {
    type: 'backends',
    allowed: ALL_BACKENDS,
    default: 'tekton',
    usedBy: 'store',
    meaning: 'where TaskRuns are stored when --storage is not given; empty: nowhere',
  },
  'artifacts.taskrun.signer': signer('TaskRuns'),
  'artifacts.pipelinerun.format': format('PipelineRuns'),
  'artifacts.pipelinerun.storage': {
    type: 'backends',
    allowed: RUN_BACKENDS,
    default: 'tekton',
    usedBy: 'store',
    meaning: 'where PipelineRuns are stored when --storage is not given; empty: nowhere',
  },
  'artifacts.pipelinerun.signer': signer('PipelineRuns'),
  'artifacts.pipelinerun.enable-deep-inspection': {
    type: 'bool',
    default: 'false',
    usedBy: 'format',
    meaning: "take subjects and materials of a PipelineRun from its TaskRuns' results too",
  },
  'artifacts.oci.format': {
    type: 'enum',
    allowed: ['simplesigning'],
    default: 'simplesigning',
    usedBy: 'format',
    meaning: 'payload format of images',
  },
  'artifacts.oci.storage': {
    type: 'backends',
    allowed: ALL_BACKENDS,
    default: 'oci',
    usedBy: 'store',
    meaning: 'where image signatures are stored when --storage is not given; empty: nowhere',
  },
  'artifacts.oci.signer': signer('images'),
  'storage.gcs.bucket': { type: 'string', usedBy: 'gcs', meaning: 'bucket of the Google Cloud Storage backend' },
  'storage.oci.repository': {
    type: 'string',
    usedBy: 'oci',
    meaning: "repository that all copies go to, and are read from, instead of the image's own",
  },
  'storage.oci.repository.insecure': {
    type: 'bool',
    default: 'false',
    usedBy: 'oci',
    meaning: 'allow plain http and unverified TLS (loopback registries need no leave)',
  },
  'storage.oci.encoding-format': {
    type: 'list',
    allowed: ['dsse', 'sigstore-bundle'],
    default: 'dsse',
    usedBy: 'oci',
    meaning:
      "dsse: cosign's .sig and .att tags; sigstore-bundle: OCI referrers, in the images' own repositories; or both; what is not named is not looked for",
  },
  'storage.docdb.url': {
    type: 'string',
    usedBy: 'docdb',
    meaning: "go-cloud's docstore URL (mongo://DB/COLL?id_field=Name, firestore://…, dynamodb://…), or sqlite:PATH",
  },
  'storage.docdb.mongo-server-url': {
    type: 'string',
    usedBy: 'docdb',
    secret: true,
    meaning: 'MongoDB server; may hold a password',
  },
  'storage.docdb.mongo-server-url-dir': {
    type: 'string',
    usedBy: 'docdb',
    meaning: 'folder whose file MONGO_SERVER_URL names the server',
  },
  'storage.docdb.mongo-server-url-path': {
    type: 'string',
    usedBy: 'docdb',
    meaning:
      'file that names the server; counts before the folder, that before the value, that before MONGO_SERVER_URL',
  },
  'storage.archivista.url': { type: 'string', usedBy: 'archivista', meaning: 'URL of the Archivista server' },
  'storage.grafeas.projectid': { type: 'string', usedBy: 'grafeas', meaning: 'Google Cloud project of the notes' },
  'storage.grafeas.noteid': {
    type: 'string',
    usedBy: 'grafeas',
    meaning: 'beginning of the names of the notes; unset: tekton-<namespace> of each run',
  },
  'storage.grafeas.notehint': {
    type: 'string',
    default: 'This attestation note was generated by Tekton Chains',
    usedBy: 'grafeas',
    meaning: 'human readable name of the note',
  },
  'storage.pubsub.provider': {
    type: 'enum',
    allowed: ['google', 'kafka', 'inmemory'],
    later: ['inmemory'],
    instead: 'set google or kafka',
    usedBy: 'pubsub',
    meaning: 'message broker',
  },
  'storage.pubsub.topic': {
    type: 'string',
    usedBy: 'pubsub',
    meaning: 'topic of the messages; for Google its name or projects/P/topics/T',
  },
  'storage.pubsub.kafka.bootstrap.servers': {
    type: 'string',
    usedBy: 'pubsub',
    meaning: 'Kafka servers, HOST:PORT separated by commas',
  },
  'transparency.enabled': {
    type: 'enum',
    allowed: ['true', 'manual', 'false'],
    lenient: true,
    default: 'false',
    later: ['true', 'manual'],
    instead: 'set false',
    usedBy: 'store',
    valuesUsedBy: { manual: 'upload' },
    meaning: 'enter signatures into a transparency log',
  },
  'transparency.url': {
    ...text('log', 'Rekor server'),
    instead: 'unset it',
    default: 'https://rekor.sigstore.dev',
  },
  'signers.kms.kmsref': text('kms', 'key in a key manager, e.g. gcpkms://…'),
  'signers.kms.auth.address': text('kms', 'address of the key manager'),
  'signers.kms.auth.token': secret('kms', 'token for the key manager'),
  'signers.kms.auth.token-path': text('kms', 'file that holds the token'),
  'signers.kms.auth.oidc.path': text('kms', 'path of the OIDC login'),
  'signers.kms.auth.oidc.role': text('kms', 'role of the OIDC login'),
  'signers.kms.auth.oidc.token-path': text('kms', 'file that holds the OIDC token'),
  'signers.kms.auth.spire.sock': text('kms', 'socket of the SPIRE agent'),
  'signers.kms.auth.spire.audience': text('kms', 'audience of the SPIRE token'),
  'signers.x509.fulcio.enabled': {
    type: 'bool',
    default: 'false',
    later: ['true'],
    instead: `set false, and ${KEY}`,
    usedBy: 'signer',
    meaning: 'sign with a short-lived certificate of Fulcio',
  },
  'signers.x509.fulcio.address': { ...text('fulcio', 'Fulcio server'), default: 'https://fulcio.sigstore.dev' },
  'signers.x509.fulcio.issuer': {
    ...text('fulcio', 'issuer of the token'),
    default: 'https://oauth2.sigstore.dev/auth',
  },
  'signers.x509.fulcio.provider': text('fulcio', 'where the token comes from'),
  'signers.x509.identity.token.file': text('fulcio', 'file that holds the token'),
  'signers.x509.tuf.mirror.url': text('fulcio', 'mirror of the trust roots'),
  'builder.id': {
    type: 'string',
    default: 'https://tekton.dev/chains/v2',
    usedBy: 'format',
    meaning: 'builder.id of the provenance',
  },
  'builddefinition.buildtype': {
    type: 'enum',
    allowed: ['https://tekton.dev/chains/v2/slsa', 'https://tekton.dev/chains/v2/slsa-tekton'],
    default: 'https://tekton.dev/chains/v2/slsa',
    usedBy: 'format',
    meaning: 'buildType of slsa/v2 provenance',
  },
  'filter.managed-by': {
    type: 'list',
    later: 'every value',
    instead: 'unset it, and name the runs',
    usedBy: 'cluster',
    meaning: 'further spec.managedBy values to process',
  },

  // prov's own
  'storage.timeout': {
    type: 'duration',
    default: '60s',
    range: [1, 3_600_000],
    usedBy: 'every backend',
    meaning: 'longest time one request to a backend may take',
  },
  'storage.retries': {
    type: 'number',
    default: '4',
    range: [0, 20],
    usedBy: 'store',
    meaning: 'how often a write that may heal is tried again, for each backend',
  },
  'storage.oci.timeout': {
    type: 'duration',
    range: [1, 3_600_000],
    fallback: 'storage.timeout',
    usedBy: 'oci',
    meaning: 'the same for registries alone',
  },
  'storage.oci.layout': {
    type: 'string',
    usedBy: 'oci',
    meaning: 'folder of an OCI image layout that stands in for every registry',
  },
  'storage.oci.hosts': {
    type: 'list',
    usedBy: 'oci',
    meaning:
      'the only hosts that may be contacted; without it, any, but credentials go to hosts of the configuration only',
  },
  'storage.oci.tag-writes': {
    type: 'enum',
    allowed: ['readback', 'markers'],
    default: 'readback',
    usedBy: 'oci',
    meaning: 'how writers of one tag are kept from losing each other: cheap, or certain',
  },
  'storage.oci.ca-file': {
    type: 'string',
    usedBy: 'oci',
    meaning: 'trusted certificates (PEM) for registries, beside the usual ones',
  },
  'storage.gcs.endpoint': {
    type: 'string',
    usedBy: 'gcs',
    meaning:
      'URL of an emulator or of a private endpoint; STORAGE_EMULATOR_HOST counts while it is unset; http: no credentials',
  },
  'storage.gcs.directory': {
    type: 'string',
    usedBy: 'gcs',
    meaning: 'directory that stands in for a bucket, with the same names',
  },
  'storage.gcs.timeout': {
    type: 'duration',
    range: [1, 3_600_000],
    fallback: 'storage.timeout',
    usedBy: 'gcs',
    meaning: 'the same for gcs alone',
  },
  'storage.s3.bucket': { type: 'string', usedBy: 's3', meaning: 'bucket of the S3 backend' },
  'storage.s3.prefix': { type: 'string', usedBy: 's3', meaning: 'folder in the bucket that holds all objects' },
  'storage.s3.endpoint': {
    type: 'string',
    usedBy: 's3',
    meaning: 'URL of a service other than AWS; AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL count while it is unset',
  },
  'storage.s3.region': {
    type: 'string',
    usedBy: 's3',
    meaning: 'region of the bucket; AWS_REGION and AWS_DEFAULT_REGION count while it is unset',
  },
  'storage.s3.path-style': {
    type: 'bool',
    usedBy: 's3',
    meaning: "name the bucket in the path of a URL, not in its host (default: true with an endpoint of one's own)",
  },
  'storage.s3.directory': {
    type: 'string',
    usedBy: 's3',
    meaning: 'directory that stands in for a bucket, with the same names',
  },
  'storage.s3.timeout': {
    type: 'duration',
    range: [1, 3_600_000],
    fallback: 'storage.timeout',
    usedBy: 's3',
    meaning: 'the same for s3 alone',
  },
  'storage.archivista.timeout': {
    type: 'duration',
    range: [1, 3_600_000],
    fallback: 'storage.timeout',
    usedBy: 'archivista',
    meaning: 'the same for archivista alone',
  },
  'storage.grafeas.endpoint': {
    type: 'string',
    usedBy: 'grafeas',
    meaning: 'URL of another server with the Container Analysis v1 API; http: no credentials',
  },
  'storage.grafeas.timeout': {
    type: 'duration',
    range: [1, 3_600_000],
    fallback: 'storage.timeout',
    usedBy: 'grafeas',
    meaning: 'the same for grafeas alone',
  },
  'storage.pubsub.project': {
    type: 'string',
    usedBy: 'pubsub',
    meaning: 'Google Cloud project of the topic; GOOGLE_CLOUD_PROJECT counts while it is unset',
  },
  'storage.pubsub.timeout': {
    type: 'duration',
    range: [1, 3_600_000],
    fallback: 'storage.timeout',
    usedBy: 'pubsub',
    meaning: 'the same for pubsub alone',
  },
  'storage.tekton.file': {
    type: 'string',
    usedBy: 'tekton',
    meaning: 'file that gets the annotations, for runs from standard input or an unwritable folder',
  },
  'storage.tekton.cluster': {
    type: 'bool',
    default: 'false',
    usedBy: 'tekton',
    meaning: 'annotate the live objects also of runs that were read from a file; list the cluster',
  },
  'kubernetes.kubeconfig': {
    type: 'string',
    usedBy: 'cluster',
    meaning: "how to reach the cluster; unset: KUBECONFIG, ~/.kube/config, the pod's service account",
  },
  'kubernetes.context': {
    type: 'string',
    usedBy: 'cluster',
    meaning: 'context of the kubeconfig, when not its current one',
  },
  'verifier.id': {
    type: 'string',
    default: 'prov:verifier',
    usedBy: 'verify',
    meaning: 'URI of who verifies, in the summaries of verify --output vsa',
  },
} as const satisfies Record<string, SettingRow>

export type SettingKey = keyof typeof SETTINGS

/** True for a key of the table. */
export function isSettingKey(key: string): key is SettingKey {
  return Object.hasOwn(SETTINGS, key)
}

/** The row of a key, with the members that not every row has. */
export function settingRow(key: SettingKey): SettingRow {
  return SETTINGS[key]
}

/**
 * The environment variable of a key.
 *
 * @example settingVariable('storage.oci.tag-writes') // 'PROV_STORAGE_OCI_TAG_WRITES'
 */
export function settingVariable(key: string): string {
  return `PROV_${key.toUpperCase().replace(/[.-]/g, '_')}`
}

/**
 * Every key with its row and variable, in the order of the reference.
 *
 * @example settingsTable()[0]?.variable // 'PROV_ARTIFACTS_TASKRUN_FORMAT'
 */
export function settingsTable(): readonly (SettingRow & { readonly key: SettingKey; readonly variable: string })[] {
  const keys = Object.keys(SETTINGS).filter(isSettingKey)
  return keys.map((key) => ({ key, variable: settingVariable(key), ...settingRow(key) }))
}
