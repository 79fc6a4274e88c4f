/** What tags name, remembered for a few seconds: an admission asks for the same tag from several places at once. */
import { boundedMap } from '../platform/async/bounded-map.ts'

export type ResolveTag = (repository: string, tag: string, signal: AbortSignal) => Promise<string>

/** A tag that was moved counts after so long. */
const KEPT_MS = 5000
const MOST = 10_000

/**
 * The same, asked once in five seconds for one tag. A failure is not remembered.
 *
 * @param now milliseconds since any fixed point in time
 *
 * @example const digestOf = rememberedTags(resolve, () => performance.now())
 */
export function rememberedTags(resolve: ResolveTag, now: () => number): ResolveTag {
  const known = boundedMap<string, { readonly digest: string; readonly at: number }>(MOST)
  return async (repository, tag, signal) => {
    const key = `${repository}:${tag}`
    const found = known.get(key)
    if (found !== undefined && now() - found.at < KEPT_MS) return found.digest
    const at = now()
    const digest = await resolve(repository, tag, signal)
    known.set(key, { digest, at })
    return digest
  }
}
