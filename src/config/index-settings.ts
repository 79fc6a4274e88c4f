/** The keys of the search index. */
import type { SettingRow } from '../backend/setting-row.ts'

export const INDEX_SETTINGS = {
  'index.url': {
    type: 'string',
    usedBy: 'index',
    meaning:
      'the search index: redis://HOST:PORT/DATABASE, or rediss:// with TLS; where it is set, store owes each entry to it',
  },
  'index.password-file': {
    type: 'string',
    usedBy: 'index',
    meaning: 'file that holds the password of Redis; `index.password` counts while it is unset',
  },
  'index.password': {
    type: 'string',
    secret: true,
    usedBy: 'index',
    meaning: 'the password itself, from the variable or a configuration file',
  },
  'index.ca-file': {
    type: 'string',
    usedBy: 'index',
    meaning: "certificates (PEM) that Redis' has to be signed by",
  },
  'index.namespace': {
    type: 'string',
    default: 'prov',
    usedBy: 'index',
    meaning: 'tells several indexes in one database apart: letters, digits, `.`, `_` and `-`',
  },
} as const satisfies Record<string, SettingRow>
