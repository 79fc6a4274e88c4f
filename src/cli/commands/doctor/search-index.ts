/** What `prov doctor` finds out about a search index: that it answers, and that nothing of it would be lost without a word. */
import { type Diagnosis, examine } from '../../../backend/diagnosis.ts'
import type { Settings } from '../../../config/settings.ts'
import { type BackendReport, reportOf } from '../../../doctor/backend.ts'
import { connectRedis, type IndexPlace, shownIndex } from '../../../search/redis.ts'
import { indexPlace } from '../../../setup/index-place.ts'
import { INDEX } from '../../../truth/term-pages.ts'

/**
 * Writes nothing. Never throws.
 *
 * @example (await diagnoseIndex(settings, Date.now)).outcome // 'failed': this Redis evicts
 */
export async function diagnoseIndex(settings: Settings, now: () => number): Promise<BackendReport> {
  const checks: Diagnosis[] = []
  let place: IndexPlace | undefined
  checks.push(
    await examine('configuration', now, async () => {
      place = await indexPlace(settings)
      return `${shownIndex(place.url)}, namespace ${place.namespace}`
    }),
  )
  if (place !== undefined) checks.push(await examine('reach', now, () => reached(place as IndexPlace)))
  return reportOf(INDEX, checks)
}

async function reached(place: IndexPlace): Promise<string> {
  const redis = await connectRedis(place, { readOnly: false })
  try {
    const version = /^redis_version:(\S+)/m.exec(String(await redis.call('INFO', 'server')))?.[1]
    const live = await redis.call('GET', `${redis.prefix}live`)
    const entries = live === null ? 0 : Number(await redis.call('HLEN', `${redis.prefix}${String(live)}:n`))
    return `Redis ${version}, noeviction, ${entries} entries`
  } finally {
    await redis.close()
  }
}
