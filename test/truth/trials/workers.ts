/** Workers that are killed and frozen while they deliver: nothing is lost, nothing is written twice, and whoever comes late settles nothing. */
import { setTimeout as sleep } from 'node:timers/promises'
import { registry } from '../../servers/endpoints.ts'
import { imageTags, manyRuns } from '../../support/many-runs.ts'
import { startProxy } from '../../support/proxy.ts'
import { freshName, layersOf } from '../../support/registry.ts'
import {
  type Engine,
  end,
  exits,
  must,
  numberOf,
  OPEN,
  openScene,
  type Running,
  scaled,
  startWorker,
  type Trial,
  until,
} from './trial.ts'

/** Two copies a run in each of two backends. */
const RUNS = 500
const WORKERS = 4
const LEASE_S = 5
const FROZEN_MS = (LEASE_S + 3) * 1000

export const killedWorkers = (engine: Engine): Trial => ({
  name: `killed-workers-${engine}`,
  async run(scale) {
    const endpoint = registry('distribution')
    await using proxy = await startProxy(endpoint)
    const name = freshName('workers')
    const set = [`storage.oci.repository=${proxy.endpoint}/${name}`]
    await using scene = await openScene(engine, { backends: 'oci,docdb', set })
    const files = manyRuns(scaled(RUNS, scale, 100))
    exits(0, await scene.store(files), 'store')
    // So slow that every worker has something in its hands whenever it is hit.
    proxy.use(() => ({ delayMs: 60 }))
    const flags = ['--lease', `${LEASE_S}s`, '--concurrency', '4']
    const all: Running[] = []
    const start = (): Running => {
      const worker = startWorker(scene, flags)
      all.push(worker)
      return worker
    }
    const team = Array.from({ length: WORKERS }, start)
    let [kills, freezes, isOver] = [0, 0, false]
    const killer = async (): Promise<void> => {
      for (let at = 0; !isOver; at = (at + 1) % (WORKERS - 1)) {
        await sleep(500 + Math.random() * 1000)
        if (isOver) return
        team[at]?.child.kill('SIGKILL')
        await team[at]?.ended
        kills += 1
        team[at] = start()
      }
    }
    const frozen = team[WORKERS - 1]
    const freezer = async (): Promise<void> => {
      while (!isOver) {
        await sleep(2000)
        frozen?.child.kill('SIGSTOP')
        freezes += 1
        await sleep(FROZEN_MS)
        frozen?.child.kill('SIGCONT')
      }
    }
    const disturbing = [killer(), freezer()]
    try {
      await until('every delivery is done', 1_200_000, async () => (await numberOf(scene.truth, OPEN)) === 0)
    } finally {
      isOver = true
      await Promise.all(disturbing)
      await Promise.all(team.map(end))
    }
    proxy.use(undefined)
    const stale = all.flatMap((worker) => worker.lines()).filter(({ outcome }) => outcome === 'stale').length
    const rows = await numberOf(scene.truth, "SELECT count(*) FROM delivery WHERE state = 'done'")
    const again = await numberOf(scene.truth, 'SELECT count(*) FROM delivery WHERE fence > 1')
    must(rows === files.length * 4, `${rows} deliveries are done, of ${files.length * 4}`)
    must(stale > 0, `no result came too late, although a worker was frozen ${freezes} times`)
    const wrong = await scene.disagreement(files)
    must(wrong === undefined, wrong ?? '')
    for (const tag of files.flatMap((_, n) => imageTags(n))) {
      const layers = (await layersOf(endpoint, name, tag)).length
      must(layers === 1, `${layers} layers in ${tag}`)
    }
    return `${rows} deliveries done, ${kills} workers killed, one frozen ${freezes} times; ${again} claimed more than once, ${stale} late results refused; one layer in each of ${files.length * 2} tags`
  },
})
