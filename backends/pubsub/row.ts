/** What prov knows of this backend before its code is loaded. */
import { backendRow } from '../../src/backend/row.ts'
import { ownTimeout } from '../shared/own-timeout.ts'

export const pubsub = backendRow({
  summary: 'messages of Google Pub/Sub or Kafka, as Tekton Chains forms them; write-only: told, never counted',
  load: () => import('./backend.ts'),
  variables: ['GOOGLE_CLOUD_PROJECT', 'PUBSUB_EMULATOR_HOST'],
  settings: {
    chains: {
      'storage.pubsub.provider': {
        type: 'enum',
        allowed: ['google', 'kafka', 'inmemory'],
        later: ['inmemory'],
        instead: 'set google or kafka',
        meaning: 'message broker',
      },
      'storage.pubsub.topic': {
        type: 'string',
        meaning: 'topic of the messages; for Google its name or projects/P/topics/T',
      },
      'storage.pubsub.kafka.bootstrap.servers': {
        type: 'string',
        meaning: 'Kafka servers, HOST:PORT separated by commas',
      },
    },
    prov: {
      'storage.pubsub.project': {
        type: 'string',
        meaning: 'Google Cloud project of the topic; GOOGLE_CLOUD_PROJECT counts while it is unset',
      },
      'storage.pubsub.timeout': ownTimeout('pubsub'),
    },
  },
})
