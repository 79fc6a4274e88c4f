/**
 * A source of truth: commits beside bare inserts, `prov store --truth` beside `prov store`, workers beside one call, and what an outage costs the
 * others. Part of `npm run bench`; `npm run bench -- truth` runs nothing else. With `--memory` also what a worker keeps after 100,000 deliveries.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once as eventOnce } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { registry } from '../servers/endpoints.ts'
import { BIN, cleanEnv } from '../support/cli.ts'
import { manyRuns } from '../support/many-runs.ts'
import { startProxy } from '../support/proxy.ts'
import { freshName } from '../support/registry.ts'
import { scratch } from '../support/scratch.ts'
import { newKey } from '../support/stage.ts'
import { sqliteTruth } from '../support/truth.ts'
import { type Command, type Figure, once, rounds } from './measure.ts'
import type { Print } from './moves.ts'
import { commits } from './truth-commits.ts'
import { searchBench } from './truth-search.ts'

const env = cleanEnv()
const key = newKey()
const node = (...args: readonly string[]): Command => ({ command: process.execPath, args: [BIN, ...args], env })

interface Place {
  readonly truth: ReturnType<typeof sqliteTruth>
  readonly storage: readonly string[]
}

/** Three places and a truth that nobody has written to. */
function freshPlace(endpoint: string, backends = 'oci,gcs,docdb'): Place {
  const folder = scratch()
  const set = [
    `storage.oci.repository=${endpoint}/${freshName('truth')}`,
    `storage.gcs.directory=${join(folder, 'gcs')}`,
    `storage.docdb.url=sqlite:${join(folder, 'prov.db')}`,
  ]
  return { truth: sqliteTruth(), storage: ['--storage', backends, ...set.flatMap((one) => ['--set', one])] }
}

const store = ({ storage }: Place, files: readonly string[], ...more: readonly string[]): Command =>
  node('store', ...storage, '--key', key.private, '--quiet', ...more, ...files)
const storeTruth = (place: Place, files: readonly string[], ...more: readonly string[]): Command =>
  store(place, files, ...place.truth.flags, ...more)
const workerArgs = ({ storage, truth }: Place): readonly string[] => [
  ...['worker', ...storage, '--key', key.public, '--quiet', ...truth.flags],
]

async function storing(turns: number, print: Print): Promise<void> {
  const endpoint = registry('distribution')
  let n = 0
  const one = (command: (place: Place, files: readonly string[]) => Command) => (): Promise<Figure> =>
    once(command(freshPlace(endpoint), manyRuns(1, { from: n++ })))
  const figures = await rounds(turns, {
    plain: one((place, files) => store(place, files)),
    truth: one((place, files) => storeTruth(place, files)),
    waiting: one((place, files) => storeTruth(place, files, '--wait', '60s')),
  })
  const peer = 'prov store to oci,gcs,docdb'
  print('prov store --truth, one run, wall time', figures.truth.ms, peer, figures.plain.ms, 'ms', 'at most 1.0')
  print('prov store --truth --wait', figures.waiting.ms, peer, figures.plain.ms, 'ms', 'at most 1.3')
}

async function workerBesideStore(turns: number, runs: number, print: Print): Promise<void> {
  const endpoint = registry('distribution')
  const files = manyRuns(runs)
  const figures = await rounds(turns, {
    worker: async () => {
      const place = freshPlace(endpoint)
      await once(storeTruth(place, files))
      return once(node(...workerArgs(place), '--once'))
    },
    store: () => once(store(freshPlace(endpoint), files)),
  })
  const rate = ({ ms }: Figure): number => (runs * 6) / (ms / 1000)
  const peer = 'one prov store call, signing included'
  print(`one worker, ${runs} runs`, rate(figures.worker), peer, rate(figures.store), 'copies/s', 'at least 0.8')
}

async function twoWorkers(turns: number, runs: number, delayMs: number, target: string, print: Print): Promise<void> {
  await using proxy = await startProxy(registry('distribution'))
  if (delayMs > 0) proxy.use(() => ({ delayMs }))
  const endpoint = delayMs > 0 ? proxy.endpoint : registry('distribution')
  const files = manyRuns(runs)
  const by = (workers: number) => async (): Promise<Figure> => {
    const place = freshPlace(endpoint, 'oci')
    await once(storeTruth(place, files, '--set', 'truth.look-timeout=60s'))
    const began = performance.now()
    await Promise.all(Array.from({ length: workers }, () => once(node(...workerArgs(place), '--once'))))
    return { ms: performance.now() - began, mb: 0 }
  }
  const figures = await rounds(turns, { one: by(1), two: by(2) })
  const rate = ({ ms }: Figure): number => (runs * 2) / (ms / 1000)
  const where = delayMs > 0 ? `a registry that answers after ${delayMs} ms` : 'loopback'
  print(`two workers, ${where}`, rate(figures.two), 'one worker', rate(figures.one), 'copies/s', `at least ${target}`)
}

function started(command: Command): ChildProcess {
  return spawn(command.command, command.args, { env: { ...command.env }, stdio: 'ignore' })
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = eventOnce(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

async function oneOfThreeDead(turns: number, runs: number, print: Print): Promise<void> {
  await using proxy = await startProxy(registry('distribution'))
  const files = manyRuns(runs)
  let asked = 0
  const others = (isDead: boolean) => async (): Promise<Figure> => {
    const place = freshPlace(proxy.endpoint)
    await once(storeTruth(place, files))
    proxy.use(isDead ? () => ({ cut: 'before' }) : undefined)
    proxy.reset()
    const began = performance.now()
    const worker = started(node(...workerArgs(place)))
    const left = "SELECT count(*) AS n FROM delivery WHERE target <> 'oci' AND state <> 'done'"
    while (Number((await place.truth.sql(left))[0]?.['n']) > 0) await sleep(50)
    const ms = performance.now() - began
    if (isDead) asked = Math.max(asked, proxy.seen.length)
    await ended(worker)
    proxy.use(undefined)
    return { ms, mb: 0 }
  }
  const figures = await rounds(turns, { dead: others(true), alive: others(false) })
  const peer = 'all three alive'
  print(
    `one of three dead, ${runs * 4} copies of the others`,
    figures.dead.ms,
    peer,
    figures.alive.ms,
    'ms',
    'at most 1.1',
  )
  console.log(`${''.padEnd(52)}   (${asked} requests reached the dead one; target at most 100)`)
}

/** Resident memory of one worker, kilobytes, after so many deliveries. */
async function memory(print: Print): Promise<void> {
  const place = freshPlace(registry('distribution'), 'docdb')
  const worker = { child: undefined as ChildProcess | undefined }
  const resident = (): number =>
    Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${worker.child?.pid}/status`, 'utf8'))?.[1] ?? 0)
  const after = async (deliveries: number): Promise<number> => {
    const done = "SELECT count(*) AS n FROM delivery WHERE state = 'done'"
    while (Number((await place.truth.sql(done))[0]?.['n']) < deliveries) await sleep(1000)
    return resident()
  }
  const [part, figures] = [2500, [] as number[]]
  for (let from = 0; from < 50_000; from += part) {
    await once(storeTruth(place, manyRuns(part, { from })))
    worker.child ??= started(node(...workerArgs(place)))
    const kb = await after(2 * (from + part))
    if (2 * (from + part) === 10_000 || 2 * (from + part) === 100_000) figures.push(kb / 1024)
  }
  if (worker.child !== undefined) await ended(worker.child)
  const [few = 0, many = 0] = figures
  print('memory of a worker after 100,000 deliveries', many, 'after 10,000', few, 'MB', 'at most 1.1')
}

export interface TruthBench {
  readonly rounds: number
  readonly runs: number
  readonly memory: boolean
}

/** @example await truthBench({ rounds: 10, runs: 1000, memory: false }, print) */
export async function truthBench(options: TruthBench, print: Print): Promise<void> {
  const turns = Math.min(3, options.rounds)
  const runs = Math.max(10, options.runs / 5)
  await commits(Math.min(5, options.rounds), Math.max(20, options.runs / 5), print)
  await storing(options.rounds, print)
  await workerBesideStore(turns, runs, print)
  await twoWorkers(Math.min(2, turns), 2 * runs, 50, '1.8', print)
  await twoWorkers(turns, 2 * runs, 0, '0.95', print)
  await oneOfThreeDead(turns, runs, print)
  await searchBench({ entries: options.memory ? 1_000_000 : 100_000, rounds: 3 }, print)
  if (options.memory) await memory(print)
}
