import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openBackend } from '../../backends/index.ts'
import { loadInputs } from '../../src/input/load.ts'
import { calm } from '../conformance/checks.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../conformance/samples.ts'
import { testContext } from '../support/context.ts'
import { runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { allOk, detailOf, lookAt, outcomes, snapshot } from './look.ts'

const image = sampleImage('registry.example/acme/app', 'app')
const run = sampleRun('build-1', image)

/** Puts a copy of somebody's there first. */
async function used(name: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const backend = await openBackend(name, testContext(settings))
  const [slot] = backend.slots(aboutOf('dsse', run, image))
  if (slot === undefined) throw new Error('no slot')
  await backend.put(slot, sampleEntry('dsse', run, image), calm())
  await backend.close()
}

function places(folder: string) {
  return {
    gcs: { 'storage.gcs.directory': join(folder, 'copies') },
    s3: { 'storage.s3.directory': join(folder, 'deep/er/copies') },
    oci: { 'storage.oci.layout': join(folder, 'layout') },
    docdb: { 'storage.docdb.url': `sqlite:${join(folder, 'prov.db')}` },
  } as const
}

const MORE = { oci: ['referrers ok', 'tag-writes ok'], gcs: [], s3: [], docdb: [] } as const

function expected(name: keyof typeof MORE, list = 'ok'): readonly string[] {
  return allOk({ list }).flatMap((line) => (line.startsWith('limits') ? [...MORE[name], line] : [line]))
}

describe.each(['gcs', 's3', 'oci', 'docdb'] as const)('%s without a server', (name) => {
  test('everything is well, and where nothing was there is nothing', async () => {
    const folder = scratch()
    const report = await lookAt(name, { settings: places(folder)[name] })
    expect(outcomes(report)).toEqual(expected(name))
    expect(report).toMatchObject({ outcome: 'ok', exit: 0 })
    expect(snapshot(folder)).toEqual([])
  })

  test('what was there stays as it was', async () => {
    const folder = scratch()
    const settings = places(folder)[name]
    await used(name, settings)
    const before = rowsOrFiles(name, folder)
    expect(before.length).toBeGreaterThan(0)
    const report = await lookAt(name, { settings })
    expect(outcomes(report)).toEqual(expected(name))
    expect(rowsOrFiles(name, folder)).toEqual(before)
  })

  test('--read-only writes nothing, not even for a moment', async () => {
    const folder = scratch()
    const settings = places(folder)[name]
    for (const there of [false, true]) {
      if (there) await used(name, settings)
      chmodSync(folder, 0o755)
      const before = snapshot(folder)
      const report = await lookAt(name, { settings, readOnly: true })
      expect(outcomes(report)).toContain('write skipped')
      expect(outcomes(report)).toContain('list ok')
      expect(outcomes(report)).not.toContain('clean-up ok')
      expect(report).toMatchObject({ outcome: 'ok', exit: 0 })
      expect(snapshot(folder)).toEqual(before)
    }
  })

  test.skipIf(process.getuid?.() !== 0)('where this user may not write, exit 7, and nothing is left', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'prov-doctor-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const settings = places(folder)[name]
    await used(name, settings)
    const before = rowsOrFiles(name, folder)
    for (const path of folders(folder)) chmodSync(path, 0o555)
    process.seteuid?.(65_534)
    const report = await lookAt(name, { settings }).finally(() => process.seteuid?.(0))
    expect(report).toMatchObject({ outcome: 'failed', exit: 7 })
    expect(outcomes(report)).toContain('read ok')
    expect(outcomes(report)).toContain('write failed')
    expect(rowsOrFiles(name, folder)).toEqual(before)
  })
})

/** A database is rewritten as a file; what counts is its rows. */
function rowsOrFiles(name: string, folder: string): readonly unknown[] {
  if (name !== 'docdb') return snapshot(folder)
  const db = new DatabaseSync(join(folder, 'prov.db'), { readOnly: true })
  const all = ['documents', 'subjects'].flatMap((table) => db.prepare(`SELECT * FROM ${table}`).all())
  db.close()
  return [...all, ...snapshot(folder).map((line) => line.split(' ')[0])]
}

function folders(folder: string): readonly string[] {
  return [folder, ...snapshot(folder).flatMap((line) => (line.endsWith('/') ? [join(folder, line)] : []))]
}

test('a folder that is a file is told as that: no probe can be left in it', async () => {
  const file = join(scratch(), 'copies')
  writeFileSync(file, 'a file')
  const report = await lookAt('s3', { settings: { 'storage.s3.directory': file } })
  expect(outcomes(report)).toContain('read failed')
  expect(detailOf(report, 'clean-up')).toBe('nothing is left behind')
  expect(report.exit).toBe(6)
})

test('a bucket that lets nobody in has nothing of the probe either', async () => {
  const server = createServer((_, answer) => answer.writeHead(403).end())
  await new Promise<void>((up) => server.listen(0, '127.0.0.1', up))
  onTestFinished(() => void server.close())
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const settings = { 'storage.s3.bucket': 'copies', 'storage.s3.endpoint': endpoint, 'storage.s3.region': 'eu-west-1' }
  const report = await lookAt('s3', { settings, env: { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' } })
  expect(outcomes(report)).toEqual(expect.arrayContaining(['authenticate failed', 'clean-up ok']))
  expect(report.exit).toBe(6)
})

test('bundles in a layout are tried on an image of their own', async () => {
  const folder = scratch()
  const settings = { ...places(folder).oci, 'storage.oci.encoding-format': 'dsse,sigstore-bundle' }
  const report = await lookAt('oci', { settings })
  expect(report.outcome).not.toBe('failed')
  expect(report.checks.filter(({ check }) => check === 'write').map(({ outcome }) => outcome)).toEqual(['ok', 'ok'])
  expect(new Set(report.checks.flatMap(({ slot }) => slot ?? [])).size).toBe(2)
  expect(snapshot(folder)).toEqual([])
})

test('a folder of other files is no layout, and is told before a probe would be', async () => {
  const folder = scratch()
  writeFileSync(join(folder, 'notes.txt'), 'mine')
  const report = await lookAt('oci', { settings: { 'storage.oci.layout': folder } })
  expect(report).toMatchObject({ outcome: 'failed', exit: 7 })
  expect(detailOf(report, 'write')).toContain('not an OCI image layout')
  expect(snapshot(folder)).toHaveLength(1)
})

describe('tekton in files', () => {
  const load = async (file: string) => (await loadInputs([file], { stdin: process.stdin })).runs

  test.each(['buildpacks-taskrun.yaml', 'kaniko-taskrun.json'])(
    '%s is not touched, a copy beside it is',
    async (name) => {
      const file = runFixture(name)
      const folder = join(file, '..')
      const before = snapshot(folder)
      const report = await lookAt('tekton', { artifacts: await load(file) })
      expect(report).toMatchObject({ outcome: 'ok', exit: 0 })
      expect(outcomes(report)).toEqual(
        expect.arrayContaining(['write ok', 'read-back ok', 'replace ok', 'delete ok', 'room ok', 'clean-up ok']),
      )
      expect(detailOf(report, 'room')).toMatch(/^\d+ of 262144 bytes of annotations left on TaskRun /)
      expect(snapshot(folder)).toEqual(before)
    },
  )

  test('little room is degraded, no exit', async () => {
    const file = runFixture('kaniko-taskrun.json')
    const json = JSON.parse(readFileSync(file, 'utf8')) as { metadata: { annotations?: Record<string, string> } }
    json.metadata.annotations = { ...json.metadata.annotations, full: 'x'.repeat(250_000) }
    writeFileSync(file, JSON.stringify(json))
    const report = await lookAt('tekton', { artifacts: await load(file) })
    expect(report).toMatchObject({ outcome: 'degraded', exit: 0 })
    expect(detailOf(report, 'room')).toContain('may not fit')
  })

  test('without a run nothing is tried, and it is said what to give', async () => {
    const report = await lookAt('tekton')
    expect(report).toMatchObject({ outcome: 'skipped', exit: 0 })
    expect(detailOf(report, 'write')).toContain('give a run file as INPUT')
  })

  test('storage.tekton.file is not made by a probe', async () => {
    const folder = scratch()
    const settings = { 'storage.tekton.file': join(folder, 'signed.yaml') }
    const report = await lookAt('tekton', { settings, artifacts: await load(runFixture('kaniko-taskrun.json')) })
    expect(report).toMatchObject({ outcome: 'ok', exit: 0 })
    expect(outcomes(report)).toContain('list ok')
    expect(snapshot(folder)).toEqual([])
  })

  test.skipIf(process.getuid?.() !== 0)('a folder that may not be written: exit 7', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'prov-doctor-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    mkdirSync(join(folder, 'runs'))
    const file = join(folder, 'runs/run.json')
    writeFileSync(file, readFileSync(runFixture('kaniko-taskrun.json')))
    const artifacts = await load(file)
    chmodSync(folder, 0o755)
    chmodSync(join(folder, 'runs'), 0o555)
    process.seteuid?.(65_534)
    const report = await lookAt('tekton', { artifacts }).finally(() => process.seteuid?.(0))
    expect(report).toMatchObject({ outcome: 'failed', exit: 7 })
    expect(report.checks.find(({ check }) => check === 'write')?.error?.code).toBe('target_unwritable')
  })
})

test('what is configured wrong: exit 2, under its key', async () => {
  const report = await lookAt('gcs')
  expect(report).toMatchObject({ outcome: 'failed', exit: 2 })
  expect(outcomes(report)[0]).toBe('configuration failed')
  expect(detailOf(report, 'configuration')).toContain('storage.gcs.bucket')
})
