import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ConformReport } from '../../src/conform/report.ts'
import { type Outcome, ROOT, run } from '../support/cli.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const BIN_FOLDER = join(ROOT, 'node_modules/.bin')
const env = { PATH: `${BIN_FOLDER}:${process.env['PATH'] ?? ''}`, HOME: process.env['HOME'] ?? '' }

interface Packed {
  readonly filename: string
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string; readonly mode: number }[]
}

describe('the package', () => {
  const consumer = join(scratch(), 'consumer')
  const installed = join(consumer, 'node_modules/.bin/prov')
  let packed: Packed

  beforeAll(async () => {
    mkdirSync(consumer)
    const pack = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', consumer], { env })
    expect(pack.code, pack.stderr).toBe(0)
    // npm 11 prints a list, npm 12 an object by name
    packed = Object.values(JSON.parse(pack.stdout) as Record<string, Packed>)[0] as Packed
    writeFileSync(join(consumer, 'package.json'), '{"private":true,"type":"module"}')
    const flags = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts']
    const install = await run('npm', ['install', ...flags, join(consumer, packed.filename)], {
      env,
      cwd: consumer,
      timeout: 240_000,
    })
    expect(install.code, install.stderr).toBe(0)
  })

  it('holds what runs and what a reader needs, and nothing else', () => {
    const paths = packed.files.map(({ path }) => path)
    for (const wanted of [
      'package.json',
      'README.md',
      'LICENSE',
      'bin/prov.js',
      'dist/cli.js',
      'dist/index.js',
      'dist/conformance.js',
      'dist/conform-child.js',
      'dist/types/src/index.d.ts',
      'dist/types/test/conformance/public.d.ts',
      'dist/schemas/verify.json',
    ]) {
      expect(paths).toContain(wanted)
    }
    expect(
      paths.filter(
        (path) =>
          !/^(package\.json|README\.md|LICENSE|bin\/prov\.js|dist\/(.+\.(js|d\.ts)|schemas\/[-a-z]+\.json|prov\.1))$/.test(
            path,
          ),
      ),
    ).toEqual([])
    expect(packed.unpackedSize).toBeLessThan(20_000_000)
  })

  it('declares what the public modules lead to, and no internals', () => {
    const declared = packed.files.flatMap(({ path }) => /^dist\/types\/(.+)\.d\.ts$/.exec(path)?.[1] ?? [])
    expect(declared).toContain('src/backend/backend')
    expect(declared.length).toBeLessThan(100)
    // Options of backends are for programs that embed them.
    const internal =
      /^(backends\/(?!\w+\/options$|shared\/embedded$).+\/|src\/(cli|config|input|kubernetes|setup)\/|test\/(?!conformance\/))/
    expect(declared.filter((name) => internal.test(name))).toEqual([])
  })

  it('runs where it was installed, and knows its version', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    expect(await run(installed, ['--version'], { env, cwd: consumer })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`^${version} \\(commit (?:[0-9a-f]{12}|unknown), Node v`)),
      stderr: '',
    })
  })

  it('stores and verifies a run where it was installed', async () => {
    const file = runFixture('buildpacks-taskrun.yaml')
    const args = ['--storage', 'tekton', '--key']
    const store = await run(installed, ['store', ...args, PRIVATE_KEY, file], {
      env: { ...env, COSIGN_PASSWORD: PASSWORD },
      cwd: consumer,
    })
    expect(store.code, store.stderr).toBe(0)
    const verify = await run(installed, ['verify', ...args, PUBLIC_KEY, file], { env, cwd: consumer })
    expect(verify.code, verify.stderr + verify.stdout).toBe(0)
  })

  it('gives the schemas of its JSON', async () => {
    const source =
      "import schema from 'prov/schemas/keys-generate.json' with { type: 'json' }\nconsole.log(schema.title)\n"
    writeFileSync(join(consumer, 'schema.mjs'), source)
    const outcome = await run(process.execPath, ['schema.mjs'], { cwd: consumer })
    expect(outcome, outcome.stderr).toMatchObject({ code: 0, stdout: 'prov keys generate --json\n' })
  })

  it('gives a library with types', async () => {
    const source = `import { ERRORS, type ErrorCode, ProvError } from 'prov'
const code: ErrorCode = new ProvError('absent', 'none').code
console.log(code, ERRORS[code].exit)
// @ts-expect-error: the codes are a closed union
new ProvError('no such code', '')
`
    const check = await typeChecked('consumer.ts', source)
    expect(check.code, check.stdout).toBe(0)
    writeFileSync(
      join(consumer, 'consumer.mjs'),
      "import { ERRORS, ProvError } from 'prov'\nconsole.log(ERRORS[new ProvError('absent', '').code].exit)\n",
    )
    expect(await run(process.execPath, ['consumer.mjs'], { cwd: consumer })).toMatchObject({ code: 0, stdout: '5\n' })
  })

  it("gives the conformance suite with types: a backend's contract, its rig, its gaps", async () => {
    const source = `import type { Backend, Capabilities, Context, Found, ListFilter, OpenBackend, Receipt, Slot } from 'prov'
import { type BackendModule, type Case, conformanceCases, type Line, LINES, sampleImage, sampleRun } from 'prov/conformance'
declare const mine: (context: Context) => Backend
export const open: OpenBackend = mine
const image = sampleImage('registry.example/acme/app', 'app')
const rig = (context: Context) => ({
  run: sampleRun('build-1', image),
  image,
  otherImage: sampleImage('registry.example/acme/other', 'other'),
  open: () => mine(context),
  corrupt: async (slot: Slot) => console.log(slot.key),
})
export const module = { rig, gaps: { close: 'a second close hangs' } } satisfies BackendModule
const cases: readonly Case[] = conformanceCases({ rig: () => rig({} as Context), gaps: module.gaps })
const line: Line = 'putTwice'
console.log(cases.length, LINES[line], {} as Capabilities & Found & ListFilter & Receipt)
// @ts-expect-error: the lines are a closed union
conformanceCases({ rig: () => rig({} as Context), gaps: { puttwice: '' } })
// @ts-expect-error: a backend without get is none
const open2: OpenBackend = () => ({ name: 'x', slots: () => [] })
`
    const check = await typeChecked('suite.ts', source)
    expect(check.code, check.stdout).toBe(0)
  })

  it("compiles and runs the docs' example of the library", async () => {
    const page = readFileSync(join(ROOT, 'docs/library.md'), 'utf8')
    const [, name = '', code = ''] =
      /<!-- example: ([a-z.-]+) -->\n```ts\n([\s\S]*?)```\n<!-- end of example -->/.exec(page) ?? []
    expect(name).toBe('store-and-verify.ts')
    const check = await typeChecked(name, code)
    expect(check.code, check.stdout).toBe(0)
    copyFileSync(PRIVATE_KEY, join(consumer, 'cosign.key'))
    copyFileSync(PUBLIC_KEY, join(consumer, 'cosign.pub'))
    const used = await run(process.execPath, [name], { env, cwd: consumer })
    expect(used, used.stderr).toMatchObject({
      code: 0,
      stdout: "0 [ 's3: written', 'docdb: written' ]\n0 [ 's3: =', 'docdb: =' ]\n",
    })
  })

  describe("with the docs' backend", () => {
    const page = readFileSync(join(ROOT, 'docs/backend-of-your-own.md'), 'utf8')
    const [, name = '', code = ''] =
      /<!-- example: ([a-z.]+) -->\n```js\n([\s\S]*?)```\n<!-- end of example -->/.exec(page) ?? []

    beforeAll(() => {
      expect(name).toBe('folder.js')
      writeFileSync(join(consumer, name), code)
    })

    it('prov conform passes it, in the way that the docs show', async () => {
      const [, args = ''] = /^prov (conform \.\/folder\.js .*)$/m.exec(page) ?? []
      const ours = args.replace('/var/tmp/try', scratch()).split(' ')
      const { stdout, stderr, code } = await run(installed, [...ours, '--json'], { env, cwd: consumer })
      expect(code, stderr).toBe(0)
      const report = JSON.parse(stdout) as ConformReport
      expect(report).toMatchObject({ backend: 'folder', counts: { fail: 0, gap: 7 } })
      expect(report.counts.pass).toBeGreaterThan(18)
    })

    it('and so does a test runner of its own', async () => {
      const source = `import test from 'node:test'
import { conformanceCases, sampleImage, sampleRun } from 'prov/conformance'
import { gaps, open } from './folder.js'
const image = sampleImage('registry.example/acme/app', 'app')
let places = 0
const rig = () => {
  const folder = ${JSON.stringify(scratch())} + '/' + places++
  const otherImage = sampleImage('registry.example/acme/other', 'other')
  return { run: sampleRun('build-1', image), image, otherImage, open: () => open({ setting: () => folder }) }
}
for (const { line, title, run } of conformanceCases({ rig, gaps, kinds: ['dsse'] })) {
  if (['bytes', 'race', 'certificates', undefined].includes(line)) test(title, run)
}
`
      writeFileSync(join(consumer, 'folder.test.mjs'), source)
      const { stdout, code } = await run(process.execPath, ['--test', '--test-reporter=tap', 'folder.test.mjs'], {
        env,
        cwd: consumer,
      })
      expect(code, stdout).toBe(0)
      expect(stdout).toMatch(/^# pass 4$/m)
    })

    it('and the library stores in it and verifies what it stored', async () => {
      const source = `import { createHash } from 'node:crypto'
import { formatNamed, loadSigner, loadTrust, store, verify } from 'prov'
import { open } from './folder.js'
const payload = Buffer.from(JSON.stringify({
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'app', digest: { sha256: createHash('sha256').update('app').digest('hex') } }],
  predicateType: 'https://openvex.dev/ns/v0.2.0',
  predicate: {},
}))
const { subject: subjects, predicateType } = JSON.parse(payload)
const artifact = { type: 'statement', name: 'vex.json', payload, predicateType, subjects }
const backends = [open({ setting: () => ${JSON.stringify(scratch())} })]
const { signal } = new AbortController()
const trust = await loadTrust([${JSON.stringify(PUBLIC_KEY)}])
const retry = { budget: { attempts: 1, totalMs: 0 }, signal, now: Date.now, sleep: async () => {}, random: Math.random }
const report = await store({
  items: [{ artifact, format: formatNamed('statement'), backends }],
  signer: () => loadSigner({ key: ${JSON.stringify(PRIVATE_KEY)}, password: async () => Buffer.from(${JSON.stringify(PASSWORD)}) }),
  trust: async () => trust, formatOptions: {}, optional: [], resign: false, dryRun: false, signal, retry,
})
const about = { artifact, kind: 'dsse', subjects }
const target = { about, backends, required: () => [], mayBeAbsent: false }
const demands = { optional: [], strict: true }
const verdict = await verify({ targets: [target], trust, demands, signal })
console.log(report.exit, report.items[0].copies[0].outcome, verdict.exit, verdict.artifacts[0].rows[0].mark)
`
      writeFileSync(join(consumer, 'use.mjs'), source)
      const used = await run(process.execPath, ['use.mjs'], { env, cwd: consumer })
      expect(used).toMatchObject({ code: 0, stdout: '0 written 0 =\n', stderr: '' })
    })
  })

  /** What tsc says of a file in the consumer's folder, in strict mode. */
  async function typeChecked(name: string, source: string): Promise<Outcome> {
    writeFileSync(join(consumer, name), source)
    const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')]
    const flags = [
      '--noEmit',
      '--strict',
      '--target',
      'es2024',
      '--module',
      'nodenext',
      '--skipLibCheck',
      'false',
      ...types,
    ]
    return run(join(BIN_FOLDER, 'tsc'), [...flags, name], { env, cwd: consumer })
  }
})
