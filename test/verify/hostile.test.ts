/**
 * Each hostile store beside a healthy one: the healthy one is judged, the hostile one has its own mark, --optional forgives what could not be
 * read, memory stays small, and a signal ends prov. Limits are far above what prov needs, for a busy machine.
 */
import { type ChildProcess, execFileSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type Outcome, prov } from '../support/cli.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

/** Says on stderr how much memory the process had at most. */
const WATCH = 'process.on("exit", () => process.stderr.write("\\npeak=" + process.resourceUsage().maxRSS + "\\n"))'
const MAX_KB = 300_000
const MAX_MS = 20_000

let stored: string
let file: string
let watch: string

beforeAll(async () => {
  stored = scratch()
  file = join(stored, 'run.json')
  watch = join(scratch(), 'watch.mjs')
  writeFileSync(watch, WATCH)
  cpSync(runFixture('kaniko-taskrun.json'), file)
  const made = await prov(['store', ...where(stored), '--key', PRIVATE_KEY, file], { env: { PROV_PASSWORD: PASSWORD } })
  expect(made).toMatchObject({ code: 0 })
})

function where(folder: string, storage = 'gcs,docdb,s3,oci'): readonly string[] {
  const settings = {
    'storage.docdb.url': `sqlite:${join(folder, 'a.db')}`,
    'storage.gcs.directory': join(folder, 'g'),
    'storage.s3.directory': join(folder, 's3'),
    'storage.oci.layout': join(folder, 'lay'),
  }
  return ['--storage', storage, ...Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])]
}

const fileIn = (folder: string, end: string): string => {
  const name = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((one) => one.endsWith(end))
  if (name === undefined) throw new Error(`no ${end} in ${folder}`)
  return join(folder, name)
}

function sql(folder: string, ...statements: readonly string[]): void {
  rmSync(join(folder, 'a.db'))
  const db = new DatabaseSync(join(folder, 'a.db'))
  for (const one of statements) db.exec(one)
  db.close()
}

function odd(path: string, put: (path: string) => void): void {
  rmSync(path)
  put(path)
}

const COLUMNS = "'' AS Signed, '' AS Signature, '' AS Cert, '' AS Chain, '' AS Object, '' AS Run"
const SUBJECTS = 'CREATE TABLE subjects (Digest TEXT, Name TEXT)'

interface Hostile {
  readonly backend: 'docdb' | 's3' | 'oci'
  readonly mark: '!' | '#'
  readonly code: string
  readonly spoil: (folder: string) => void
}

const HOSTILE: Readonly<Record<string, Hostile>> = {
  'an endless view': {
    backend: 'docdb',
    mark: '!',
    code: 'schema_invalid',
    spoil: (folder) =>
      sql(
        folder,
        `CREATE VIEW documents AS WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS Name, ${COLUMNS} FROM n`,
        SUBJECTS,
      ),
  },
  'a view of huge rows': {
    backend: 'docdb',
    mark: '!',
    code: 'schema_invalid',
    spoil: (folder) =>
      sql(
        folder,
        `CREATE VIEW documents AS SELECT 'x' AS Name, zeroblob(50000000) AS Signed, '' AS Signature`,
        SUBJECTS,
      ),
  },
  'a row of 300 MB': {
    backend: 'docdb',
    mark: '!',
    code: 'response_too_large',
    spoil: (folder) => {
      const db = new DatabaseSync(join(folder, 'a.db'))
      db.exec("UPDATE documents SET Signature = zeroblob(300000000) WHERE Name LIKE 'taskrun-%'")
      db.close()
    },
  },
  'white space for a certificate': {
    backend: 's3',
    mark: '#',
    code: 'copy_malformed',
    spoil: (folder) => writeFileSync(runFile(folder, 'cert'), `-----BEGIN CERTIFICATE-----${' '.repeat(30_000_000)}`),
  },
  'a pipe': {
    backend: 's3',
    mark: '#',
    code: 'not_regular_file',
    spoil: (folder) => odd(runFile(folder, 'signature'), (path) => execFileSync('mkfifo', [path])),
  },
  'a link to an endless device': {
    backend: 's3',
    mark: '#',
    code: 'symbolic_link',
    spoil: (folder) => odd(runFile(folder, 'payload'), (path) => symlinkSync('/dev/zero', path)),
  },
  'a sparse terabyte': {
    backend: 's3',
    mark: '!',
    code: 'response_too_large',
    spoil: (folder) => truncateSync(runFile(folder, 'payload'), 1024 ** 4),
  },
  'a sparse index': {
    backend: 'oci',
    mark: '!',
    code: 'response_too_large',
    spoil: (folder) => truncateSync(join(folder, 'lay', 'index.json'), 1024 ** 4),
  },
  'a pipe for an index': {
    backend: 'oci',
    mark: '!',
    code: 'storage_io',
    spoil: (folder) => odd(join(folder, 'lay', 'index.json'), (path) => execFileSync('mkfifo', [path])),
  },
}

function runFile(folder: string, part: string): string {
  const any = fileIn(join(folder, 's3'), `.${part}`)
  const home = any.slice(0, any.lastIndexOf('/'))
  return join(home, readdirSync(home).find((name) => name.startsWith('taskrun-') && name.endsWith(`.${part}`)) ?? '')
}

function spoiled({ spoil }: Hostile): string {
  const folder = scratch()
  cpSync(stored, folder, { recursive: true })
  spoil(folder)
  return folder
}

async function watched(args: readonly string[]): Promise<Outcome & { readonly peak: number; readonly ms: number }> {
  const before = performance.now()
  const outcome = await prov(args, { env: { NODE_OPTIONS: `--import ${watch}` }, timeout: MAX_MS * 2 })
  return {
    ...outcome,
    ms: performance.now() - before,
    peak: Number(/peak=(\d+)/.exec(outcome.stderr)?.[1] ?? Number.NaN),
  }
}

interface Row {
  readonly backend: string
  readonly mark: string
  readonly error?: { readonly code: string }
}

describe.each(Object.entries(HOSTILE))('%s', (_, hostile) => {
  it('costs no more than its own mark', { timeout: 120_000 }, async () => {
    const folder = spoiled(hostile)
    const args = ['verify', ...where(folder), '--key', PUBLIC_KEY, '--timeout', '3', '--json']
    const seen = await watched([...args, file])
    expect(seen.ms).toBeLessThan(MAX_MS)
    expect(seen.peak).toBeLessThan(MAX_KB)
    const { artifacts } = JSON.parse(seen.stdout) as {
      readonly artifacts: readonly { readonly rows: readonly Row[] }[]
    }
    const rows = artifacts.flatMap((one) => one.rows)
    expect(rows.find(({ backend, mark }) => backend === hostile.backend && mark === hostile.mark)?.error?.code).toBe(
      hostile.code,
    )
    const others = rows.filter(({ backend }) => backend !== hostile.backend)
    expect(new Set(others.map(({ mark }) => mark))).toEqual(new Set(['=']))
    expect(seen.code).toBe(hostile.mark === '!' ? 6 : 3)
    const forgiven = await prov([...args, '--optional', hostile.backend, file], { timeout: MAX_MS * 2 })
    expect(forgiven.code).toBe(hostile.mark === '!' ? 0 : 3)
    const all = await watched(['verify', '--all', ...where(folder), '--key', PUBLIC_KEY, '--timeout', '3'])
    expect(all.ms).toBeLessThan(MAX_MS)
    expect(all.peak).toBeLessThan(MAX_KB)
    expect(all.stderr).not.toContain('internal')
    expect(all.code).toBe(hostile.mark === '!' ? 6 : 3)
    const optional = ['--optional', hostile.backend, '--json']
    const allowed = await prov([
      'verify',
      '--all',
      ...where(folder),
      '--key',
      PUBLIC_KEY,
      '--timeout',
      '3',
      ...optional,
    ])
    expect(JSON.parse(allowed.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({ all: true, complete: true })
    expect(allowed.code).toBe(hostile.mark === '!' ? 0 : 3)
  })
})

it('a signal ends prov where a server never answers', { timeout: 60_000 }, async () => {
  const server = createServer((socket) => void socket.on('error', () => undefined)).listen(0, '127.0.0.1')
  await new Promise((ready) => server.once('listening', ready))
  onTestFinished(() => void server.close())
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  let ended = Number.POSITIVE_INFINITY
  const started = (child: ChildProcess): void => {
    server.once('connection', () => {
      const before = performance.now()
      child.once('exit', () => {
        ended = performance.now() - before
      })
      child.kill('SIGINT')
    })
  }
  const args = [
    '--storage',
    's3',
    '--set',
    'storage.s3.bucket=b',
    '--set',
    `storage.s3.endpoint=http://127.0.0.1:${port}`,
  ]
  const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_REGION: 'us-east-1' }
  const outcome = await prov(['verify', ...args, '--key', PUBLIC_KEY, file], { env, started, timeout: MAX_MS })
  expect(outcome.code).toBe(130)
  expect(ended).toBeLessThan(4000)
})

it('a pipe without a writer as the run is an error, a pipe with one is read', { timeout: 60_000 }, async () => {
  const pipe = join(scratch(), 'run.json')
  execFileSync('mkfifo', [pipe])
  const args = ['verify', ...where(stored, 'gcs'), '--key', PUBLIC_KEY, pipe]
  expect(await prov(args, { timeout: MAX_MS })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('input_unreadable'),
  })
  const reading = prov(args, { timeout: MAX_MS })
  const { writeFile } = await import('node:fs/promises')
  await Promise.all([reading, writeFile(pipe, readFileSync(file))])
  expect((await reading).code).toBe(0)
})
