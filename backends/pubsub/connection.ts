/** What a message broker must be able to do. */
import type { Entry } from '../../src/model/entry.ts'

/** `publish` and `close` may take as long as they like: the backend bounds every call. */
export interface Broker {
  /** The broker's id of the message. Rejects with {@link ProvError}s, without backend and place. */
  publish(entry: Entry): Promise<string>
  /** Whether the topic is there, without a message. Rejects as `publish` does. */
  hasTopic(): Promise<boolean>
  close(): Promise<void>
}
