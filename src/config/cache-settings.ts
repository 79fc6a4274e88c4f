/** The keys of the verdict cache. */
import type { SettingRow } from '../backend/setting-row.ts'

const HOUR_MS = 3_600_000

export const CACHE_SETTINGS = {
  'cache.url': {
    type: 'string',
    usedBy: 'cache',
    meaning:
      'where prov serve keeps verdicts: none, memory, redis://HOST:PORT/DATABASE (rediss:// with TLS) or dapr:http://HOST:PORT/STORE; prov verify keeps none without --cache',
  },
  'cache.password-file': {
    type: 'string',
    usedBy: 'cache',
    meaning: 'file that holds the password of Redis',
  },
  'cache.ca-file': {
    type: 'string',
    usedBy: 'cache',
    meaning: "certificates (PEM) that Redis' has to be signed by",
  },
  'cache.mac-key-file': {
    type: 'string',
    usedBy: 'cache',
    meaning: 'file of 32 random bytes that seals what is kept, the same for all who share a cache',
  },
  'cache.namespace': {
    type: 'string',
    default: 'prov',
    usedBy: 'cache',
    meaning: 'a part of every key: another one drops all that was kept; letters, digits, `.`, `_` and `-`',
  },
  'cache.budget': {
    type: 'duration',
    default: '50ms',
    range: [1, 5000],
    usedBy: 'cache',
    meaning: 'longest time that one call of the cache may take',
  },
  'cache.ttl-pass': {
    type: 'duration',
    default: '60s',
    range: [1, HOUR_MS],
    usedBy: 'cache',
    meaning: 'how long a verdict is kept that all is well (exit 0)',
  },
  'cache.ttl-fail': {
    type: 'duration',
    default: '5s',
    range: [1, HOUR_MS],
    usedBy: 'cache',
    meaning: 'how long one is kept that a copy does not verify, or that copies differ (exit 3, 4)',
  },
  'cache.ttl-absent': {
    type: 'duration',
    default: '2s',
    range: [1, HOUR_MS],
    usedBy: 'cache',
    meaning: 'how long one is kept that copies are missing (exit 5)',
  },
} as const satisfies Record<string, SettingRow>
