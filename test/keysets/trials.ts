/**
 * `npm run test:keys`: 8 mergers against 500 rotations of 4 regions, in a folder and on real stores; 20 rotations before verifiers with caches. Takes minutes, so CI runs the short form
 * of it (races.test.ts). Needs test/servers/install.sh fake-gcs versitygw.
 *   npm run test:keys -- --only fake-gcs --rotations 100
 * Exit 1 when a trial failed.
 */
import { parseArgs } from 'node:util'
import { KEY_PLACES } from '../support/key-places.ts'
import { keySite } from '../support/key-site.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { rotations } from './caches.ts'
import { trial } from './trial.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rotations: { type: 'string', default: '500' },
    mergers: { type: 'string', default: '8' },
  },
})

let failed = 0
for (const [name, open] of Object.entries(KEY_PLACES)) {
  if (values.only !== undefined && values.only !== name) continue
  const began = performance.now()
  const places = await open()
  const { faults, end, oracle, reads, writes, won } = await trial({
    mergers: Number(values.mergers),
    rotations: Number(values.rotations),
    everyMs: 50,
    open: places.open,
  })
  const isWell = faults.length === 0 && end === oracle && writes <= 3 * won
  if (!isWell) failed += 1
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  const figures = `${reads} reads, ${writes} conditional writes, ${won} of which won (${(writes / won).toFixed(2)})`
  console.log(
    `${isWell ? 'ok    ' : 'FAILED'}  ${name.padEnd(10)} ${figures}, end ${end === oracle ? 'as' : 'NOT as'} the oracle (${seconds} s)`,
  )
  for (const fault of faults.slice(0, 5)) console.log(`        ${fault}`)
}
if (values.only === undefined || values.only === 'caches') {
  const site = () => keySite(async (listener) => (await startTlsServer(listener)).host)
  const { failures, checks } = await rotations({ count: 20, maxAgeS: 2, lagMs: 1000, wait: true, site })
  const isWell = failures.length === 0
  if (!isWell) failed += 1
  console.log(
    `${isWell ? 'ok    ' : 'FAILED'}  caches     ${checks} checks behind caches over 20 rotations, ${failures.length} failed`,
  )
}
process.exit(failed > 0 ? 1 : 0)
