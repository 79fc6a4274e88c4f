/** The job for GitLab CI/CD: its inputs, what they become, and its script run as the runner does. */
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { ERRORS } from '../../src/errors.ts'
import { BIN, type Outcome, ROOT, run } from '../support/cli.ts'
import { damage, place } from '../support/outputs.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { documents } from './tekton.ts'

interface Input {
  readonly description: string
  readonly default?: string
  readonly regex?: string
  readonly options?: readonly string[]
}

interface Job {
  readonly stage: string
  readonly image: { readonly name: string; readonly entrypoint: readonly string[] }
  readonly variables: Readonly<Record<string, string>>
  readonly script: readonly string[]
  readonly retry: { readonly max: number; readonly exit_codes: readonly number[] }
  readonly artifacts: {
    readonly when: string
    readonly paths: readonly string[]
    readonly reports: { readonly junit: string }
  }
}

const TEXT = readFileSync(join(ROOT, 'templates/prov.yml'), 'utf8')
const { spec } = documents('../templates/prov.yml')[0] as {
  readonly spec: { readonly inputs: Readonly<Record<string, Input>> }
}

/** The configuration with the inputs put in: GitLab checks each and replaces the text behind the header before it reads the YAML. */
function include(given: Readonly<Record<string, string>>): Readonly<Record<string, Job>> {
  const values = new Map<string, string>()
  for (const [name, { default: usual, regex, options }] of Object.entries(spec.inputs)) {
    const value = given[name] ?? usual
    if (value === undefined) throw new Error(`the input ${name} is needed`)
    // RE2 knows no flag here: ^ and $ are those of the whole text, as in JavaScript without m.
    if (regex !== undefined && !new RegExp(regex).test(value)) throw new Error(`the input ${name} does not match`)
    if (options !== undefined && !options.includes(value)) throw new Error(`the input ${name} is none of the options`)
    values.set(name, value)
  }
  const body = TEXT.slice(TEXT.indexOf('\n---\n') + 5)
  const put = body.replaceAll(/\$\[\[ inputs\.([a-z]+) \]\]/g, (_all, name: string) => {
    const value = values.get(name)
    if (value === undefined) throw new Error(`there is no input ${name}`)
    return value
  })
  return parse(put) as Readonly<Record<string, Job>>
}

const INPUTS = { image: 'registry.example/prov@sha256:0', command: 'verify', storage: 'docdb,oci', key: PUBLIC_KEY }

async function runJob(
  job: Job | undefined,
  cwd: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  if (job === undefined) throw new Error('there is no such job')
  const bin = scratch()
  writeFileSync(join(bin, 'prov'), `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`)
  chmodSync(join(bin, 'prov'), 0o755)
  const own = { PROV_STORAGE_DOCDB_URL: 'sqlite:prov.db', PROV_STORAGE_OCI_LAYOUT: 'layout', COSIGN_PASSWORD: PASSWORD }
  const env = { ...own, ...more, ...job.variables, PATH: `${bin}:${process.env['PATH'] ?? ''}` }
  return run('sh', ['-e', '-c', job.script.join('\n')], { cwd, env })
}

describe('the file', () => {
  test('has a header of inputs, each with a pattern or a choice, and uses every one', () => {
    expect(spec.inputs['job']?.default).toBe('prov')
    for (const [name, { regex, options, description }] of Object.entries(spec.inputs)) {
      expect(description, name).not.toBe('')
      expect(regex === undefined, name).toBe(options !== undefined)
      if (regex !== undefined) expect(regex).toMatch(/^\^.*\$$/)
      expect(TEXT).toContain(`$[[ inputs.${name} ]]`)
    }
  })

  test('becomes one job that keeps its report, and is tried again for what may heal', () => {
    const jobs = include({ ...INPUTS, job: 'provenance of it', stage: '.post' })
    expect(Object.keys(jobs)).toEqual(['provenance of it'])
    const job = jobs['provenance of it']
    expect(job).toMatchObject({
      stage: '.post',
      image: { name: INPUTS.image, entrypoint: [''] },
      artifacts: { when: 'always', paths: ['prov.json', 'prov.html'], reports: { junit: 'prov.xml' } },
    })
    const heal = Object.values(ERRORS).filter(({ retryable }) => retryable)
    expect(job?.retry.exit_codes).toEqual([...new Set(heal.map(({ exit }) => exit))].sort())
  })

  test('no input stands in the script', () => {
    const body = TEXT.slice(TEXT.indexOf('  script:'), TEXT.indexOf('  retry:'))
    expect(body).toContain('prov "$JOB_COMMAND"')
    expect(body).not.toContain('$[[')
  })

  test.each([
    '$(touch owned)',
    '"; touch owned; "',
    "'",
    'a\nscript: [touch owned]',
    '$HOME',
    '\\',
    '#',
    '{x: y}',
    '`x`',
  ])('no input can be %j', (value) => {
    for (const name of Object.keys(spec.inputs)) {
      expect(() => include({ ...INPUTS, [name]: value }), name).toThrow(/does not match|none of the options/)
    }
  })
})

describe('the script', () => {
  test('store, then verify; a damaged copy ends the job with 3', async () => {
    const at = place()
    const input = basename(at.file)
    const store = include({ ...INPUTS, command: 'store', key: PRIVATE_KEY, input })['prov']
    expect(await runJob(store, at.folder)).toMatchObject({ code: 0, stdout: 'prov store: all well\n' })
    const verify = include({ ...INPUTS, input })['prov']
    expect(await runJob(verify, at.folder)).toMatchObject({ code: 0, stdout: 'prov verify: all well\n' })
    expect(JSON.parse(readFileSync(join(at.folder, 'prov.json'), 'utf8'))).toMatchObject({ command: 'verify', exit: 0 })
    expect(readFileSync(join(at.folder, 'prov.xml'), 'utf8')).toContain('<testsuites')
    expect(readFileSync(join(at.folder, 'prov.html'), 'utf8')).toMatch(/^<!doctype html>/i)
    damage(at)
    expect(await runJob(verify, at.folder)).toMatchObject({
      code: 3,
      stdout: 'prov verify: exit 3: a copy does not verify\n',
    })
    expect(JSON.parse(readFileSync(join(at.folder, 'prov.json'), 'utf8'))).toMatchObject({ exit: 3 })
  })

  test('with a source of truth, store commits and delivers in the same job', async () => {
    const at = place()
    const store = include({ ...INPUTS, command: 'store', key: PRIVATE_KEY, input: basename(at.file) })['prov']
    expect(await runJob(store, at.folder, { PROV_TRUTH: 'sqlite:truth.db' })).toMatchObject({ code: 0 })
    const { truth } = JSON.parse(readFileSync(join(at.folder, 'prov.json'), 'utf8'))
    expect(truth.deliveries.map(({ state }: { readonly state: string }) => state)).toEqual([
      'done',
      'done',
      'done',
      'done',
    ])
  })

  test('what is no flag of ours stays an input', async () => {
    const at = place()
    const before = readdirSync(at.folder)
    const job = include({ ...INPUTS, input: '--help' })['prov']
    expect((await runJob(job, at.folder)).code).toBe(2)
    expect(readdirSync(at.folder).filter((name) => !before.includes(name))).toEqual(['prov.json'])
    expect(existsSync(join(at.folder, 'owned'))).toBe(false)
  })
})
