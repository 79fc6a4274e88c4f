/** What a trial is, and what several of them need: a place for every copy, a truth, and what the two say in the end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BIN, cleanEnv, type Outcome, prov as provOf, type Run } from '../../support/cli.ts'
import { scratch } from '../../support/scratch.ts'
import { newKey } from '../../support/stage.ts'
import { type FreshTruth, postgresTruth, sqliteTruth } from '../../support/truth.ts'

export interface Trial {
  readonly name: string
  /** Gives its figures; throws {@link Failed} for what must not be. `scale`: 1 is the whole trial. */
  run(scale: number): Promise<string>
}

export class Failed extends Error {}

/** @example must(killed >= 50, `only ${killed} were killed`) */
export function must(isSo: boolean, otherwise: string): asserts isSo {
  if (!isSo) throw new Failed(otherwise)
}

export const ENGINES = ['sqlite', 'postgres'] as const
export type Engine = (typeof ENGINES)[number]

/** As many as the scale asks for. */
export const scaled = (whole: number, scale: number, least = 1): number => Math.max(least, Math.round(whole * scale))

/** A command may take this long: the machine may be busy. */
const LONG_MS = 30 * 60_000

export interface Scene extends AsyncDisposable {
  readonly folder: string
  readonly truth: FreshTruth
  /** Storage and settings. */
  readonly storage: readonly string[]
  readonly key: { readonly private: string; readonly public: string }
  prov(args: readonly string[], more?: Run): Promise<Outcome>
  store(files: readonly string[], more?: readonly string[], how?: Run): Promise<Outcome>
  worker(more?: readonly string[], how?: Run): Promise<Outcome>
  /** Reads every copy of these runs, and the truth: undefined when all agree and each has one signature, else what is wrong. */
  disagreement(files: readonly string[], storage?: string): Promise<string | undefined>
}

export interface SceneOptions {
  readonly backends: string
  readonly set?: readonly string[]
  readonly truth?: FreshTruth
}

/** docdb is a SQLite file, gcs a directory; what else is needed comes with `set`. */
export async function openScene(engine: Engine, { backends, set = [], truth: given }: SceneOptions): Promise<Scene> {
  const folder = scratch()
  const truth = given ?? (engine === 'sqlite' ? sqliteTruth() : await postgresTruth())
  const own = [`storage.docdb.url=sqlite:${join(folder, 'prov.db')}`, `storage.gcs.directory=${join(folder, 'gcs')}`]
  const settings = [...own, ...set].flatMap((one) => ['--set', one])
  const storage = ['--storage', backends, ...settings]
  const key = newKey()
  const prov = (args: readonly string[], more: Run = {}): Promise<Outcome> =>
    provOf([...args, ...truth.flags], { timeout: LONG_MS, ...more })
  if (truth.needsInit) exits(0, await prov(['truth', 'init']), 'truth init')
  return {
    ...{ folder, truth, storage, key, prov },
    store: (files, more = [], how = {}) =>
      prov(['store', ...storage, '--key', key.private, '--json', ...more, ...files], how),
    worker: (more = [], how = {}) => prov(['worker', ...storage, '--key', key.public, '--json', ...more], how),
    disagreement: async (files, names = `truth,${backends}`) => {
      const args = ['verify', '--storage', names, ...settings, '--key', key.public, '--json', ...files]
      return wrongIn(await prov(args))
    },
    [Symbol.asyncDispose]: () => truth.close(),
  }
}

interface Verdict {
  readonly artifacts: readonly {
    readonly artifact: string
    readonly kind: string
    readonly rows: readonly {
      readonly mark: string
      readonly signatures?: readonly string[]
      readonly entry?: string
    }[]
  }[]
}

function wrongIn({ code, stdout, stderr }: Outcome): string | undefined {
  if (!stdout.startsWith('{')) return `verify exits ${code}: ${stderr.slice(0, 500)}`
  const { artifacts } = JSON.parse(stdout) as Verdict
  const several = signedTwice(artifacts)
  if (several !== undefined) return several
  return code === 0 && artifacts.length > 0 ? undefined : `verify exits ${code} for ${artifacts.length} artifacts`
}

function signedTwice(artifacts: Verdict['artifacts']): string | undefined {
  for (const { artifact, kind, rows } of artifacts) {
    const entries = new Set(rows.flatMap(({ entry }) => entry ?? []))
    const signatures = new Set(rows.flatMap((row) => row.signatures ?? []))
    if (entries.size > 1 || signatures.size > 1) {
      return `${artifact} (${kind}) has ${entries.size} entries and ${signatures.size} signatures`
    }
  }
  return undefined
}

/** Throws unless the command ended so. */
export function exits(wanted: number, { code, stdout, stderr }: Outcome, what: string): void {
  const said = `${stderr}${stdout}`.slice(-1500)
  must(code === wanted, `${what} exits ${code}, not ${wanted}: ${said}`)
}

/** Rows of an answer to one number. */
export async function numberOf({ sql }: FreshTruth, text: string): Promise<number> {
  const [row] = await sql(text)
  return Number(Object.values(row ?? {})[0] ?? Number.NaN)
}

export const OPEN = "SELECT count(*) FROM delivery WHERE state <> 'done'"

/** Entries that were superseded, or that stand beside another of the same artifact and format. */
export async function secondSignatures(truth: FreshTruth): Promise<number> {
  const beside =
    'SELECT count(*) FROM entry e WHERE superseded_by IS NOT NULL OR EXISTS (SELECT 1 FROM entry o WHERE o.uri = e.uri AND o.format = e.format AND o.seq <> e.seq)'
  return numberOf(truth, beside)
}

/** Asks until it is so; throws after so many milliseconds. */
export async function until(what: string, ms: number, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + ms; !(await isSo()); ) {
    must(performance.now() < end, `not in ${Math.round(ms / 1000)} s: ${what}`)
    await sleep(100)
  }
}

/** A process of `prov` that runs for as long as it is let. */
export interface Running {
  readonly child: ChildProcess
  /** What it has printed so far, a JSON object a line. */
  lines(): readonly Line[]
  said(): string
  readonly ended: Promise<unknown>
}

export interface Line {
  readonly outcome?: string
  readonly target?: string
  readonly id?: number
}

/** Starts a worker that goes on until it is told to end. */
export function startWorker({ truth, storage, key }: Scene, more: readonly string[] = []): Running {
  const args = [BIN, 'worker', ...storage, '--key', key.public, '--json', ...truth.flags, ...more]
  const child = spawn(process.execPath, args, { env: cleanEnv(), stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  // A line that a kill has cut short is none.
  const lines = (): readonly Line[] =>
    out.split('\n').flatMap((line) => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line) as Line] : []))
  return { child, lines, said: () => err, ended: once(child, 'close') }
}

/** SIGTERM, and SIGKILL after a while; waits for its end. */
export async function end({ child, ended }: Running): Promise<void> {
  child.kill('SIGCONT')
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), 60_000)
  await ended
  clearTimeout(late)
}

/** The middle of these. */
export const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
