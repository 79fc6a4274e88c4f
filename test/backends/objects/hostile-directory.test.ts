/** A directory in which somebody without the key may write: what is no regular file is damage, is never followed, and stops nobody. */
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openObjects } from '../../../backends/objects/backend.ts'
import { directoryStore } from '../../../backends/objects/directory.ts'
import type { Backend, Slot } from '../../../src/backend/backend.ts'
import { calm, collect, entries, expectCode, look } from '../../conformance/checks.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { prov } from '../../support/cli.ts'
import { testContext } from '../../support/context.ts'
import { ODD_FILES } from '../../support/odd-files.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../../support/runs.ts'
import { scratch } from '../../support/scratch.ts'

const image = sampleImage('registry.example/acme/app', 'app')
const run = sampleRun('build-1', image)
const entry = sampleEntry('raw', run, image)
const context = testContext({})
const SECRET = 'TOP SECRET of another user'

function on(directory: string): Backend {
  return openObjects(context, {
    name: 's3',
    sharedWrites: 'lock',
    home: () => ({ root: `${directory}/`, connect: async () => directoryStore(context, { backend: 's3', directory }) }),
    patienceMs: 50,
  })
}

function slotOf(backend: Backend): Slot {
  const [slot] = backend.slots(aboutOf('raw', run, image))
  if (slot === undefined) throw new Error('no slot')
  return slot
}

const fileIn = (directory: string, part: string): string => {
  const name = readdirSync(directory, { recursive: true, encoding: 'utf8' }).find((file) => file.endsWith(`.${part}`))
  return join(directory, name ?? '')
}

/** Puts something odd in the place of a file. */
const ODD: Readonly<Record<string, readonly [code: string, put: (path: string) => void | Promise<void>]>> = {
  ...ODD_FILES,
  'a folder': ['not_regular_file', (path) => void mkdirSync(path)],
  'a socket': [
    'not_regular_file',
    (path) =>
      new Promise((done) => {
        const server = createServer().listen(path, () => done())
        onTestFinished(() => void server.close())
      }),
  ],
  'a link to a file outside': [
    'symbolic_link',
    (path) => {
      const secret = join(scratch(), 'secret')
      writeFileSync(secret, SECRET)
      symlinkSync(secret, path)
    },
  ],
}

describe.each(Object.entries(ODD))('%s in the place of a file', (_, [code, put]) => {
  it.each(['signature', 'payload', 'cert'] as const)('is damage of a code of its own (%s)', async (part) => {
    const directory = scratch()
    await on(directory).put(slotOf(on(directory)), entry, calm())
    const path = fileIn(directory, part)
    rmSync(path)
    await put(path)
    const backend = on(directory)
    const found = await look(backend, slotOf(backend))
    expect(found.map(({ damage }) => damage?.code)).toEqual([code])
    expect(Buffer.from(found[0]?.raw ?? []).toString()).not.toContain(
      Buffer.from(SECRET).toString('base64').slice(0, 20),
    )
    expect((await backend.put(slotOf(backend), entry, calm())).outcome).toBe('occupied')
    if (lstatSync(path).isDirectory()) return
    const [item] = found
    if (item === undefined) throw new Error('nothing found')
    await backend.replace?.(slotOf(backend), item, entry, calm())
    expect(await entries(backend, slotOf(backend))).toHaveLength(1)
    expect(lstatSync(path).isFile()).toBe(true)
  })

  it('does not keep a store from writing where no copy stands', async () => {
    const directory = scratch()
    await on(directory).put(slotOf(on(directory)), entry, calm())
    const [path, signature] = [fileIn(directory, 'cert'), fileIn(directory, 'signature')]
    for (const one of [path, signature]) rmSync(one)
    await put(path)
    if (lstatSync(path).isDirectory()) return
    const backend = on(directory)
    expect((await backend.put(slotOf(backend), entry, calm())).outcome).toBe('written')
    expect(await entries(backend, slotOf(backend))).toHaveLength(1)
  })

  it('in the place of a lock file ends the write with its code, and not after waiting', async () => {
    const directory = scratch()
    const backend = on(directory)
    const slot = slotOf(backend)
    await backend.put(slot, sampleEntry('raw', run, image, 'old'), calm())
    const [found] = await look(backend, slot)
    const signature = fileIn(directory, 'signature')
    await put(join(signature, '..', `.${signature.split('/').at(-1)}.prov-lock`))
    if (found === undefined) throw new Error('nothing there')
    await expectCode(backend.replace?.(slot, found, entry, calm()) ?? Promise.resolve(), code as 'symbolic_link')
  })
})

describe('a folder that is a link', () => {
  it('out of the directory is damage, and nothing is written behind it', async () => {
    const [directory, victim] = [scratch(), scratch()]
    await on(directory).put(slotOf(on(directory)), entry, calm())
    const folder = join(fileIn(directory, 'signature'), '..')
    renameSync(folder, join(victim, 'moved'))
    symlinkSync(join(victim, 'moved'), folder)
    const backend = on(directory)
    expect(new Set((await look(backend, slotOf(backend))).map(({ damage }) => damage?.code))).toEqual(
      new Set(['symbolic_link']),
    )
    expect((await backend.put(slotOf(backend), entry, calm())).outcome).toBe('occupied')
    for (const file of readdirSync(join(victim, 'moved'))) rmSync(join(victim, 'moved', file))
    expect((await backend.put(slotOf(backend), entry, calm())).outcome).toBe('occupied')
    expect(readdirSync(join(victim, 'moved'))).toEqual([])
    if (backend.list === undefined) throw new Error('no list')
    expect(await collect(backend.list({}, calm()))).toEqual([])
  })

  it.each(['/nonexistent', 'itself'])('to %s is damage too', async (to) => {
    const directory = scratch()
    await on(directory).put(slotOf(on(directory)), entry, calm())
    const folder = join(fileIn(directory, 'signature'), '..')
    rmSync(folder, { recursive: true })
    symlinkSync(to === 'itself' ? folder : to, folder)
    const backend = on(directory)
    expect(new Set((await look(backend, slotOf(backend))).map(({ damage }) => damage?.code))).toEqual(
      new Set(['symbolic_link']),
    )
    expect((await backend.put(slotOf(backend), entry, calm())).outcome).toBe('occupied')
  })

  it('to another folder of the same directory, or as the directory itself, is followed', async () => {
    const [directory, beside] = [scratch(), join(scratch(), 'link')]
    await on(directory).put(slotOf(on(directory)), entry, calm())
    const folder = join(fileIn(directory, 'signature'), '..')
    renameSync(folder, join(directory, 'elsewhere'))
    symlinkSync(join(directory, 'elsewhere'), folder)
    symlinkSync(directory, beside)
    for (const root of [directory, beside]) expect(await entries(on(root), slotOf(on(root)))).toHaveLength(1)
  })
})

it('a sparse file of a terabyte is too large, at once', async () => {
  const directory = scratch()
  const backend = on(directory)
  await backend.put(slotOf(backend), entry, calm())
  truncateSync(fileIn(directory, 'payload'), 1024 ** 4)
  await expectCode(look(backend, slotOf(backend)), 'response_too_large')
})

it('repair --apply puts a file in the place of a link to a secret, and copies nothing of the secret', async () => {
  const folder = scratch()
  const file = join(folder, 'run.json')
  cpSync(runFixture('kaniko-taskrun.json'), file)
  const g = join(folder, 'g')
  const where = ['--storage', 'tekton,gcs', '--set', `storage.gcs.directory=${g}`]
  expect(
    await prov(['store', ...where, '--key', PRIVATE_KEY, file], { env: { PROV_PASSWORD: PASSWORD } }),
  ).toMatchObject({ code: 0 })
  const secret = join(folder, 'secret')
  writeFileSync(secret, SECRET, { mode: 0o600 })
  const payload = fileIn(g, 'payload')
  rmSync(payload)
  symlinkSync(secret, payload)
  const verified = await prov(['verify', ...where, '--key', PUBLIC_KEY, '--json', file])
  expect(verified.code).toBe(3)
  expect(verified.stdout).toContain('"symbolic_link"')
  const repaired = await prov(['repair', ...where, '--key', PUBLIC_KEY, file, '--apply'])
  expect(repaired).toMatchObject({ code: 0 })
  expect(lstatSync(payload).isFile()).toBe(true)
  expect(readFileSync(secret, 'utf8')).toBe(SECRET)
  const all = readdirSync(g, { recursive: true, encoding: 'utf8' }).filter((name) => lstatSync(join(g, name)).isFile())
  const [plain, packed] = [SECRET, Buffer.from(SECRET).toString('base64').slice(0, 24)]
  for (const name of all) {
    const text = readFileSync(join(g, name), 'utf8')
    expect(text.includes(plain) || text.includes(packed), name).toBe(false)
  }
  expect(existsSync(secret)).toBe(true)
  expect(await prov(['verify', ...where, '--key', PUBLIC_KEY, file])).toMatchObject({ code: 0 })
}, 120_000)
