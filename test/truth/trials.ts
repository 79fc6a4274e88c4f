/**
 * `npm run test:truth`: a source of truth under everything that may happen to it, from the command line, with real processes and servers. Takes
 * the better part of an hour, so CI leaves it out. Needs `npm run build` and test/servers/install.sh distribution postgresql faketime.
 *   npm run test:truth -- --only killed-stores --scale 0.1
 * Exit 1 when a trial failed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { deadRegistry } from './trials/dead-registry.ts'
import { killedServer } from './trials/killed-server.ts'
import { killedStores } from './trials/kills.ts'
import { otherHost } from './trials/other-host.ts'
import { outage } from './trials/outage.ts'
import { restored } from './trials/restore.ts'
import { ENGINES, Failed, type Trial } from './trials/trial.ts'
import { killedWorkers } from './trials/workers.ts'

const { values } = parseArgs({
  options: { only: { type: 'string', multiple: true, default: [] }, scale: { type: 'string', default: '1' } },
})

const TRIALS: readonly Trial[] = [
  ...ENGINES.map(killedStores),
  ...ENGINES.map(killedWorkers),
  ...ENGINES.map(deadRegistry),
  ...ENGINES.map(outage),
  ...(['sqlite', 'in-place', 'elsewhere'] as const).map(restored),
  killedServer,
  ...ENGINES.map(otherHost),
]

const folder = mkdtempSync(join(tmpdir(), 'prov-trials-'))
process.env['PROV_TEST_SCRATCH'] = folder
const chosen = TRIALS.filter(({ name }) => values.only.length === 0 || values.only.some((part) => name.includes(part)))
let failed = 0
for (const { name, run } of chosen) {
  const began = performance.now()
  const seconds = (): string => `${((performance.now() - began) / 1000).toFixed(0)} s`
  try {
    console.log(`ok      ${name.padEnd(28)} ${await run(Number(values.scale))} (${seconds()})`)
  } catch (thrown) {
    failed += 1
    const why = thrown instanceof Failed ? thrown.message : thrown instanceof Error ? thrown.stack : String(thrown)
    console.log(`FAILED  ${name.padEnd(28)} ${why} (${seconds()})`)
  }
}
rmSync(folder, { recursive: true, force: true })
console.log(`${chosen.length - failed} passed, ${failed} failed`)
process.exit(failed > 0 || chosen.length === 0 ? 1 : 0)
