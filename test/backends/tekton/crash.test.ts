import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openTekton } from '../../../backends/tekton/backend.ts'
import type { Backend, Slot } from '../../../src/backend/backend.ts'
import type { RunArtifact } from '../../../src/model/artifact.ts'
import { type Files, nodeFiles } from '../../../src/platform/fs/files.ts'
import { calm, entries, expectCode, expectSame } from '../../conformance/checks.ts'
import { aboutOf, sampleEntry, sampleImage } from '../../conformance/samples.ts'
import { testContext } from '../../support/context.ts'
import { testFolder } from '../../support/tekton.ts'

const FIXTURE = 'fixtures/runs/buildpacks-taskrun.yaml'
const image = sampleImage('ttl.sh/slsapoc', 'app')
const uid = 'b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9'
const deadPid = spawnSync('true').pid

class PowerCut extends Error {}

/** Files of a process that dies at operation `at`: before it, after it, or in the middle of a write. Nothing works from then on. */
function mortal(at: number, when: 'before' | 'after' | 'torn'): { readonly files: Files; done(): number } {
  let count = 0
  const files = Object.fromEntries(
    Object.entries(nodeFiles).map(([name, operation]) => [
      name,
      async (...args: unknown[]) => {
        const own = count++
        if (own > at || (own === at && when === 'before')) throw new PowerCut(name)
        const given = name === 'create' ? [args[0], asDead(args[1] as Uint8Array), ...args.slice(2)] : args
        if (own === at && when === 'torn') {
          if (name !== 'create') throw new PowerCut(name)
          given[1] = (given[1] as Uint8Array).slice(0, 20)
        }
        const result = await (operation as (...a: unknown[]) => Promise<unknown>)(...given)
        if (own === at) throw new PowerCut(name)
        return result
      },
    ]),
  ) as unknown as Files
  return { files, done: () => count }
}

/** In its lock files the process names a pid that has ended, as it would have by the time the next one looks. */
function asDead(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString('utf8')
  if (!text.startsWith('{"host"')) return bytes
  return Buffer.from(JSON.stringify({ ...JSON.parse(text), pid: deadPid }))
}

function place(): { readonly file: string; readonly run: RunArtifact } {
  const file = join(testFolder(), 'run.yaml')
  copyFileSync(FIXTURE, file)
  const source = { file, document: 0 }
  return { file, run: { ...homeless, source } }
}

function slotOf(backend: Backend, run: RunArtifact, kind: 'dsse' | 'raw'): Slot {
  const [slot] = backend.slots(aboutOf(kind, run, image))
  if (slot === undefined) throw new Error('no slot')
  return slot
}

const homeless: RunArtifact = { type: 'run', kind: 'TaskRun', namespace: 'n', name: 'r', uid, object: {}, children: [] }
const entry = sampleEntry('dsse', homeless, image)

describe('a process that dies', () => {
  test.each(['before', 'after', 'torn'] as const)(
    '%s any file operation of a put and a seal leaves the old file or the new one',
    async (when) => {
      const old = readFileSync(FIXTURE, 'utf8')
      let steps = 0
      let finished = false
      const seen = new Set<string>()
      for (; !finished; steps++) {
        const { file, run } = place()
        const { files, done } = mortal(steps, when)
        const dying = openTekton(testContext(), { files, lockTimeoutMs: 500 })
        const slot = slotOf(dying, run, 'dsse')
        const before = done()
        const ended = await dying
          .put(slot, entry, calm())
          .then(() => dying.seal?.(run, calm()))
          .then(() => true)
          .catch(() => false)
        expect(before).toBe(0)
        finished = ended && done() <= steps
        const left = readFileSync(file, 'utf8')
        const stage = left === old ? 'old' : left.includes('chains.tekton.dev/signed: "true"') ? 'sealed' : 'new'
        seen.add(stage)
        if (stage === 'new') expect(left.replace(/^ {4}chains\.tekton\.dev\/.*\n/gm, '')).toBe(old)
        const next = openTekton(testContext(), { lockTimeoutMs: 500 })
        const receipt = await next.put(slot, entry, calm())
        expect(receipt.outcome).toBe(stage === 'old' ? 'written' : 'unchanged')
        await next.seal?.(run, calm())
        const whole = readFileSync(file, 'utf8')
        expect(whole.replace(/^ {4}chains\.tekton\.dev\/.*\n/gm, '')).toBe(old)
        expect(whole.match(/chains\.tekton\.dev/g)?.length).toBe((old.match(/chains\.tekton\.dev/g)?.length ?? 0) + 5)
        expectSame((await entries(next, slot))[0], entry)
        const litter = readdirSync(join(file, '..')).filter((name) => name !== 'run.yaml')
        for (const name of litter) expect(name).toMatch(/^run\.yaml\.prov-lock\.(break-)?[0-9a-f]{24}$/)
        expect(litter.length).toBeLessThanOrEqual(1)
      }
      expect(steps).toBeGreaterThan(15)
      expect(seen).toEqual(new Set(['old', 'new', 'sealed']))
    },
  )

  test('a full disk, a refusal and a missing folder are told apart, and leave nothing behind', async () => {
    for (const [name, code, expected] of [
      ['create', 'ENOSPC', 'storage_io'],
      ['create', 'EIO', 'storage_io'],
      ['rename', 'EACCES', 'denied'],
      ['create', 'EROFS', 'denied'],
      ['link', 'EPERM', 'denied'],
    ] as const) {
      const { file, run } = place()
      const failing = () => Promise.reject(Object.assign(new Error(code), { code }))
      const backend = openTekton(testContext(), { files: { ...nodeFiles, [name]: failing } })
      const error = await expectCode(backend.put(slotOf(backend, run, 'dsse'), entry, calm()), expected)
      expect(error).toMatchObject({ backend: 'tekton', location: file })
      expect(readFileSync(file, 'utf8')).toBe(readFileSync(FIXTURE, 'utf8'))
      expect(readdirSync(join(file, '..'))).toEqual(['run.yaml'])
    }
  })
})

describe('the file itself', () => {
  test('mode and owner are kept', async () => {
    const { file, run } = place()
    chmodSync(file, 0o640)
    const owners: unknown[] = []
    const files: Files = {
      ...nodeFiles,
      facts: async (path) => ({ ...(await nodeFiles.facts(path)), ...(path === file ? { uid: 12, gid: 34 } : {}) }),
      chown: async (path, ...ids) => void owners.push([basename(path), ...ids]),
    }
    const backend = openTekton(testContext(), { files })
    await backend.put(slotOf(backend, run, 'dsse'), entry, calm())
    expect(statSync(file).mode & 0o777).toBe(0o640)
    expect(owners).toEqual([['.run.yaml.prov-tmp', 12, 34]])
  })

  test('a symbolic link stays one, and the file behind it is edited', async () => {
    const { file, run } = place()
    const folder = join(file, '..', 'links')
    mkdirSync(folder)
    const link = join(folder, 'link.yaml')
    symlinkSync(file, link)
    const backend = openTekton(testContext())
    const linked = { ...run, source: { file: link, document: 0 } }
    await backend.put(slotOf(backend, linked, 'dsse'), entry, calm())
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(readFileSync(file, 'utf8')).toContain('chains.tekton.dev/payload-taskrun-')
    expect(readdirSync(folder)).toEqual(['link.yaml'])
  })

  test('a file that is gone, no longer holds the run, or is no YAML any more is no absence', async () => {
    const { file, run } = place()
    const backend = openTekton(testContext())
    const slot = slotOf(backend, run, 'dsse')
    for (const [text, code] of [
      ['kind: TaskRun\nmetadata:\n  uid: other\n', 'run_not_found'],
      ['metadata: [', 'response_invalid'],
      [Buffer.from([0x61, 0xff, 0xfe]), 'response_invalid'],
    ] as const) {
      writeFileSync(file, text)
      await expectCode(backend.get(slot, calm()), code)
      await expectCode(backend.put(slot, entry, calm()), code)
      expect(readFileSync(file)).toEqual(Buffer.from(text))
    }
    const gone = { ...run, source: { file: join(file, '..', 'gone.yaml'), document: 0 } }
    await expectCode(backend.get(slotOf(backend, gone, 'dsse'), calm()), 'storage_io')
    await expectCode(backend.put(slotOf(backend, gone, 'dsse'), entry, calm()), 'storage_io')
  })

  test('standard input and no file at all: read as it came; a write needs a file to be named', async () => {
    for (const run of [homeless, { ...homeless, source: { file: '-', document: 0 } }]) {
      const about = aboutOf('raw', run, image)
      const backend = openTekton(testContext())
      const slot = backend.slots(about)[0]
      if (slot === undefined) throw new Error('no slot')
      expect(await backend.get(slot, calm())).toEqual([])
      for (const write of [
        backend.ready?.(slot, calm()),
        backend.put(slot, sampleEntry('raw', homeless, image), calm()),
        backend.seal?.(run, calm()),
      ]) {
        await expect(write).rejects.toMatchObject({ code: 'usage', hint: expect.stringContaining('--tekton-file') })
      }
      const named = openTekton(testContext({ 'storage.tekton.file': 'own.yaml' }))
      expect(named.slots(about)[0]?.key).toMatch(/^own\.yaml#/)
    }
  })

  test('a folder that cannot be written is told before anything is signed', async () => {
    const { file, run } = place()
    const files = { ...nodeFiles, canWriteIn: () => Promise.reject(Object.assign(new Error('x'), { code: 'EROFS' })) }
    const backend = openTekton(testContext(), { files })
    const error = await expectCode(
      backend.ready?.(slotOf(backend, run, 'dsse'), calm()) ?? Promise.resolve(),
      'target_unwritable',
    )
    expect(error).toMatchObject({ location: file, hint: expect.stringContaining('--tekton-file') })
    const fine = openTekton(testContext())
    await fine.ready?.(slotOf(fine, run, 'dsse'), calm())
  })

  test('so is a folder that is not there: nothing is in it, and nothing can be', async () => {
    const { run } = place()
    const backend = openTekton(testContext({ 'storage.tekton.file': join(testFolder(), 'absent', 'own.yaml') }))
    const slot = slotOf(backend, run, 'dsse')
    expect(await backend.get(slot, calm())).toEqual([])
    await expectCode(backend.ready?.(slot, calm()) ?? Promise.resolve(), 'target_unwritable')
    await expectCode(backend.put(slot, sampleEntry('dsse', run, image), calm()), 'storage_io')
  })

  test('over the limit of a cluster there is a warning and no failure', async () => {
    const { run } = place()
    const lines: string[] = []
    const backend = openTekton(testContext({}, {}, lines))
    const large = sampleEntry('dsse', run, image, 'x'.repeat(100_000))
    expect((await backend.put(slotOf(backend, run, 'dsse'), large, calm())).outcome).toBe('written')
    expect(lines).toEqual([expect.stringMatching(/have \d{6} bytes, a cluster takes 262144/)])
  })
})

test('puts that meet are one write, whatever their number', async () => {
  const { file, run } = place()
  let writes = 0
  const files: Files = { ...nodeFiles, rename: (a, b) => nodeFiles.rename(a, b).finally(() => writes++) }
  const backend = openTekton(testContext(), { files })
  const images = Array.from({ length: 300 }, (_, i) => sampleImage('ttl.sh/slsapoc', `image ${i}`))
  await Promise.all(
    images.map((one) => {
      const [slot] = backend.slots(aboutOf('raw', run, one))
      return slot && backend.put(slot, sampleEntry('raw', run, one), calm())
    }),
  )
  expect(writes).toBe(1)
  expect(readFileSync(file, 'utf8').match(/payload-/g)).toHaveLength(300)
})
