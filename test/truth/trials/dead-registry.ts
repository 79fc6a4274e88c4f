/** A registry that is down while many runs are stored: the others get their copies, it is hardly asked, and later it gets its own without a command. */
import { readFileSync } from 'node:fs'
import { registry } from '../../servers/endpoints.ts'
import { manyRuns } from '../../support/many-runs.ts'
import { startProxy } from '../../support/proxy.ts'
import { freshName } from '../../support/registry.ts'
import { type Engine, end, exits, must, numberOf, openScene, scaled, startWorker, type Trial, until } from './trial.ts'

const RUNS = 2000
/** A command marks the files of so many runs within the time that it gives itself. */
const IN_ONE_CALL = 500
const MOST_REQUESTS = 100

const isMarked = (file: string): boolean => readFileSync(file, 'utf8').includes('chains.tekton.dev/signed')

export const deadRegistry = (engine: Engine): Trial => ({
  name: `dead-registry-${engine}`,
  async run(scale) {
    await using proxy = await startProxy(registry('distribution'))
    const set = [`storage.oci.repository=${proxy.endpoint}/${freshName('dead')}`]
    await using scene = await openScene(engine, { backends: 'tekton,oci,gcs,docdb', set })
    const files = manyRuns(scaled(RUNS, scale, 20))
    proxy.use(() => ({ cut: 'before' }))
    const parts = Array.from({ length: Math.ceil(files.length / IN_ONE_CALL) }, (_, at) =>
      files.slice(at * IN_ONE_CALL, (at + 1) * IN_ONE_CALL),
    )
    const [first = [], ...rest] = parts
    exits(0, await scene.store(first), 'store')
    const worker = startWorker(scene)
    try {
      for (const part of rest) exits(0, await scene.store(part), 'store')
      const others = "SELECT count(*) FROM delivery WHERE state <> 'done' AND target IN ('tekton', 'gcs', 'docdb')"
      await until('the others have their copies', 600_000, async () => (await numberOf(scene.truth, others)) === 0)
      const looks = proxy.seen.length
      const owed = await numberOf(
        scene.truth,
        "SELECT count(*) FROM delivery WHERE target = 'oci' AND state = 'pending'",
      )
      must(owed === files.length * 2, `${owed} copies are owed to the registry, not ${files.length * 2}`)
      must(!files.some(isMarked), 'a run is marked as signed before the registry has its copies')
      must(looks <= MOST_REQUESTS, `${looks} requests reached the dead registry`)
      const began = performance.now()
      proxy.use(undefined)
      const open = "SELECT count(*) FROM delivery WHERE state <> 'done'"
      await until('the registry has its copies', 1_200_000, async () => (await numberOf(scene.truth, open)) === 0)
      const seconds = ((performance.now() - began) / 1000).toFixed(0)
      must(files.every(isMarked), 'a run is not marked as signed')
      const early = await numberOf(scene.truth, MARKED_TOO_EARLY)
      must(early === 0, `${early} marks as signed came before the last copy of their run`)
      const wrong = await scene.disagreement(files)
      must(wrong === undefined, wrong ?? '')
      return `${files.length} runs; ${looks} requests reached the dead registry; ${owed} copies pending → 0 in ${seconds} s once it was back; the mark as signed last on each run`
    } finally {
      await end(worker)
    }
  },
})

const MARKED_TOO_EARLY = `SELECT count(*) FROM delivery s JOIN item si ON si.id = s.item WHERE s.target = 'seal' AND EXISTS (
  SELECT 1 FROM delivery d JOIN item i ON i.id = d.item WHERE i.run_uid = si.run_uid AND d.target <> 'seal' AND d.changed > s.changed)`
