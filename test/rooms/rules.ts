/** Who may import whom: the floor plan of src/ and backends/ as data. `npm run lint` holds every file against it (check.ts). Pure. */

/** From the ground up: a room may import rooms of an earlier row, never of its own row or a later one. */
export const FLOORS: readonly (readonly string[])[] = [
  ['errors'],
  ['version'],
  ['platform'],
  ['model'],
  ['backend'],
  ['config', 'kubernetes', 'formats'],
  ['provenance', 'input', 'keys'],
  ['trust'],
  ['signing'],
  ['copies'],
  ['verify'],
  ['store', 'migrate', 'repair', 'doctor', 'conform'],
  ['truth'],
  ['cache', 'search', 'keysets'],
  ['delivery'],
  ['report'],
  ['setup'],
  ['service'],
  ['serve', 'watch'],
  ['cli', 'index'],
]

/** What a backend sees of src/, beside its own folder and backends/shared/. */
export const BACKENDS_SEE: readonly string[] = ['errors', 'version', 'platform', 'model', 'backend']

/** What one backend sees beyond that, and why. */
export const BACKENDS_ALSO_SEE: Readonly<Record<string, readonly string[]>> = {
  tekton: ['kubernetes'], // runs live in a cluster
}

/** Backends that are built on another one's folder. */
export const BUILT_ON: Readonly<Record<string, readonly string[]>> = {
  gcs: ['objects'],
  s3: ['objects'],
  kafka: ['pubsub'],
}

/** What lists the backends, and so sees a file of every folder. */
export const LIST_BACKENDS: readonly string[] = ['backends/index.ts', 'backends/rows.ts']

/** Who may import the table of all backends: it turns a name into a lazy import. */
export const SEE_ALL_BACKENDS: readonly RegExp[] = [
  /^src\/setup\//,
  /^src\/index\.ts$/,
  /^src\/cli\/commands\/completion\//,
]

/** Packages, and the only places that may import each. What is not listed may be imported nowhere. Type imports count as well. */
export const PACKAGES: Readonly<Record<string, readonly RegExp[]>> = {
  commander: [/^src\/cli\//],
  yaml: [/^src\/platform\/text\//, /^backends\/tekton\//],
  'p-limit': [/^src\/platform\//],
  'lru-cache': [/^src\/(?:platform|cache)\//],
  '@noble/*': [/^src\/(?:keys|signing)\//],
  '@sigstore/*': [/^src\/(?:trust|signing)\//, /^backends\/oci\//],
  '@aws-sdk/*': [/^backends\/(?:s3|docdb)\//],
  '@google-cloud/*': [/^backends\/(?:gcs|docdb|pubsub)\//],
  'google-auth-library': [/^backends\//, /^src\/delivery\/wake\//],
  'google-gax': [/^backends\//],
  mongodb: [/^backends\/docdb\//],
  'oci-registry-client': [/^backends\/oci\//],
  '@platformatic/kafka': [/^backends\/pubsub\//],
  '@nats-io/*': [/^src\/delivery\/wake\//],
  pg: [/^src\/truth\//],
  ioredis: [/^src\/(?:search|cache|delivery)\//, /^src\/platform\/redis\//],
  jose: [/^src\/(?:keys|keysets|signing|trust)\//],
  fastify: [/^src\/service\//],
  pino: [/^src\/service\//],
  'prom-client': [/^src\/service\//],
}
