/** To which truth an index belongs: what another one holds would all be too much. */
import { ProvError } from '../errors.ts'
import { type IndexStore, textOf } from './index-store.ts'

/**
 * Throws `config_invalid` for the index of another truth, or of this one before it was restored.
 *
 * @example await refuseOther(index, await truth.name())
 */
export async function refuseOther({ redis }: IndexStore, truth: string): Promise<void> {
  const owner = textOf(await redis.call('GET', `${redis.prefix}truth`), redis)
  if (owner === undefined || owner === truth) return
  const message = 'this index was made from another truth, or from this one before it was restored'
  throw new ProvError('config_invalid', message, {
    location: redis.location,
    hint: '--rebuild makes it anew from this one; another index.namespace keeps both',
  })
}

/** @example await setOwner(index, await truth.name()) */
export async function setOwner({ redis }: IndexStore, truth: string): Promise<void> {
  await redis.call('SET', `${redis.prefix}truth`, truth)
}
