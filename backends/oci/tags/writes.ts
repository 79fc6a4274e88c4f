/** Writes to a tag that others write to as well: what each protocol does lies in its own file, here is the queue. */
import { failure } from '../failure.ts'
import type { Registry } from '../port.ts'
import { layerKey } from './layout.ts'
import type { Tag, TagEdit } from './tag.ts'

export interface Protocol {
  /** Brings the tag to hold the edit, whoever else writes to it. Throws `conflict` when others kept winning. */
  commit(tag: Tag, edit: TagEdit, signal: AbortSignal): Promise<void>
  /** Before a read: brings in what writers that died left behind. Never throws for what it may not do. */
  settle(tag: Tag, signal: AbortSignal): Promise<void>
}

export interface ProtocolOptions {
  readonly registry: Registry
  now(): number
  random(size: number): Uint8Array
  debug(line: string): void
}

interface Waiting {
  readonly edit: TagEdit
  readonly signal: AbortSignal
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export interface TagWriter {
  edit(tag: Tag, edit: TagEdit, signal: AbortSignal): Promise<void>
}

/**
 * Writers of one tag in this process take turns, and those that wait go together in one write. That is for speed; it
 * protects from no other process.
 *
 * @example await tagWriter(protocol).edit(tag, { add: [layer], drop: [] }, signal)
 */
export function tagWriter(protocol: Protocol): TagWriter {
  const queues = new Map<string, Waiting[]>()

  async function drain(tag: Tag, key: string, queue: Waiting[]): Promise<void> {
    while (queue.length > 0) {
      const batch = takeBatch(queue).filter((waiting) => !waiting.signal.aborted)
      if (batch.length === 0) continue
      const stop = new AbortController()
      const stopIfAlone = () => batch.every((waiting) => waiting.signal.aborted) && stop.abort()
      for (const { signal } of batch) signal.addEventListener('abort', stopIfAlone)
      try {
        await protocol.commit(tag, merge(batch), stop.signal)
        for (const waiting of batch) waiting.resolve()
      } catch (error) {
        for (const waiting of batch) waiting.reject(error)
      } finally {
        for (const { signal } of batch) signal.removeEventListener('abort', stopIfAlone)
      }
    }
    queues.delete(key)
  }

  return {
    edit(tag, edit, signal) {
      return new Promise<void>((resolve, reject) => {
        const where = { operation: 'write tag', location: `${tag.repo}:${tag.name}` }
        const onAbort = () => reject(failure('aborted', 'stopped before the tag was written', where))
        if (signal.aborted) return onAbort()
        signal.addEventListener('abort', onAbort, { once: true })
        const done = (settle: () => void) => {
          signal.removeEventListener('abort', onAbort)
          settle()
        }
        const waiting: Waiting = {
          edit,
          signal,
          resolve: () => done(resolve),
          reject: (error) => done(() => reject(error)),
        }
        const key = `${tag.repo}:${tag.name}`
        const queue = queues.get(key)
        if (queue !== undefined) queue.push(waiting)
        else {
          const fresh = [waiting]
          queues.set(key, fresh)
          void drain(tag, key, fresh)
        }
      })
    },
  }
}

/** Additions go together; an edit that takes something away goes alone, so that the order of calls is kept. */
function takeBatch(queue: Waiting[]): readonly Waiting[] {
  const pure = (waiting: Waiting) => waiting.edit.drop.length === 0 && waiting.edit.replaces === undefined
  const forms = new Map<string, string>()
  // Layers of one key that look unlike go one after the other: the second builds on the first.
  const isUnlike = ({ edit }: Waiting) =>
    edit.add.some((layer) => {
      const [key, text] = [layerKey(layer), JSON.stringify(layer)]
      const known = forms.get(key)
      forms.set(key, known ?? text)
      return known !== undefined && known !== text
    })
  const first = queue.findIndex((waiting) => !pure(waiting) || isUnlike(waiting))
  return queue.splice(0, first < 0 ? queue.length : Math.max(1, first))
}

function merge(batch: readonly Waiting[]): TagEdit {
  const [only] = batch
  if (batch.length === 1 && only !== undefined) return only.edit
  const add = new Map(batch.flatMap((waiting) => waiting.edit.add.map((layer) => [layerKey(layer), layer])))
  const exact = batch.every((waiting) => waiting.edit.was !== undefined)
  return { add: [...add.values()], drop: [], ...(exact ? { was: [] } : {}) }
}
