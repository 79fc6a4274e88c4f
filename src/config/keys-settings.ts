/** The keys of the key life-cycle: where the keys lie, which journal counts, how they become public, and how long they sign. */
import type { SettingRow } from '../backend/setting-row.ts'

const DAY_MS = 86_400_000

export const KEYS_SETTINGS = {
  'keys.store': {
    type: 'string',
    usedBy: 'keys',
    meaning: 'where the private keys of a journal lie: folder:PATH, or secret:NAMESPACE/NAME of the cluster',
  },
  'keys.journal': {
    type: 'string',
    usedBy: 'keys',
    meaning: 'id or name of the journal, where the key store holds keys of several',
  },
  'keys.journal-file': {
    type: 'string',
    usedBy: 'keys',
    meaning: 'file that each change of the journal is written to as well, as prov keys import reads it; unset: none',
  },
  'keys.validity': {
    type: 'duration',
    default: '90d',
    range: [1000, 3650 * DAY_MS],
    usedBy: 'keys',
    meaning:
      'how long a key counts from its activation; half way prov keys rotate makes the next, at the end the private key is destroyed',
  },
  'keys.public-urls': {
    type: 'list',
    usedBy: 'keys',
    meaning: 'URLs that serve the public keys, separated by commas; a key signs only once each of them shows it',
  },
  'keys.min-propagation': {
    type: 'duration',
    default: '10m',
    range: [0, 30 * DAY_MS],
    usedBy: 'keys',
    meaning: 'least time between a key that every public URL shows and its first signature',
  },
  'keys.skew': {
    type: 'duration',
    default: '1m',
    range: [0, DAY_MS],
    usedBy: 'keys',
    meaning: 'by how much clocks may differ: added to each wait of the key life-cycle',
  },
  'keys.region': {
    type: 'string',
    usedBy: 'keys',
    meaning: 'name of the region whose file holds the public keys of this journal: lower case letters, digits and -',
  },
  'keys.publisher-key': {
    type: 'string',
    usedBy: 'keys',
    meaning: "private key that signs the region's file: a file, or env://NAME",
  },
  'keys.publisher-password-file': {
    type: 'string',
    usedBy: 'keys',
    meaning: "file with the password of the publisher's key; unset: PROV_PASSWORD, COSIGN_PASSWORD, or a prompt",
  },
  'keys.expires-after': {
    type: 'duration',
    default: '1d',
    range: [1000, 365 * DAY_MS],
    usedBy: 'keys',
    meaning: "how long a region's file is fresh; after that its keys stay, and prov keys merge and status say so",
  },
  'keys.publish-to': {
    type: 'string',
    usedBy: 'keys',
    meaning: 'where the file of the region is written: gs://BUCKET/PATH, s3://BUCKET/PATH or file:FOLDER',
  },
  'keys.max-keys': {
    type: 'number',
    default: '100',
    range: [2, 1000],
    usedBy: 'keys',
    meaning: 'most keys in a public set (AWS reads no more than 100); the oldest retired ones go to keys-archive.json',
  },
  'keys.max-region-keys': {
    type: 'number',
    range: [1, 1000],
    usedBy: 'keys',
    meaning:
      'most keys of one region in a public set that are not retired; unset: an equal share of keys.max-keys, 4 at least',
  },
} as const satisfies Record<string, SettingRow>
