/** The keys that prov has beside those of Tekton Chains. */
import type { SettingRow } from './row.ts'

export const PROV_SETTINGS = {
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
