/** Looks for every copy of one artifact, in every backend at once. */

import type { About, Backend, Found, Slot } from '../backend/backend.ts'
import { asProvError, errorJson } from '../errors.ts'
import type { Trust } from '../trust/trusted-keys.ts'
import { checkAside } from '../trust/verify-entry.ts'
import type { Look } from '../verify/agree.ts'
import { judge } from './judge-slot.ts'

export interface LookOptions {
  readonly signal: AbortSignal
  /** What was found in one of the places just now, so that it is not read twice. */
  readonly known?: { readonly slot: Slot; readonly found: readonly Found[] }
}

/**
 * One {@link Look} a slot, in the order of the backends; a backend that keeps nothing of the kind gives one without a slot.
 * Never throws for what a backend does: that is in the look's `error`. `trust` may still be on its way, a key being opened:
 * the stores are read meanwhile.
 *
 * @example (await lookFor(about, backends, trust, { signal })).map((look) => look.judged?.good.length)
 */
export async function lookFor(
  about: About,
  backends: readonly Backend[],
  trust: Trust | Promise<Trust>,
  options: LookOptions,
): Promise<readonly Look[]> {
  const looks = await Promise.all(backends.map((backend) => lookInto(backend, about, trust, options)))
  return looks.flat()
}

async function lookInto(
  backend: Backend,
  about: About,
  trust: Trust | Promise<Trust>,
  options: LookOptions,
): Promise<readonly Look[]> {
  const { name } = backend
  let slots: readonly Slot[]
  try {
    slots = backend.slots(about)
  } catch (thrown) {
    const error = asProvError(thrown)
    if (error.code !== 'host_refused') throw error
    return [{ backend: name, error: errorJson(error) }]
  }
  if (slots.length === 0) return [{ backend: name }]
  if (!backend.capabilities.readable) return slots.map((slot) => ({ backend: name, sendTo: slot }))
  return Promise.all(slots.map((slot) => lookAt(backend, slot, about, trust, options)))
}

async function lookAt(
  backend: Backend,
  slot: Slot,
  about: About,
  trust: Trust | Promise<Trust>,
  options: LookOptions,
): Promise<Look> {
  let found: readonly Found[]
  try {
    const { known, signal } = options
    const isKnown = known !== undefined && known.slot.backend === slot.backend && known.slot.key === slot.key
    found = isKnown ? known.found : await backend.get(slot, { signal })
  } catch (thrown) {
    const error = asProvError(thrown)
    if (error.code === 'internal') throw error
    return { backend: backend.name, slot, error: errorJson(error) }
  }
  const keys = await trust
  await checkAside(found, keys)
  const judged = judge(about, slot, found, keys)
  const carried = backend.carried?.(slot) ?? []
  return {
    backend: backend.name,
    slot,
    judged,
    ...(carried.length === 0 ? {} : { carried: judge(about, slot, carried, keys).good }),
  }
}
