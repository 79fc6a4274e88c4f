/** Stores that are killed at random moments. What was told to be committed is in every backend in the end, and nothing is signed twice. */
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { manyRuns, runUid } from '../../support/many-runs.ts'
import { editRun } from '../../support/stage.ts'
import {
  type Engine,
  exits,
  middle,
  must,
  numberOf,
  OPEN,
  openScene,
  type Scene,
  scaled,
  secondSignatures,
  type Trial,
} from './trial.ts'

const [STORES, KILLS] = [500, 50]

/** Resolves once the run is in the truth, or the process has ended. */
async function committedOrGone({ truth }: Scene, file: string, child: ChildProcess): Promise<void> {
  const number = Number(/run-(\d+)\.yaml$/.exec(file)?.[1])
  const known = `SELECT count(*) FROM run WHERE uid = '${runUid(number)}'`
  while (child.exitCode === null && (await numberOf(truth, known).catch(() => 0)) === 0) await sleep(2)
}

export const killedStores = (engine: Engine): Trial => ({
  name: `killed-stores-${engine}`,
  async run(scale) {
    await using scene = await openScene(engine, { backends: 'tekton,docdb,gcs' })
    const files = manyRuns(scaled(STORES, scale, 20))
    const wanted = scaled(KILLS, scale, 8)
    const committed: string[] = []
    const times: number[] = []
    let [kills, undecided, stores] = [0, 0, 0]
    const left = [...files]
    const loop = async (): Promise<void> => {
      for (let file = left.pop(); file !== undefined; file = left.pop()) {
        // About every fifth is killed, as long as the others are to tell how long one takes.
        const kill = times.length > 3 && (stores % 5 === 0 || wanted - kills > left.length / 2)
        stores += 1
        const began = performance.now()
        let hit = false
        const said = await scene.store([file], [], {
          started: (child) => {
            if (!kill) return
            // Every other one right after its commit: a second signature would be made by whoever does not find the first.
            const moment = kills % 2 === 0 ? sleep(Math.random() * middle(times)) : committedOrGone(scene, file, child)
            void moment.then(() => (hit = child.kill('SIGKILL')))
          },
        })
        if (said.code === 0) {
          committed.push(file)
          times.push(performance.now() - began)
          continue
        }
        must(
          hit && said.code === null,
          `a store that nobody killed exits ${said.code}: ${said.stderr}${said.stdout.slice(-1000)}`,
        )
        kills += 1
        // A label, as a controller would set it meanwhile: a second signature would be of other bytes.
        editRun(file, ({ metadata: { labels } }) => Object.assign(labels, { 'example.com/seen': `kill-${kills}` }))
        if (kills % 3 === 0) undecided += 1
        else left.push(file)
      }
    }
    await Promise.all([loop(), loop()])
    must(kills >= wanted, `only ${kills} stores were killed`)
    exits(0, await scene.worker(['--once']), 'worker --once')
    must((await numberOf(scene.truth, OPEN)) === 0, 'something is still owed')
    const wrong = await scene.disagreement(committed)
    must(wrong === undefined, `committed, but ${wrong}`)
    const twice = await secondSignatures(scene.truth)
    must(twice === 0, `${twice} entries of the truth stand beside another`)
    return `${stores} stores, ${kills} killed, ${committed.length} told committed and found everywhere (${undecided} never told)`
  },
})
