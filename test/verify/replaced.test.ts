/** The commands over replaced provenance: a VEX about the image, and a sibling run's, in the run's own place. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, it } from 'vitest'
import { provHere } from '../support/in-process.ts'
import { runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { newKey } from '../support/stage.ts'

const key = newKey()
const UID = 'b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9'
const IMAGE = 'ttl.sh/slsapoc@sha256:09e72cd4668214dcd3c5dae94efc1881970a315731be8837bc97164cf14da4f2'
const VEX = 'https://openvex.dev/ns/v0.2.0'

let folder: string
let where: readonly string[]

beforeEach(() => {
  folder = scratch()
  where = [
    ...[`storage.docdb.url=sqlite:${folder}/p.db`, `storage.gcs.directory=${folder}/gcs`],
    `storage.s3.directory=${folder}/s3`,
  ].flatMap((one) => ['--set', one])
})

const prov = (command: string, ...args: readonly string[]) => {
  const by = command === 'store' ? key.private : key.public
  return provHere([command, ...where, '--key', by, ...args])
}

async function stored(...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await prov('store', '--storage', 'docdb,gcs,s3', ...args)
  expect(code, stdout + stderr).toBe(0)
}

/** Puts the copy that a key stands for in the place of another, in each store, as a forger would. */
function overwrite(from: string, to: string, stores: readonly string[]): void {
  if (stores.includes('docdb')) {
    const db = new DatabaseSync(join(folder, 'p.db'))
    db.prepare(
      'UPDATE documents SET (Signed, Signature, Cert, Chain, Object) = (SELECT Signed, Signature, Cert, Chain, Object FROM documents WHERE Name = ?) WHERE Name = ?',
    ).run(from, to)
    db.close()
  }
  for (const store of stores.filter((name) => name !== 'docdb')) {
    const files = readdirSync(join(folder, store), { recursive: true, encoding: 'utf8' })
    for (const file of files.filter((name) => name.includes(`${to}.`))) {
      const part = file.slice(file.lastIndexOf('.'))
      const source = files.find((name) => name.endsWith(part) && name.includes(from.replace('statement-', '')))
      if (source !== undefined) copyFileSync(join(folder, store, source), join(folder, store, file))
    }
  }
}

function statementKey(): string {
  const db = new DatabaseSync(join(folder, 'p.db'))
  const row = db.prepare("SELECT Name FROM documents WHERE Name GLOB 'statement-*'").get()
  db.close()
  return String(row?.['Name'])
}

describe('a VEX about the image, by the same key, over the provenance', () => {
  let run: string
  const ALL = ['docdb', 'gcs', 's3']
  beforeEach(async () => {
    run = runFixture('buildpacks-taskrun.yaml')
    await stored(run)
    writeFileSync(join(folder, 'vex.json'), '{"statements":[]}')
    await stored('--predicate', join(folder, 'vex.json'), '--type', VEX, '--image', IMAGE)
    expect((await prov('verify', '--storage', ALL.join(), run)).code).toBe(0)
    expect((await prov('verify', '--storage', ALL.join(), '--all')).code).toBe(0)
  })

  const marks = ({ stdout }: { readonly stdout: string }): readonly string[] =>
    stdout
      .split('\n')
      .filter((line) => line.includes(`-${UID}`) && /^ {2}\S/.test(line))
      .map((line) => line[2] ?? '')

  it.each([[['docdb']], [['docdb', 'gcs']], [ALL]])('in %s is agreed with by no command', async (hit) => {
    overwrite(statementKey(), `taskrun-${UID}`, hit)
    const expected = ALL.map((name) => (hit.includes(name) ? '#' : '='))
    const told = await prov('verify', '--show', 'all', '--storage', ALL.join(), run)
    expect([told.code, marks(told)]).toEqual([3, expected])
    const whole = await prov('verify', '--show', 'all', '--storage', ALL.join(), '--all')
    expect([whole.code, marks(whole)]).toEqual([3, expected])
    const required = await prov('verify', '--storage', ALL.join(), '--require', '1', run)
    expect(required.code).toBe(3)
    const vsa = join(folder, 'vsa')
    await prov('verify', '--storage', ALL.join(), '--output', `vsa=${vsa}`, run)
    const [said = ''] = readFileSync(vsa, 'utf8').split('\n')
    expect(JSON.parse(said).predicate.verificationResult).toBe('FAILED')
  })

  it.each([['by the run'], ['by --all']])('is no reference of repair, %s', async (how) => {
    overwrite(statementKey(), `taskrun-${UID}`, ['docdb', 'gcs'])
    const input = how === 'by the run' ? [run] : ['--all']
    const { code, stdout } = await prov('repair', '--storage', ALL.join(), '--apply', ...input)
    expect(code, stdout).toBe(0)
    expect((await prov('verify', '--storage', ALL.join(), run)).code).toBe(0)
  })

  it('is not spread by repair where no right copy is left', async () => {
    overwrite(statementKey(), `taskrun-${UID}`, ALL)
    const { code } = await prov('repair', '--storage', ALL.join(), '--apply', run)
    expect(code).not.toBe(0)
    expect((await prov('repair', '--storage', ALL.join(), '--apply', '--all')).code).not.toBe(0)
    expect((await prov('verify', '--storage', ALL.join(), run)).code).toBe(3)
  })

  it('is left behind by migrate', async () => {
    overwrite(statementKey(), `taskrun-${UID}`, ['docdb'])
    mkdirSync(join(folder, 'new'))
    const target = ['--set', `storage.s3.directory=${folder}/new`]
    const { code, stdout } = await prov('migrate', '--from', 'docdb', '--to', 's3', ...target)
    expect(code, stdout).not.toBe(0)
    expect(stdout).toContain('wrong_artifact')
    const files = readdirSync(join(folder, 'new'), { recursive: true, encoding: 'utf8' })
    expect(files.filter((name) => name.includes(`taskrun-${UID}.`))).toEqual([])
  })

  it('is not adopted by store', async () => {
    overwrite(statementKey(), `taskrun-${UID}`, ['docdb'])
    const { code, stdout } = await prov('store', '--storage', 'docdb', '--json', run)
    expect(code, stdout).toBe(0)
    expect(JSON.parse(stdout).items[0]).toMatchObject({ source: 'signed', format: 'slsa/v1' })
    expect((await prov('verify', '--storage', 'docdb', run)).code).toBe(0)
  })
})

describe("a sibling run's provenance of the same seconds", () => {
  function sibling(name: string, uid: string, script: string): string {
    const imageID = `docker.io/library/alpine@sha256:${'a'.repeat(64)}`
    const run = {
      apiVersion: 'tekton.dev/v1',
      kind: 'TaskRun',
      metadata: { name, namespace: 'ci', uid, labels: { 'tekton.dev/pipelineRun': 'p' } },
      spec: { params: [], taskRef: { name, kind: 'Task' } },
      status: {
        startTime: '2026-01-01T10:00:00Z',
        completionTime: '2026-01-01T10:00:30Z',
        conditions: [{ type: 'Succeeded', status: 'True' }],
        taskSpec: { steps: [{ name: 's', image: 'alpine', script }] },
        steps: [{ name: 's', container: 'step-s', imageID }],
        results: [],
      },
    }
    const file = join(folder, `${name}.json`)
    writeFileSync(file, JSON.stringify(run))
    return file
  }
  const SCAN = '11111111-1111-4111-8111-111111111111'
  const NOOP = '22222222-2222-4222-8222-222222222222'

  it('is wrong_artifact everywhere, and store signs this run anew', async () => {
    const scan = sibling('scan', SCAN, 'trivy --severity CRITICAL')
    const noop = sibling('noop', NOOP, 'true')
    for (const file of [scan, noop]) await stored(file)
    overwrite(`taskrun-${NOOP}`, `taskrun-${SCAN}`, ['docdb', 'gcs', 's3'])
    const told = await prov('verify', '--show', 'all', '--storage', 'docdb,gcs,s3', scan)
    expect([told.code, told.stdout.match(/wrong_artifact: /g)?.length]).toEqual([3, 3])
    expect((await prov('verify', '--storage', 'docdb,gcs,s3', noop)).code).toBe(0)
    const { code, stdout } = await prov('store', '--storage', 'docdb,gcs,s3', '--json', scan)
    expect(code, stdout).toBe(0)
    expect(JSON.parse(stdout).items[0]).toMatchObject({ source: 'signed' })
    expect((await prov('verify', '--storage', 'docdb,gcs,s3', scan)).code).toBe(0)
  })
})
