/** What `prov doctor` finds out about a cache of verdicts: a service starts without waiting for it, and goes on when it fails. */
import { type Diagnosis, examine } from '../../../backend/diagnosis.ts'
import { isShared, kindOf } from '../../../cache/open.ts'
import type { Settings } from '../../../config/settings.ts'
import { type BackendReport, reportOf } from '../../../doctor/backend.ts'
import { shownRedis } from '../../../platform/redis/url.ts'
import { checkCache, verdictCache } from '../../../setup/cache.ts'
import type { World } from '../../../setup/world.ts'

/**
 * Never throws; with `readOnly` nothing is written.
 *
 * @example (await diagnoseCache('redis://cache/2', settings, world, true)).outcome // 'failed': no MAC key
 */
export async function diagnoseCache(
  url: string,
  settings: Settings,
  world: World,
  readOnly: boolean,
): Promise<BackendReport> {
  const now = (): number => world.now()
  const checks: Diagnosis[] = []
  let isConfigured = false
  checks.push(
    await examine('configuration', now, async () => {
      const cache = await verdictCache(url, settings, world, { events: { counted: () => undefined } })
      await cache.close()
      isConfigured = true
      const shown = kindOf(url).provider === 'redis' ? shownRedis(url) : url
      return `${shown}, namespace ${cache.namespace}${isShared(kindOf(url)) ? ', sealed' : ''}`
    }),
  )
  if (isConfigured) {
    const reached = async (): Promise<string> => {
      await checkCache(url, settings, world, { readOnly })
      return readOnly ? 'answers' : 'answers, and takes what is written'
    }
    checks.push(await examine('reach', now, reached))
  }
  return reportOf('cache', checks)
}
