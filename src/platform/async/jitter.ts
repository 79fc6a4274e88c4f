/** Waits that differ by chance: writers that met once do not meet again. */

/** That many random bytes. */
export type RandomBytes = (size: number) => Uint8Array

/**
 * `ms`, less up to a half of it by chance; with `least` 0 less up to nearly all of it.
 *
 * @example await sleep(jittered(200, context.random)) // 100 to 200 ms
 */
export function jittered(ms: number, random: RandomBytes, least = 0.5): number {
  return shortened(ms, ((random(1)[0] ?? 0) + 1) / 256, least)
}

/**
 * The same for a `share` that is known, from 0 (nearly none is left but for `least`) to 1 (all of it).
 *
 * @example shortened(200, 1) // 200
 */
export function shortened(ms: number, share: number, least = 0.5): number {
  return ms * (least + (1 - least) * share)
}
