/** What nobody looked at is never told as agreement. */
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { provHere } from '../support/in-process.ts'
import { ODD_FILES } from '../support/odd-files.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const folder = scratch()
const env = { PROV_PASSWORD: PASSWORD }
const directory = join(folder, 'copies')
const sets = ['--set', `storage.gcs.directory=${directory}`, '--set', `storage.oci.layout=${join(folder, 'layout')}`]
const file = runFixture('kaniko-taskrun.json')

beforeAll(async () => {
  const stored = await provHere(['store', '--storage', 'gcs,tekton', ...sets, '--key', PRIVATE_KEY, file], { env })
  expect(stored.code, stored.stdout + stored.stderr).toBe(0)
})

describe('a backend that cannot be listed', () => {
  const all = (...more: string[]) => [
    'verify',
    '--all',
    '--storage',
    'tekton,gcs',
    ...sets,
    '--key',
    PUBLIC_KEY,
    ...more,
  ]

  test('is refused beforehand, with what to give', async () => {
    const { code, stderr } = await provHere(all())
    expect(code).toBe(2)
    expect(stderr).toMatch(/not_supported: tekton: tekton cannot list .*INPUT.*storage\.tekton\.file.*leave tekton out/)
    const repair = ['repair', '--all', '--storage', 'tekton,gcs', ...sets, '--key', PUBLIC_KEY]
    expect((await provHere(repair)).code).toBe(2)
  })

  test('with --optional it is passed over, and every copy there is said to be not looked at', async () => {
    const { code, stdout } = await provHere(all('--optional', 'tekton', '--json'))
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const rows = lines
      .slice(0, -1)
      .flatMap((one) => one.rows.filter((row: { backend: string }) => row.backend === 'tekton'))
    expect(rows.length).toBeGreaterThan(0)
    for (const row of rows) expect(row).toMatchObject({ mark: '!', error: { code: 'not_looked' } })
    expect(lines.at(-1)).toMatchObject({ exit: 0, marks: { tekton: { '!': rows.length } } })
    expect(code).toBe(0)
  })

  test('where it can be listed, it is', async () => {
    const { code, stdout } = await provHere(all('--show', 'all', '--tekton-file', file))
    expect(code, stdout).toBe(0)
    expect(stdout).toMatch(/tekton: \d+ =\n/)
  })
})

describe('migrate', () => {
  const link = join(folder, 'link')
  const migrate = (from: string, to: string, ...more: string[]) =>
    provHere(['migrate', '--from', from, '--to', to, ...sets, '--key', PUBLIC_KEY, ...more])

  test.each([
    ['gcs', 'gcs', []],
    ['gcs', 'oci,gcs', []],
    ['gcs', 'gcs', ['--dry-run']],
    ['gcs', 'gcs', ['--to-set', 'storage.retries=2', '--to-set', 'storage.gcs.timeout=5s']],
    ['gcs', 'gcs', ['--to-set', `storage.gcs.directory=${folder}/./copies/`]],
    ['gcs', 'gcs', ['--to-set', `storage.gcs.directory=${link}`]],
    ['gcs', 's3', ['--to-set', `storage.s3.directory=${directory}`]],
    [
      'docdb',
      'docdb',
      ['--from-set', `storage.docdb.url=sqlite:${folder}/x.db`, '--to-set', `storage.docdb.url=sqlite:${link}/../x.db`],
    ],
    ['tekton', 'tekton', ['--tekton-file', file]],
  ])('from %s to %s, one place: %s', async (from, to, more) => {
    mkdirSync(directory, { recursive: true })
    try {
      symlinkSync('copies', link)
    } catch {
      // made before
    }
    const { code, stderr } = await migrate(from, to, ...more)
    expect(code, stderr).toBe(2)
    expect(stderr).toContain('source and target are one place')
  })

  test('two places of one backend are no fault', async () => {
    const { code, stdout, stderr } = await migrate('gcs', 'gcs', '--to-set', `storage.gcs.directory=${folder}/other`)
    expect(code, stdout + stderr).toBe(0)
  })
})

test('doctor: nothing that was tried is no success', async () => {
  const { code, stdout } = await provHere(['doctor', '--storage', 'tekton'])
  expect(stdout).toContain('0 of 1 usable, 1 not tried (exit 6)')
  expect(code).toBe(6)
  const both = await provHere(['doctor', '--storage', 'tekton,gcs', ...sets, '--read-only'])
  expect(both.stdout).toContain('1 of 2 usable')
  expect(both.code).toBe(0)
})

describe('a layout whose index is not a file', () => {
  const ODD = { ...ODD_FILES, 'a folder': ['', (path: string) => void mkdirSync(path)] as const }
  const COMMANDS: Readonly<Record<string, readonly string[]>> = {
    verify: ['verify', '--key', PUBLIC_KEY, file],
    'verify --all': ['verify', '--all', '--key', PUBLIC_KEY],
    'repair --all': ['repair', '--all', '--key', PUBLIC_KEY],
    list: ['list'],
  }

  test.each(Object.entries(ODD))('%s: no command calls that damage of a copy, each ends with 6', async (_, [, put]) => {
    const layout = join(scratch(), 'layout')
    const here = ['--set', `storage.oci.layout=${layout}`, '--set', `storage.gcs.directory=${directory}`]
    const stored = await provHere(['store', '--storage', 'oci,gcs', ...here, '--key', PRIVATE_KEY, file], { env })
    expect(stored.code, stored.stdout + stored.stderr).toBe(0)
    rmSync(join(layout, 'index.json'))
    put(join(layout, 'index.json'))
    for (const [name, args] of Object.entries(COMMANDS)) {
      const { code, stdout } = await provHere([...args, '--storage', 'oci,gcs', ...here, '--json'])
      expect([name, code]).toEqual([name, 6])
      expect(stdout).toMatch(/"code": ?"storage_io"/)
    }
  })
})
