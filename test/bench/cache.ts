/**
 * Kept verdicts beside verifications of the same images, 20 at once, in one process: part of `npm run bench`; `npm run bench -- cache` runs nothing else.
 */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ImageRef } from '../../src/model/artifact.ts'
import { parseImage } from '../../src/model/image-reference.ts'
import { type Setup, setUp } from '../../src/setup/backends.ts'
import { verdictCache } from '../../src/setup/cache.ts'
import { surroundingsOf } from '../../src/setup/reach.ts'
import { type Verdicts, verdictsOf } from '../../src/setup/verdicts.ts'
import type { Trust } from '../../src/trust/trust.ts'
import { loadTrust } from '../../src/trust/trusted-keys.ts'
import { registry } from '../servers/endpoints.ts'
import { prov } from '../support/cli.ts'
import { ownRedis } from '../support/redis.ts'
import { runWithImage } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { newKey } from '../support/stage.ts'
import { quietWorld } from '../support/world.ts'
import type { Print } from './moves.ts'

const [IMAGES, AT_ONCE, SECONDS] = [20, 20, 5]
const DEMANDS = { optional: [], strict: false }

const world = quietWorld()

interface Pace {
  readonly perSecond: number
  readonly p99Ms: number
}

/** So many callers ask one after the other, for a few seconds. */
async function paceOf(verdicts: Verdicts, images: readonly ImageRef[]): Promise<Pace> {
  const took: number[] = []
  const end = performance.now() + SECONDS * 1000
  await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, caller) => {
      for (let i = caller; performance.now() < end; i++) {
        const began = performance.now()
        const { exit } = await verdicts.image(images[i % images.length] as ImageRef, world.signal)
        if (exit !== 0) throw new Error(`exit ${exit}`)
        took.push(performance.now() - began)
      }
    }),
  )
  took.sort((a, b) => a - b)
  return { perSecond: took.length / SECONDS, p99Ms: took[Math.floor(took.length * 0.99)] ?? 0 }
}

interface Stand {
  readonly setup: Setup
  readonly trust: Trust
  readonly images: readonly ImageRef[]
}

async function through(url: string, { setup, trust, images }: Stand, during?: () => void): Promise<Pace> {
  const events = { counted: () => undefined }
  const cache = await verdictCache(url, setup.settings, world, { events })
  const verdicts = verdictsOf({ cache, setup, trust, demands: DEMANDS, surroundings: surroundingsOf(world.env) })
  try {
    for (const image of images) await verdicts.image(image, world.signal)
    during?.()
    return await paceOf(verdicts, images)
  } finally {
    await cache.close()
  }
}

async function memoryOf({ setup, trust }: Stand): Promise<void> {
  const cache = await verdictCache('memory', setup.settings, world, { events: { counted: () => undefined } })
  const filling = 'x'.repeat(1500)
  const seen: number[] = []
  const report = { exit: 0, artifacts: [{ rows: [], findings: [], filling }], findings: [] }
  for (let i = 0; i < 100_000; i++) {
    await cache.ask({ key: `${trust.hash}${i}`, verify: async () => report as never }, world.signal)
    if (i % 25_000 === 24_999) {
      globalThis.gc?.()
      seen.push(process.memoryUsage.rss() / 1e6)
    }
  }
  await cache.close()
  console.log(`  100,000 keys of 1.7 KB, RSS after each quarter: ${seen.map((mb) => mb.toFixed(0)).join(', ')} MB`)
}

/** Prints ratios; the registry is on loopback. */
export async function cacheBench(print: Print): Promise<void> {
  const [endpoint, key] = [registry('distribution'), newKey()]
  const runs = await Promise.all(Array.from({ length: IMAGES }, () => runWithImage(endpoint)))
  const stored = await prov(['store', '--storage', 'oci', '--key', key.private, ...runs.map(({ file }) => file)])
  if (stored.code !== 0) throw new Error(stored.stderr)
  const redis = await ownRedis()
  const macKey = join(scratch(), 'mac.key')
  writeFileSync(macKey, randomBytes(32))
  const set = [`cache.mac-key-file=${macKey}`]
  const setup = await setUp({ storage: 'oci', set }, world)
  const stand = { setup, trust: await loadTrust([key.public]), images: runs.map(({ image }) => parseImage(image)) }
  try {
    const bare = await through('none', stand)
    const memory = await through('memory', stand)
    const shared = await through(redis.url, stand)
    const peer = 'no cache'
    print('verdicts from memory', memory.perSecond, peer, bare.perSecond, '/s', 'at least 8')
    print('verdicts from Redis', shared.perSecond, peer, bare.perSecond, '/s', 'at least 8')
    const frozen = await through(redis.url, stand, () => redis.freeze(true))
    redis.freeze(false)
    print('p99 with a Redis that is frozen', frozen.p99Ms, peer, bare.p99Ms, 'ms', 'at most 55 ms more')
    await memoryOf(stand)
  } finally {
    redis.freeze(false)
    await Promise.all([redis.close(), setup.close()])
  }
}
