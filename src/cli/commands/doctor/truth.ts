/** What `prov doctor` finds out about a source of truth: that it answers, is sound, and that somebody delivers from it. */
import { type Diagnosis, examine } from '../../../backend/diagnosis.ts'
import type { Settings } from '../../../config/settings.ts'
import { noWorker, onlyThere, STRANDED_HINT, servedBy, strandedIn } from '../../../delivery/served.ts'
import { type BackendReport, reportOf } from '../../../doctor/backend.ts'
import { ProvError } from '../../../errors.ts'
import { truthPlace } from '../../../setup/truth.ts'
import { openTruth, shownUrl, type TruthPlace, truthFacts } from '../../../truth/open.ts'
import { TRUTH } from '../../../truth/truth.ts'

/**
 * `names` are backends that somebody will store in: each needs a worker, and so does every backend that something is owed to. Never throws.
 *
 * @example (await diagnoseTruth(settings, ['oci'], Date.now)).outcome // 'failed': no worker serves oci
 */
export async function diagnoseTruth(
  settings: Settings,
  names: readonly string[],
  now: () => number,
): Promise<BackendReport> {
  const checks: Diagnosis[] = []
  let place: TruthPlace | undefined
  const look = async (check: Diagnosis['check'], work: () => Promise<string>): Promise<boolean> => {
    const found = await examine(check, now, work)
    checks.push(found)
    return found.outcome === 'ok'
  }
  const isSet = await look('configuration', async () => {
    place = await truthPlace(settings)
    return shownUrl(place.url)
  })
  const isThere = isSet && (await look('reach', async () => factsOf(place as TruthPlace)))
  if (isThere) await look('workers', async () => deliveredBy(place as TruthPlace, names, now))
  return reportOf(TRUTH, checks)
}

async function factsOf(place: TruthPlace): Promise<string> {
  const { engine, schema, damage } = await truthFacts(place)
  if (damage.length > 0) throw new ProvError('storage_io', `the file is damaged: ${damage[0]}`)
  return `${engine === 'sqlite' ? 'SQLite' : 'PostgreSQL'}, schema ${schema}`
}

async function deliveredBy(place: TruthPlace, names: readonly string[], now: () => number): Promise<string> {
  const truth = await openTruth(place, { make: false })
  try {
    const [{ workers, without }, backlog] = [await servedBy(truth), await truth.backlog()]
    const alone = without([...names.filter((name) => name !== TRUTH), ...backlog.map(({ target }) => target)])
    if (alone.length > 0) throw noWorker(alone, 'start prov worker with these backends in --storage')
    const [machine] = await strandedIn(truth)
    if (machine !== undefined) throw new ProvError('no_worker', onlyThere(machine, now()), { hint: STRANDED_HINT })
    const owed = backlog.reduce((sum, { rows }) => sum + rows, 0)
    return `${workers.length} ${workers.length === 1 ? 'worker' : 'workers'}, ${owed} owed`
  } finally {
    await truth.close()
  }
}
