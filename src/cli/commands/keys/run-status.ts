/** The work of `prov keys status`. */
import { keysStatus } from '../../../keysets/status.ts'
import { exitStatus, type Io } from '../../../platform/io.ts'
import { codesIn, shownStatus, statusLines } from '../../../report/text/key-sets-text.ts'
import { stepAfter } from '../../../report/text/next-step.ts'
import { keyPlaceAt } from '../../../setup/key-place.ts'
import { publicUrls } from '../../../setup/publication.ts'
import { settingsFor } from '../../../setup/settings.ts'
import { readPublishers } from '../../../trust/publishers.ts'
import { worldOf } from '../../world.ts'
import { tell } from './open.ts'
import type { StatusOptions } from './region-flags.ts'

/** Exit 0 when every region is well; else the gravest of 3 (forged), 5 (stale) and 6 (could not be read). */
export async function runKeysStatus(options: StatusOptions, io: Io): Promise<number> {
  const world = worldOf(io, options)
  const settings = await settingsFor(options, world)
  for (const warning of settings.warnings) world.warn(warning)
  const { regions, maxAge, url } = options
  const publishers = regions === undefined ? {} : { publishers: await readPublishers(regions, io.env) }
  const place = await keyPlaceAt(options.at, settings, world)
  try {
    const found = await keysStatus({
      place,
      ...publishers,
      maxAgeMs: maxAge,
      urls: [...new Set([...url, ...publicUrls(settings)])],
      http: world,
      signal: io.signal,
    })
    const shown = { ...shownStatus(found) }
    const exit = exitStatus(shown.exit, io)
    const step = stepAfter(exit, codesIn(shown))
    await tell('status', { at: place.root, ...shown, exit }, statusLines(shown), options, io, step)
    return exit
  } finally {
    place.objects.close()
  }
}
