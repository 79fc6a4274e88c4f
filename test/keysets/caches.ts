/** Rotations behind caches: an origin, a cache before it, a second URL that lags, and verifiers that keep what they were served. */
import { setTimeout as sleep } from 'node:timers/promises'
import { PUBLIC } from '../../src/keysets/place.ts'
import { proofOf } from '../../src/keysets/proof.ts'
import type { KeyToPublish } from '../../src/keysets/publication.ts'
import { fetchDocument } from '../../src/platform/http/document.ts'
import type { KeySite } from '../support/key-site.ts'
import { memoryObjects, shared } from '../support/memory-objects.ts'
import { active, mergeOnce, type OwnKey, ownKey, publishFile, readText, regionNamed } from '../support/regions.ts'

export interface Rotations {
  readonly count: number
  /** How long the cache, and then the verifier, keeps a set. */
  readonly maxAgeS: number
  /** How much later the second URL shows what is new. */
  readonly lagMs: number
  /** Whether each key waits for the proof before it signs. */
  readonly wait: boolean
  /** A new site. */
  site(): Promise<KeySite>
}

/** Runs them; after each the new key signs at once, and every verifier looks for it again and again. */
export async function rotations({ count, maxAgeS, lagMs, wait, site }: Rotations) {
  const place = { root: 'mem:/', objects: memoryObjects(shared()) }
  const region = await regionNamed('eu')
  const origin: { readonly at: number; readonly text: string }[] = []
  let seq = 0
  const publish = async (keys: readonly KeyToPublish[]): Promise<void> => {
    await publishFile(place, region, ++seq, keys)
    await mergeOnce(place, [region])
    origin.push({ at: Date.now(), text: (await readText(place, PUBLIC)) ?? '' })
  }
  let signing = await ownKey()
  await publish([active(signing)])
  const [cached, lagging] = [await site(), await site()]
  cacheBefore(cached, origin, maxAgeS)
  lagging.answer((_, response) => {
    const shown = origin.findLast(({ at }) => at <= Date.now() - lagMs) ?? origin[0]
    response.writeHead(200, { 'cache-control': `max-age=${maxAgeS}` }).end(shown?.text)
  })
  const urls = [cached.base, lagging.base]
  await sleep(lagMs)
  const verifiers = urls.map((url) => verifier(url, cached.env))
  const failures: string[] = []
  let checks = 0
  for (let n = 0; n < count; n++) {
    const next: OwnKey = await ownKey()
    await publish([active(signing), { jwk: next.jwk, status: 'prepared' }])
    if (wait) await sleep(Math.max(0, (await provenAt(next.jwk.kid, urls, cached)) - Date.now()))
    signing = next
    for (let look = 0; look < 4; look++) {
      for (const [at, knows] of verifiers.entries()) {
        checks += 1
        if (!(await knows(signing.jwk.kid)))
          failures.push(`rotation ${n}: ${urls[at]} does not know the key that signs`)
      }
      await sleep(100)
    }
  }
  return { failures, checks }
}

/** Keeps what it was served for as long as it may, and asks nobody meanwhile, whatever a client wishes. */
function cacheBefore(site: KeySite, origin: readonly { readonly text: string }[], maxAgeS: number): void {
  let kept = { at: 0, text: '' }
  site.answer((_, response) => {
    if (Date.now() - kept.at > maxAgeS * 1000) kept = { at: Date.now(), text: origin.at(-1)?.text ?? '' }
    const age = Math.floor((Date.now() - kept.at) / 1000)
    response.writeHead(200, { 'cache-control': `max-age=${maxAgeS}`, age: String(age) }).end(kept.text)
  })
}

async function provenAt(kid: string, urls: readonly string[], { env }: KeySite): Promise<number> {
  for (;;) {
    const { activates } = await proofOf(kid, {
      urls,
      minPropagationMs: 0,
      // An Age is in whole seconds, so what may be kept is off by as much.
      skewMs: 1000,
      http: { env, now: Date.now, random: (size) => new Uint8Array(size), debug: () => {} },
      signal: new AbortController().signal,
    })
    if (activates !== undefined) return Date.parse(activates)
    await sleep(50)
  }
}

/** Whether a verifier knows a key: by the set that it has, for as long as it may keep it. */
function verifier(url: string, env: KeySite['env']): (kid: string) => Promise<boolean> {
  let kept = { until: 0, text: '' }
  return async (kid) => {
    if (Date.now() >= kept.until) {
      const context = { env, now: Date.now, random: (size: number) => new Uint8Array(size), debug: () => {} }
      const answer = await fetchDocument(url, context, { maxBytes: 1e6, signal: new AbortController().signal })
      const [, maxAge = '0'] = /max-age=(\d+)/.exec(answer?.headers['cache-control'] ?? '') ?? []
      const keptMs = 1000 * (Number(maxAge) - Number(answer?.headers.age ?? 0))
      kept = { until: Date.now() + keptMs, text: Buffer.from(answer?.body ?? '').toString() }
    }
    return kept.text.includes(`"kid":"${kid}"`)
  }
}
