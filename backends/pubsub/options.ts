/** Options of pubsub for programs that embed prov. */
import type { Backend } from '../../src/backend/backend.ts'
import { contextOf, type Surroundings } from '../shared/embedded.ts'

/** A topic of Google Pub/Sub or Kafka; write-only. */
export interface PubsubOptions {
  readonly provider: 'google' | 'kafka'
  readonly topic: string
  /** Google Cloud project of the topic. */
  readonly project?: string
  /** Of Kafka: HOST:PORT. */
  readonly bootstrapServers?: readonly string[]
  /** Longest time of one request. */
  readonly timeoutMs?: number
}

const KEYS = {
  provider: 'storage.pubsub.provider',
  topic: 'storage.pubsub.topic',
  project: 'storage.pubsub.project',
  bootstrapServers: 'storage.pubsub.kafka.bootstrap.servers',
  timeoutMs: 'storage.pubsub.timeout',
} as const satisfies Record<keyof PubsubOptions, string>

/**
 * Connects on first use. Throws what the settings of the same meaning are refused for.
 *
 * @example const backend = await openPubsub({ provider: 'google', topic: 'provenance', project: 'acme' })
 */
export async function openPubsub(options: PubsubOptions, surroundings?: Surroundings): Promise<Backend> {
  return (await import('./backend.ts')).open(contextOf(options, KEYS, surroundings))
}
