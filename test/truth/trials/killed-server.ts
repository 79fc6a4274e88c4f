/** PostgreSQL killed and started again while stores commit and workers deliver: what was committed is delivered. */
import { setTimeout as sleep } from 'node:timers/promises'
import { manyRuns } from '../../support/many-runs.ts'
import { postgresTruth } from '../../support/truth.ts'
import { ownPostgres } from './own-postgres.ts'
import {
  end,
  must,
  numberOf,
  OPEN,
  openScene,
  scaled,
  secondSignatures,
  startWorker,
  type Trial,
  until,
} from './trial.ts'

const STORES = 120
const KILLS = 5

export const killedServer: Trial = {
  name: 'killed-server-postgres',
  async run(scale) {
    await using server = await ownPostgres()
    await using scene = await openScene('postgres', { backends: 'docdb,gcs', truth: await postgresTruth(server) })
    const files = manyRuns(scaled(STORES, scale, 20))
    const wanted = scaled(KILLS, scale, 2)
    const workers = [startWorker(scene), startWorker(scene)]
    const committed: string[] = []
    const refused: string[] = []
    const left = [...files]
    const loop = async (): Promise<void> => {
      for (let file = left.pop(); file !== undefined; file = left.pop()) {
        const said = await scene.store([file])
        must(said.code === 0 || said.code === 6, `a store exits ${said.code}: ${said.stderr}${said.stdout.slice(-500)}`)
        if (said.code === 0) committed.push(file)
        else {
          refused.push(file)
          await sleep(500)
        }
      }
    }
    let kills = 0
    const load = Promise.all([loop(), loop()])
    try {
      while (kills < wanted) {
        const before = committed.length
        await Promise.race([load, until('stores commit', 60_000, () => committed.length > before + 1)])
        await sleep(Math.random() * 500)
        await server.kill()
        kills += 1
        await sleep(1000)
        await server.start()
      }
      await load
      const told = committed.length
      left.push(...refused.splice(0))
      await loop()
      must(refused.length === 0, `${refused.length} stores are refused although the server runs`)
      await until('everything is delivered', 120_000, async () => (await numberOf(scene.truth, OPEN)) === 0)
      for (const { child } of workers) must(child.exitCode === null, 'a worker has ended')
      const wrong = await scene.disagreement(files)
      must(wrong === undefined, wrong ?? '')
      const twice = await secondSignatures(scene.truth)
      must(twice === 0, `${twice} entries stand beside another`)
      const entries = await numberOf(scene.truth, 'SELECT count(*) FROM entry')
      must(entries === files.length * 2, `${entries} entries are in the truth, not ${files.length * 2}`)
      return `server killed ${kills} times under load; ${told} stores committed, ${files.length - told} refused (exit 6) and given again; ${entries} entries, all delivered by workers that stayed`
    } finally {
      await Promise.all(workers.map(end))
    }
  },
}
