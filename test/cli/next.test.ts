/** Every exit that is not 0 says what to do next: in the text, and in JSON where there is a report. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nextText } from '../../src/report/text/next-step.ts'
import { provHere, type Said } from '../support/in-process.ts'
import { damage, place } from '../support/outputs.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const env = { COSIGN_PASSWORD: PASSWORD }
const ask = (args: readonly string[]): Promise<Said> => provHere(args, { env })

/** The words of a command as a shell would give them; no test needs more than single quotes. */
function words(command: string): readonly string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '')
}

function nextOf({ stdout, stderr }: Said): string {
  const found = /^next: (.*?)(?: {3}\(.*\))?$/m.exec(`${stdout}${stderr}`)?.[1]
  if (found === undefined) throw new Error(`no next: line in ${stdout}${stderr}`)
  return found
}

describe('verify', () => {
  test('a copy that is damaged: the repair that can be copied, with all that this command was given', async () => {
    const at = place()
    await ask(['store', ...at.storage, '--key', PRIVATE_KEY, at.file])
    damage(at)
    const args = [...at.storage, '--key', PUBLIC_KEY, at.file]
    const told = await ask(['verify', ...args])
    expect(told.code).not.toBe(0)
    const next = nextOf(told)
    expect(next).toMatch(/^prov repair --storage /)
    const json = JSON.parse((await ask(['verify', '--json', ...args])).stdout)
    expect(json.next).toBe(next)
    const plan = await ask(words(next).slice(1))
    expect(plan.stdout).toContain('nothing was written')
    const apply = nextOf(plan)
    expect(apply).toMatch(/^prov repair .*--apply /)
    expect((await ask(words(apply).slice(1))).code).toBe(0)
    const healed = await ask(['verify', ...args])
    expect(healed.code).toBe(0)
    expect(healed.stdout).not.toContain('next:')
  })

  test('nothing stored at all is explained', async () => {
    const folder = scratch()
    const where = ['--storage', 'gcs', '--set', `storage.gcs.directory=${folder}`, '--key', PUBLIC_KEY]
    const told = await ask(['verify', ...where, runFixture('kaniko-taskrun.json')])
    expect(nextOf(told)).toMatch(/^prov explain (absent|nothing_verified)$/)
  })

  test('a backend that cannot be read is looked at by doctor', async () => {
    const file = join(scratch(), 'prov.db')
    writeFileSync(file, 'no database')
    const where = ['--storage', 'docdb', '--set', `storage.docdb.url=sqlite:${file}`, '--key', PUBLIC_KEY]
    const told = await ask(['verify', ...where, runFixture('kaniko-taskrun.json')])
    expect(told.code).toBe(6)
    expect(nextOf(told)).toMatch(/^prov doctor --storage docdb /)
    const doctor = await ask(words(nextOf(told)).slice(1))
    expect(doctor.code).not.toBe(0)
    expect(nextOf(doctor)).toMatch(/^prov explain \w+$/)
  })

  test('a name with a space is quoted', async () => {
    const folder = join(scratch(), 'my runs')
    mkdirSync(folder)
    const where = ['--storage', 'docdb', '--set', `storage.docdb.url=sqlite:${folder}/x.db`, '--key', PUBLIC_KEY]
    writeFileSync(join(folder, 'x.db'), 'no database')
    const next = nextOf(await ask(['verify', ...where, runFixture('kaniko-taskrun.json')]))
    expect(words(next)).toContain(`storage.docdb.url=sqlite:${folder}/x.db`)
    rmSync(folder, { recursive: true })
  })
})

describe('failures', () => {
  test.each([
    [['stroe'], 'prov --help'],
    [['verify', '--storag', 'oci'], 'prov verify --help'],
    [['keys', 'generate', '--nope'], 'prov keys generate --help'],
    [['store', '--storage', 'oci', '--key', 'nowhere.key', 'nowhere.yaml'], 'prov explain input_unreadable'],
    [['verify', '--storage', 'tektno', '--key', PUBLIC_KEY, 'run.yaml'], 'prov explain backend_unknown'],
  ])('%j', async (args, next) => {
    const told = await ask(args)
    expect(told.code).toBe(2)
    expect(told.stderr.trimEnd().split('\n').at(-1)).toBe(`next: ${next}`)
  })
})

test('a long command goes on behind backslashes', () => {
  const text = nextText(
    { text: 'prov repair --storage tekton,oci,docdb,s3 --key cosign.pub runs/', note: 'a plan' },
    { width: 40, colour: false },
  )
  expect(text.trimEnd().split('\n')).toEqual([
    'next: prov repair \\',
    '    --storage tekton,oci,docdb,s3 \\',
    '    --key cosign.pub runs/',
    '      (a plan)',
  ])
})
