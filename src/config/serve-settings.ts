/** The keys of the verification service. */
import type { SettingRow } from '../backend/setting-row.ts'

const HOUR_MS = 3_600_000

export const SERVE_SETTINGS = {
  'serve.listen': {
    type: 'string',
    default: '127.0.0.1:8080',
    usedBy: 'serve',
    meaning: 'HOST:PORT that the service listens at; without TLS only an address of the loopback interface',
  },
  'serve.metrics-listen': {
    type: 'string',
    usedBy: 'serve',
    meaning: 'HOST:PORT for /metrics, /healthz and /readyz alone, over plain HTTP; unset: only where serve.listen is',
  },
  'serve.tls-cert': {
    type: 'string',
    usedBy: 'serve',
    meaning: 'certificate of the service with its chain, PEM; read again when the file changes',
  },
  'serve.tls-key': { type: 'string', usedBy: 'serve', meaning: 'its private key, PEM' },
  'serve.client-ca': {
    type: 'string',
    usedBy: 'serve',
    meaning: 'certificates (PEM) that those of clients have to be signed by; set: all but health wants one',
  },
  'serve.token-file': {
    type: 'string',
    usedBy: 'serve',
    meaning: 'file with a token that auditors may give in the header Authorization in place of a certificate',
  },
  'serve.deadline': {
    type: 'duration',
    default: '2900ms',
    range: [300, 60_000],
    usedBy: 'serve',
    meaning: 'longest time one request may take; each of its keys has 200 ms less',
  },
  'serve.drain': {
    type: 'duration',
    default: '5s',
    range: [1, HOUR_MS],
    usedBy: 'serve',
    meaning: 'how long a service that was asked to end goes on answering while /readyz says 503',
  },
  'serve.max-keys': {
    type: 'number',
    default: '200',
    range: [1, 10_000],
    usedBy: 'serve',
    meaning: 'most keys of one request of Gatekeeper',
  },
  'serve.concurrency': {
    type: 'number',
    default: '64',
    range: [1, 1000],
    usedBy: 'serve',
    meaning: 'verifications that run at one time; others wait, and where too many wait the answer is 503',
  },
  'serve.tags': {
    type: 'bool',
    default: 'false',
    usedBy: 'serve',
    meaning: 'whether /verify and /v1/verify take an image by its tag; the answer names the digest',
  },
  'serve.data': {
    type: 'bool',
    default: 'true',
    usedBy: 'serve',
    meaning: 'whether /v1/entries, /v1/search, /v1/artifacts, /v1/outbox and the page show what the truth holds',
  },
  'serve.stale-config': {
    type: 'duration',
    default: '60s',
    range: [1, HOUR_MS],
    usedBy: 'serve',
    meaning: 'how long the last keys, policy and certificates count while their files cannot be used',
  },
  'serve.registry-rate': {
    type: 'number',
    default: '100',
    range: [0, 100_000],
    usedBy: 'serve',
    meaning: 'requests a second that the service sends to one registry; 0: no limit',
  },
  'serve.registry-memory': {
    type: 'number',
    default: '32',
    range: [0, 4096],
    usedBy: 'serve',
    meaning:
      'megabytes of memory for manifests and blobs that registries name by their digest, so that they are read once; 0: each verification reads all',
  },
} as const satisfies Record<string, SettingRow>
