/** pubsub: entries as messages of Google Pub/Sub or Kafka. Write-only: what a broker accepted, nobody can look up there again. */
import type { Backend, CallOptions, Context, OpenBackend, Receipt, Slot } from '../../src/backend/backend.ts'
import { receiptOf } from '../../src/backend/receipt.ts'
import { errorAt, ProvError } from '../../src/errors.ts'
import type { Entry } from '../../src/model/entry.ts'
import { within } from '../../src/platform/async/deadline.ts'
import { isOneFile } from '../../src/platform/one-file.ts'
import type { Broker } from './connection.ts'
import { googleMessage, messageOf, sizeOf, slotsOf } from './layout.ts'
import { type GoogleTarget, type KafkaTarget, NAME, readSettings } from './settings.ts'

/** Largest message that Google takes; Kafka's limit is its broker's own affair. */
const GOOGLE_BYTES = 10_000_000

/**
 * Opens the backend; nothing is contacted before the first call that needs it. Settings: `storage.pubsub.provider`, `.topic`, `.project`,
 * `.kafka.bootstrap.servers`, `.timeout`; PUBSUB_EMULATOR_HOST. The location of a receipt is the topic with the broker's id of the message.
 * Every put publishes, since nobody can look: consumers know an entry by the attribute `entry`. Calls throw
 * `config_invalid` and `not_supported` for what is set wrong.
 *
 * @example const pubsub = open(context); await pubsub.put(slot, entry, { signal })
 */
export const open: OpenBackend = (context) =>
  openMessages(NAME, () => readSettings(context), context.setting('storage.pubsub.provider') === 'google', context)

/** The client is not in prov's own bundle, since it reads a file beside itself: who uses Kafka installs it too. */
async function kafkaPort(): Promise<typeof import('./kafka.ts')> {
  try {
    return await import('./kafka.ts')
  } catch (cause) {
    if (!(cause instanceof Error) || !('code' in cause) || cause.code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new ProvError('not_supported', "Kafka's client is not installed beside prov", {
      hint: isOneFile()
        ? 'this prov is one file; install the package instead: npm install prov @platformatic/kafka'
        : 'npm install @platformatic/kafka',
      cause,
    })
  }
}

/** The same under another name, for a target of its own. `google`: its limits are known beforehand. */
export function openMessages(
  name: string,
  read: () => GoogleTarget | KafkaTarget,
  google: boolean,
  context: Context,
): Backend {
  let connecting: Promise<Broker> | undefined

  async function connect(): Promise<Broker> {
    const target = read()
    if (target.provider === 'kafka') return (await kafkaPort()).openKafka(target)
    return (await import('./google.ts')).openGoogle(target, context)
  }

  function connected(): Promise<Broker> {
    connecting ??= connect()
    return connecting
  }

  async function placed<T>(slot: Slot, operation: string, work: () => T | Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (thrown) {
      throw errorAt(thrown, { backend: name, operation, location: slot.key })
    }
  }

  function measure(entry: Entry): number {
    if (google) googleMessage(entry)
    return sizeOf(messageOf(entry))
  }

  function size(slot: Slot, entry: Entry): number {
    try {
      return measure(entry)
    } catch (thrown) {
      throw errorAt(thrown, { backend: name, operation: 'put', location: slot.key })
    }
  }

  const put = (slot: Slot, entry: Entry, options: CallOptions): Promise<Receipt> =>
    placed(slot, 'publish', async () => {
      measure(entry)
      const publish = async () => (await connected()).publish(entry)
      const id = await within(publish, options, read().requestMs)
      return receiptOf(slot, `${slot.key}#${id}`, entry, 'accepted')
    })

  const get = (slot: Slot): Promise<never> =>
    placed(slot, 'get', () => {
      throw new ProvError('not_supported', 'a message broker cannot be asked what it has accepted')
    })

  return {
    name,
    capabilities: {
      readable: false,
      sharedWrites: 'separate',
      entriesPerSlot: 'many',
      kinds: ['dsse', 'raw'],
      needsRun: false,
      keepsEnvelope: true,
      maxEntryBytes: google ? GOOGLE_BYTES : undefined,
    },
    slots: (about) => slotsOf(about, name, read().topic),
    size,
    put,
    get,
    diagnose: async (options) => (await import('./diagnose.ts')).diagnose({ name, read, broker: connected }, options),
    close: async () => {
      const broker = await connecting?.catch(() => undefined)
      connecting = undefined
      await broker?.close()
    },
  }
}
