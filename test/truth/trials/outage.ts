/** Workers that are down for days, an outbox that is full, and a clock that is set back: nothing that is owed is lost. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { registry, tool } from '../../servers/endpoints.ts'
import { BIN, cleanEnv, type Outcome, run } from '../../support/cli.ts'
import { manyRuns } from '../../support/many-runs.ts'
import { startProxy } from '../../support/proxy.ts'
import { freshName } from '../../support/registry.ts'
import { postgresTruth } from '../../support/truth.ts'
import { type OwnPostgres, ownPostgres } from './own-postgres.ts'
import { type Engine, exits, must, numberOf, OPEN, openScene, type Scene, scaled, type Trial, until } from './trial.ts'

const RUNS = 200
/** Five days ahead; what counts time that passes (the monotonic clock) stays as it is. */
const AHEAD = ['-f', '+5d'] as const
const MONOTONIC = { FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1' }
const LIBRARY = 'faketime'

interface Clock {
  /** Runs prov as far in the future as the truth's clock is. */
  prov(args: readonly string[], now: 'now' | 'ahead'): Promise<Outcome>
  ahead(): Promise<void>
  back(): Promise<void>
}

/** SQLite has the time of the process, PostgreSQL that of the server. */
function clockOf(engine: Engine, server: OwnPostgres | undefined, { truth }: Scene): Clock {
  const plain = (args: readonly string[]): Promise<Outcome> =>
    run(process.execPath, [BIN, ...args, ...truth.flags], { timeout: 600_000 })
  if (server !== undefined) {
    const restart = async (wrapper: readonly string[]): Promise<void> => {
      await server.stop()
      await server.start(wrapper.length > 0 ? MONOTONIC : {}, wrapper)
    }
    return { prov: plain, ahead: () => restart([tool(LIBRARY), ...AHEAD]), back: () => restart([]) }
  }
  must(engine === 'sqlite', 'no server')
  return {
    prov: (args, now) =>
      now === 'now'
        ? plain(args)
        : run(tool(LIBRARY), [...AHEAD, process.execPath, BIN, ...args, ...truth.flags], {
            env: MONOTONIC,
            timeout: 600_000,
          }),
    ahead: async () => undefined,
    back: async () => undefined,
  }
}

export const outage = (engine: Engine): Trial => ({
  name: `outage-${engine}`,
  async run(scale) {
    await using server = engine === 'postgres' ? await ownPostgres() : undefined
    await using proxy = await startProxy(registry('distribution'))
    const set = [`storage.oci.repository=${proxy.endpoint}/${freshName('outage')}`]
    const truth = server === undefined ? {} : { truth: await postgresTruth(server) }
    await using scene = await openScene(engine, { backends: 'oci,docdb,gcs', set, ...truth })
    const clock = clockOf(engine, server, scene)
    const count = scaled(RUNS, scale, 20)
    const told = [
      await daysWithoutWorker(scene, clock, count),
      await fullOutbox(scene, count),
      await clockSetBack(scene, clock, count, proxy),
    ]
    return told.join('; ')
  },
})

const entries = ({ truth }: Scene): Promise<number> => numberOf(truth, 'SELECT count(*) FROM entry')
const storeArgs = ({ storage, key }: Scene, files: readonly string[]): readonly string[] => {
  return ['store', ...storage, '--key', key.private, '--json', ...files]
}
const workerArgs = ({ storage, key }: Scene): readonly string[] => {
  return ['worker', ...storage, '--key', key.public, '--json', '--once']
}

async function daysWithoutWorker(scene: Scene, clock: Clock, count: number): Promise<string> {
  const [delivered, owed] = [manyRuns(count / 2), manyRuns(count, { from: count / 2 })]
  exits(0, await scene.store(delivered), 'store')
  exits(0, await scene.worker(['--once']), 'worker --once')
  exits(0, await scene.store(owed), 'store')
  const before = await numberOf(scene.truth, OPEN)
  must(before === owed.length * 6, `${before} copies are owed, not ${owed.length * 6}`)
  await clock.ahead()
  const prune = ['outbox', 'prune', ...scene.storage, '--key', scene.key.public, '--older-than', '1d', '--json']
  exits(0, await clock.prov(prune, 'ahead'), 'outbox prune')
  const left = await entries(scene)
  must(left === owed.length * 2, `${left} entries stay, not the ${owed.length * 2} that are owed`)
  must((await numberOf(scene.truth, OPEN)) === before, 'something that was owed is gone')
  exits(0, await clock.prov(workerArgs(scene), 'ahead'), 'worker --once, five days later')
  must((await numberOf(scene.truth, OPEN)) === 0, 'something is still owed')
  const wrong = (await scene.disagreement(owed)) ?? (await scene.disagreement(delivered, 'oci,docdb,gcs'))
  must(wrong === undefined, wrong ?? '')
  return `five days later ${delivered.length * 2} confirmed entries pruned, ${left} with ${before} copies owed stayed and were delivered`
}

async function fullOutbox(scene: Scene, count: number): Promise<string> {
  const files = manyRuns(2, { from: 10 * count })
  exits(0, await scene.store(files.slice(0, 1)), 'store')
  const before = await entries(scene)
  const full = await scene.store(files.slice(1), ['--set', 'truth.max-pending=6'])
  exits(7, full, 'store with a full outbox')
  must(full.stdout.includes('outbox_full') && (await entries(scene)) === before, 'a full outbox took an entry')
  exits(0, await scene.store(files.slice(1), ['--set', 'truth.max-pending=7']), 'store')
  return 'a full outbox refuses (exit 7) and signs nothing'
}

/** Rows that were due, held and paused by a clock five days ahead. */
async function clockSetBack(
  scene: Scene,
  clock: Clock,
  count: number,
  proxy: Awaited<ReturnType<typeof startProxy>>,
): Promise<string> {
  const files = manyRuns(count, { from: 20 * count })
  exits(0, await clock.prov(storeArgs(scene, files), 'ahead'), 'store, five days ahead')
  proxy.use(() => ({ cut: 'before' }))
  const args = [...workerArgs(scene).filter((one) => one !== '--once'), ...scene.truth.flags]
  const far = scene.truth.needsInit ? [] : [tool(LIBRARY), ...AHEAD]
  const [command = '', ...rest] = [...far, process.execPath, BIN, ...args]
  const child = spawn(command, rest, { env: cleanEnv(MONOTONIC), stdio: 'ignore', detached: true })
  const lane = "SELECT count(*) FROM lane WHERE lane LIKE 'oci%' AND paused_until IS NOT NULL"
  await until('the lane pauses', 60_000, async () => (await numberOf(scene.truth, lane)) > 0)
  // Something in its hands: the next probe hangs.
  proxy.use(() => ({ hang: true }))
  const held = 'SELECT count(*) FROM delivery WHERE lease_until IS NOT NULL'
  await until('a delivery is held', 90_000, async () => (await numberOf(scene.truth, held)) > 0)
  const gone = once(child, 'exit')
  process.kill(-(child.pid ?? 0), 'SIGKILL')
  await gone
  await clock.back()
  await sleep(500)
  const ms = Date.now() + 24 * 60 * 60_000
  const ahead = await numberOf(scene.truth, `SELECT count(*) FROM delivery WHERE state = 'pending' AND due > ${ms}`)
  const leases = await numberOf(scene.truth, `SELECT count(*) FROM delivery WHERE lease_until > ${ms}`)
  const pauses = await numberOf(scene.truth, `SELECT count(*) FROM lane WHERE paused_until > ${ms}`)
  must(ahead > 0 && leases > 0 && pauses > 0, `${ahead} due, ${leases} held, ${pauses} paused ahead: nothing is tried`)
  proxy.use(undefined)
  exits(0, await clock.prov(workerArgs(scene), 'now'), 'worker --once with the clock set back')
  must((await numberOf(scene.truth, OPEN)) === 0, 'something is still owed')
  const wrong = await scene.disagreement(files)
  must(wrong === undefined, wrong ?? '')
  return `clock set back five days with ${ahead} rows due, ${leases} held and ${pauses} lane paused in the future: all delivered`
}
