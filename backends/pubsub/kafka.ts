/**
 * Kafka. Lazily imported: the client is paid for only where it is used. Headers are bytes there, so a message is Chains' own; the key is the
 * id of the entry, so that compaction keeps one of each.
 */
import { Producer } from '@platformatic/kafka'
import { type ErrorCode, ProvError } from '../../src/errors.ts'
import { connectionFailure, networkCode } from '../../src/platform/http/network-error.ts'
import type { Broker } from './connection.ts'
import { messageOf } from './layout.ts'
import type { KafkaTarget } from './settings.ts'

/**
 * The client connects on the first call. A message counts once every replica in sync has it.
 *
 * @example const id = await openKafka(target).publish(entry) // 'provenance/0/42': topic, partition, offset
 */
export function openKafka({ topic, brokers, requestMs }: KafkaTarget): Broker {
  const producer = new Producer({
    clientId: 'prov',
    bootstrapBrokers: [...brokers],
    timeout: requestMs,
    connectTimeout: Math.min(10_000, requestMs),
    retries: 0, // the core tries again, within a budget
    autocreateTopics: false,
  })
  return {
    async publish(entry) {
      const { body, attributes } = messageOf(entry)
      const headers = new Map(
        Object.entries(attributes).map(([name, value]) => [Buffer.from(name), Buffer.from(value)] as const),
      )
      const key = Buffer.from(attributes['entry'] ?? [])
      try {
        const { offsets } = await producer.send({
          messages: [{ topic, key, value: Buffer.from(body), headers }],
          acks: -1,
        })
        const at = offsets?.[0]
        if (at === undefined) throw new ProvError('response_invalid', 'Kafka acknowledged no offset')
        return `${at.topic}/${at.partition}/${at.offset}`
      } catch (thrown) {
        throw failure(thrown)
      }
    },
    async hasTopic() {
      try {
        return (await producer.metadata({ topics: [topic] })).topics.has(topic)
      } catch (thrown) {
        const error = failure(thrown)
        if (error instanceof ProvError && error.code === 'target_unwritable') return false
        throw error
      }
    },
    close: async () => {
      await producer.close(true)
    },
  }
}

/** Names of https://kafka.apache.org/protocol#protocol_error_codes. */
const CODES: readonly (readonly [RegExp, ErrorCode])[] = [
  [/UNKNOWN_TOPIC/, 'target_unwritable'],
  [/AUTHORIZATION|AUTHENTICATION|SASL/, 'denied'],
  [/MESSAGE_TOO_LARGE|RECORD_LIST_TOO_LARGE/, 'entry_too_large'],
  [/THROTTLING_QUOTA/, 'throttled'],
  [/TIMED_OUT|TIMEOUT/, 'timed_out'],
  [/NETWORK|BROKER_NOT_AVAILABLE/, 'unreachable'],
]

/** The client wraps errors in errors: the first that says something counts. */
function failure(thrown: unknown): unknown {
  if (thrown instanceof ProvError || !(thrown instanceof Error)) return thrown
  const all = within(thrown, 0)
  for (const error of all) {
    const network = networkCode(error)
    if (network !== undefined) return new ProvError(network, connectionFailure('Kafka', error), { cause: thrown })
  }
  const words = all.flatMap((error) => [field(error, 'apiId'), field(error, 'code')])
  // The client itself refuses a topic that the brokers' metadata does not name.
  const unknown = all.some(({ message }) => /^Unknown topic /.test(message)) ? ['UNKNOWN_TOPIC'] : []
  const said = [...unknown, ...words].filter((word) => word !== '')
  const [, code] = CODES.find(([pattern]) => said.some((word) => pattern.test(word))) ?? []
  const hint = code === 'target_unwritable' ? 'create the topic' : undefined
  const told = [...new Set(said)].slice(0, 3).join(', ')
  return new ProvError(code ?? 'server_error', `Kafka answered ${told || thrown.name}`, { cause: thrown, hint })
}

/** Innermost first. */
function within(error: Error, depth: number): readonly Error[] {
  const inner = [...(error instanceof AggregateError ? error.errors : []), error.cause]
  const known = depth > 8 ? [] : inner.filter((item) => item instanceof Error)
  return [...known.flatMap((item) => within(item, depth + 1)), error]
}

function field(error: Error, name: string): string {
  const value: unknown = Object.entries(error).find(([key]) => key === name)?.[1]
  return typeof value === 'string' ? value : ''
}
