/** Before an entry may leave the truth: a fresh look has to find its bytes where they belong. */

import type { Backend } from '../backend/backend.ts'
import { isThere, keptBy } from '../copies/read-back.ts'
import { asProvError, type ErrorJson, errorJson, ProvError } from '../errors.ts'
import type { CallOptions } from '../platform/async/call.ts'
import type { Trust } from '../trust/trust.ts'
import { checkEntry } from '../trust/verify-entry.ts'
import type { Prunable } from '../truth/truth.ts'

export interface ConfirmOptions extends CallOptions {
  readonly backends: readonly Backend[]
  readonly trust: Trust
  /** So many backends are enough; undefined: every one that has to hold a copy and can be read. */
  readonly keepIn?: number
}

export interface Confirmed {
  /** Backend and location of each copy that was found. */
  readonly confirmed: readonly string[]
  /** Why the entry may not go; [] when it may. */
  readonly missing: readonly ErrorJson[]
}

/**
 * Looks for every required copy. What nobody can read confirms nothing, and an entry that no backend holds never goes.
 *
 * @example (await confirm(prunable, { backends, trust, signal })).missing.length // 0: it may go
 */
export async function confirm({ entry, copies }: Prunable, options: ConfirmOptions): Promise<Confirmed> {
  const { backends, trust, keepIn, signal } = options
  if (checkEntry(entry, trust).verified.length === 0) {
    const message = 'the entry does not verify under the keys given'
    return { confirmed: [], missing: [{ code: 'key_untrusted', message }] }
  }
  const found: { readonly target: string; readonly key: string }[] = []
  const missing: ErrorJson[] = []
  for (const { target, slot } of copies) {
    const backend = backends.find(({ name }) => name === target)
    if (backend?.capabilities.readable === false) continue
    try {
      if (backend === undefined) throw new ProvError('not_looked', `--storage does not name ${target}`)
      if (!isThere(await backend.get(slot, { signal }), entry, keptBy(backend, entry))) {
        throw new ProvError('absent', 'a fresh look does not find the bytes', { location: slot.key })
      }
      found.push({ target, key: slot.key })
    } catch (thrown) {
      missing.push({ ...errorJson(asProvError(thrown)), backend: target })
    }
  }
  const confirmed = found.map(({ target, key }) => `${target} ${key}`)
  const places = new Set(found.map(({ target }) => target)).size
  const isEnough = keepIn === undefined ? missing.length === 0 && places > 0 : places >= keepIn
  if (isEnough) return { confirmed, missing: [] }
  if (missing.length > 0) return { confirmed, missing }
  const few = `${places} of the ${keepIn} backends that --keep-in asks for hold the bytes`
  const message = keepIn === undefined ? 'no backend that can be read holds the bytes' : few
  return { confirmed, missing: [{ code: 'absent', message }] }
}
