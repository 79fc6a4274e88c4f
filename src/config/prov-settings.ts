/** The general keys that prov has beside those of Tekton Chains. */
import type { SettingRow } from '../backend/setting-row.ts'

export const STORAGE_SETTINGS = {
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
} as const satisfies Record<string, SettingRow>

export const OTHER_PROV_SETTINGS = {
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
