/** The examples of the library's functions are code that compiles against its public face, each in one run of the compiler. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { exampleOf, exported, moduleOf } from './examples.ts'

const FACE = 'src/index.ts'
const FOLDER = 'node_modules/.cache/prov-examples'

/** What the examples take for given. */
const GIVEN = `
declare const about: About
declare const backend: Backend
declare const backends: readonly Backend[]
declare const context: Context
declare const entry: Entry
declare const found: Entry
declare const wanted: Entry
declare const hex: string
declare const items: readonly StoreItem[]
declare const layer: Uint8Array
declare const payload: Uint8Array
declare const payloadType: string
declare const publicKey: KeyObject
declare const readings: Parameters<typeof agree>[1]
declare const retry: RetryOptions
declare const run: RunArtifact
declare const signal: AbortSignal
declare const signature: Signature
declare const signer: KeySigner
declare const trust: Trust
`

/** Jobs have one name in the examples and one type a function. */
const JOBS: Readonly<Record<string, string>> = {
  migrate: 'MigrateJob',
  store: 'StoreJob',
  ProvError: 'StoreJob',
  storeInWindows: 'StoreJob',
  survey: 'SurveyJob',
  verify: 'VerifyJob',
}

const face = readFileSync(FACE, 'utf8')
const names = exported(face)
const values = names.filter(({ isType }) => !isType)
const examples = values.flatMap(({ name, from }) => {
  const text = readFileSync(join(dirname(FACE), from), 'utf8')
  const code = exampleOf(text, name)
  return code === undefined ? [] : [{ name, code }]
})

afterAll(() => rmSync(FOLDER, { recursive: true, force: true }))

it('every function has an example', () => {
  const functions = values.filter(({ name, from }) =>
    new RegExp(`^export (?:async )?function\\*? ${name}\\b`, 'm').test(readFileSync(join(dirname(FACE), from), 'utf8')),
  )
  expect(functions.length).toBeGreaterThan(20)
  expect(functions.map(({ name }) => name).filter((name) => !examples.some((one) => one.name === name))).toEqual([])
})

it('every example compiles', { timeout: 120_000 }, () => {
  expect(compile(examples.map(({ name, code }) => moduleOf(name, code, frame(name))))).toBe('')
})

it('an example that is wrong does not', { timeout: 120_000 }, () => {
  expect(compile([moduleOf('entryId', 'entryId(entry).length.size', frame('entryId'))])).toMatch(
    /'size' does not exist/,
  )
})

function frame(name: string): string {
  const imports = names.map((one) => (one.isType ? `type ${one.name}` : one.name)).join(', ')
  const job = JOBS[name] === undefined ? '' : `declare const job: ${JOBS[name]}\n`
  return `import crypto, { type KeyObject, randomBytes } from 'node:crypto'\nimport { ${imports} } from '${resolve(FACE)}'\n${GIVEN}${job}`
}

function compile(modules: readonly string[]): string {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  for (const [i, text] of modules.entries()) writeFileSync(join(FOLDER, `example-${i}.ts`), text)
  const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false, types: ['node'] }
  const config = { extends: resolve('tsconfig.json'), compilerOptions, include: ['*.ts'], exclude: [] }
  writeFileSync(join(FOLDER, 'tsconfig.json'), JSON.stringify(config))
  const { stdout, status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', FOLDER], {
    encoding: 'utf8',
  })
  return status === 0 ? '' : stdout
}
