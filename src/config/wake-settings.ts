/** The keys of what wakes workers. */
import type { SettingRow } from '../backend/setting-row.ts'

export const WAKE_SETTINGS = {
  'wake.redis.url': {
    type: 'string',
    usedBy: 'wake',
    meaning:
      'stream of Redis: redis://HOST:PORT/DATABASE?stream=NAME, or rediss:// with TLS; store tells it of a commit',
  },
  'wake.redis.password-file': {
    type: 'string',
    usedBy: 'wake',
    meaning: 'file that holds the password of Redis; `wake.redis.password` counts while it is unset',
  },
  'wake.redis.password': {
    type: 'string',
    secret: true,
    usedBy: 'wake',
    meaning: 'the password itself, from the variable or a configuration file',
  },
  'wake.redis.ca-file': {
    type: 'string',
    usedBy: 'wake',
    meaning: "certificates (PEM) that Redis' has to be signed by",
  },
  'wake.nats.url': {
    type: 'string',
    usedBy: 'wake',
    meaning:
      'subject of a JetStream stream: nats://HOST:PORT?subject=NAME, or tls:// with TLS; store tells it of a commit',
  },
  'wake.nats.password-file': {
    type: 'string',
    usedBy: 'wake',
    meaning:
      'file that holds the password of NATS, or the token where the URL names no user; `wake.nats.password` counts while it is unset',
  },
  'wake.nats.password': {
    type: 'string',
    secret: true,
    usedBy: 'wake',
    meaning: 'the password itself, from the variable or a configuration file',
  },
  'wake.nats.ca-file': {
    type: 'string',
    usedBy: 'wake',
    meaning: "certificates (PEM) that NATS' has to be signed by",
  },
  'wake.pubsub.subscription': {
    type: 'string',
    usedBy: 'wake',
    meaning: 'projects/P/subscriptions/S of Google Pub/Sub, which a worker reads; each worker wants one of its own',
  },
  'wake.pubsub.topic': {
    type: 'string',
    usedBy: 'wake',
    meaning: 'projects/P/topics/T of Google Pub/Sub, which store tells of a commit',
  },
  'wake.inbox-bucket': {
    type: 'string',
    usedBy: 'wake',
    meaning:
      'bucket of Google Cloud Storage that others write signed objects into: a worker imports what verifies, and removes it there once it is in the truth and in the index; must not be the bucket of a backend',
  },
} as const satisfies Record<string, SettingRow>
