/** Copies in files of another machine: nobody claims them here, and the same command on that machine delivers them. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { BIN, cleanEnv, run } from '../../support/cli.ts'
import { manyRuns } from '../../support/many-runs.ts'
import { type Engine, exits, must, numberOf, openScene, type Scene, scaled, type Trial, until } from './trial.ts'

const RUNS = 200
const OTHER = 'prov-other-host'
const IS_OTHERS = `target IN ('tekton', 'seal') AND host = '${OTHER}'`

/** The command on a machine of another name. */
const onOther = (args: readonly string[]): readonly [string, readonly string[]] => [
  'unshare',
  [
    ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
    ...['--uts', 'sh', '-c', `hostname ${OTHER} && exec "$0" "$@"`, process.execPath, BIN, ...args],
  ],
]

export const otherHost = (engine: Engine): Trial => ({
  name: `other-host-${engine}`,
  async run(scale) {
    await using scene = await openScene(engine, { backends: 'tekton,docdb' })
    const files = manyRuns(scaled(RUNS, scale, 40))
    const store = ['store', ...scene.storage, '--key', scene.key.private, '--json', ...scene.truth.flags]
    const left = await killedThere(scene, [...store, ...files])
    must(left > 0, 'the store there had written everything before it was killed')
    const others = `SELECT count(*) FROM delivery WHERE ${IS_OTHERS}`
    const claimed = await numberOf(scene.truth, `SELECT sum(fence) FROM delivery WHERE ${IS_OTHERS}`)
    const texts = files.map((file) => readFileSync(file, 'utf8'))
    exits(7, await scene.worker(['--once']), 'worker --once')
    const open = "SELECT count(*) FROM delivery WHERE state <> 'done' AND target = 'docdb'"
    must((await numberOf(scene.truth, open)) === 0, 'what any machine can deliver was not delivered here')
    const now = await numberOf(scene.truth, `SELECT sum(fence) FROM delivery WHERE ${IS_OTHERS}`)
    must(now === claimed, `a copy of ${OTHER} was claimed here`)
    must(
      files.every((file, at) => readFileSync(file, 'utf8') === texts[at]),
      'a file of another machine was changed',
    )
    const [command, args] = onOther([...store, '--wait', '300s', ...files])
    exits(0, await run(command, args, { timeout: 600_000 }), 'store --wait on the other machine')
    must((await numberOf(scene.truth, `${others} AND state <> 'done'`)) === 0, 'the other machine did not deliver all')
    const wrong = await scene.disagreement(files)
    must(wrong === undefined, wrong ?? '')
    return `${left} of ${await numberOf(scene.truth, others)} copies of ${OTHER} were left there; none claimed here; --wait there delivered all`
  },
})

/** Commits there, and is killed while it writes into the files; gives how many copies it leaves. */
async function killedThere({ truth }: Scene, store: readonly string[]): Promise<number> {
  const [command, args] = onOther(store)
  const child = spawn(command, args, { env: cleanEnv(), stdio: 'ignore' })
  const gone = new Promise((ended) => child.once('exit', ended))
  const committed = `SELECT count(*) FROM delivery WHERE ${IS_OTHERS}`
  await until('the store commits', 120_000, async () => (await numberOf(truth, committed).catch(() => 0)) > 0)
  child.kill('SIGKILL')
  await gone
  return numberOf(truth, `${committed} AND state <> 'done'`)
}
