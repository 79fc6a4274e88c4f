/** What the configuration says to this backend. Pure. */
import type { Context } from '../../src/backend/backend.ts'
import { ProvError } from '../../src/errors.ts'
import { requestMs } from '../shared/settings.ts'

export const NAME = 'pubsub'

export interface GoogleTarget {
  readonly provider: 'google'
  readonly project: string
  /** `projects/P/topics/T` */
  readonly topic: string
  /** HOST:PORT of PUBSUB_EMULATOR_HOST; undefined: the service, with application default credentials. */
  readonly emulator: string | undefined
  readonly requestMs: number
}

export interface KafkaTarget {
  readonly provider: 'kafka'
  readonly topic: string
  /** HOST:PORT of each. */
  readonly brokers: readonly string[]
  readonly requestMs: number
}

/**
 * Throws `config_invalid` for what is missing, `not_supported` for Chains' provider `inmemory`: nobody outside the process could listen.
 *
 * @param provider counts in place of `storage.pubsub.provider`
 *
 * @example readSettings(context).topic // 'projects/acme/topics/provenance'
 */
export function readSettings(
  context: Pick<Context, 'setting' | 'env'>,
  provider = context.setting('storage.pubsub.provider') || undefined,
): GoogleTarget | KafkaTarget {
  const { setting, env } = context
  if (provider === 'inmemory') {
    throw new ProvError('not_supported', 'a queue in memory has no listener when prov ends', {
      backend: NAME,
      hint: 'choose storage.pubsub.provider google or kafka',
    })
  }
  if (provider !== 'google' && provider !== 'kafka') {
    throw invalid('storage.pubsub.provider is not set', 'choose google or kafka')
  }
  const topic = setting('storage.pubsub.topic') || undefined
  if (topic === undefined) throw invalid('storage.pubsub.topic is not set', 'name the topic of the messages')
  const common = { requestMs: requestMs(context, NAME) }
  if (provider === 'kafka') {
    const servers = setting('storage.pubsub.kafka.bootstrap.servers') ?? ''
    const brokers = servers.split(',').map((server) => server.trim())
    if (!brokers.every((broker) => /^[^\s/@,:]+:[0-9]{1,5}$|^\[[0-9a-fA-F:]+\]:[0-9]{1,5}$/.test(broker))) {
      throw invalid('storage.pubsub.kafka.bootstrap.servers is not a list of HOST:PORT', 'separate several with commas')
    }
    if (!/^[A-Za-z0-9._-]{1,249}$/.test(topic)) throw invalid('storage.pubsub.topic is not a name of a Kafka topic')
    return { provider, topic, brokers, ...common }
  }
  const [, named, own = topic] = /^projects\/([^/]+)\/topics\/([^/]+)$/.exec(topic) ?? []
  const project = named ?? (setting('storage.pubsub.project') || env['GOOGLE_CLOUD_PROJECT'] || undefined)
  if (project === undefined || own.includes('/')) {
    throw invalid('storage.pubsub.topic names no project', 'write projects/P/topics/T, or set storage.pubsub.project')
  }
  const emulator = env['PUBSUB_EMULATOR_HOST'] || undefined
  return { provider, project, topic: `projects/${project}/topics/${own}`, emulator, ...common }
}

function invalid(message: string, hint?: string): ProvError {
  return new ProvError('config_invalid', message, { backend: NAME, hint })
}
