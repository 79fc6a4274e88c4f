/** The directory that stands in for a bucket: cut at any file operation, twenty writers, and what the conformance suite leaves to this file. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openObjects } from '../../../backends/objects/backend.ts'
import { directoryStore } from '../../../backends/objects/directory.ts'
import type { Backend, Slot } from '../../../src/backend/backend.ts'
import { type Files, nodeFiles } from '../../../src/platform/fs/files.ts'
import { calm, collect, entries, expectCode, expectSame, look } from '../../conformance/checks.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { prov } from '../../support/cli.ts'
import { testContext } from '../../support/context.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../../support/runs.ts'
import { scratch } from '../../support/scratch.ts'
import { twenty } from '../../support/trouble.ts'

const image = sampleImage('registry.example/acme/app', 'app')
const run = sampleRun('build-1', image)
const context = testContext({})

function on(directory: string, files: Files = nodeFiles): Backend {
  return openObjects(context, {
    name: 's3',
    sharedWrites: 'lock',
    home: () => ({
      root: `${directory}/`,
      connect: async () => directoryStore(context, { backend: 's3', directory, files }),
    }),
    patienceMs: 50,
  })
}

function slotOf(backend: Backend): Slot {
  const [slot] = backend.slots(aboutOf('raw', run, image))
  if (slot === undefined) throw new Error('no slot')
  return slot
}

/** The files as a process sees them that ends at the nth operation: nothing is done from then on. */
function ending(n: number, when: 'before' | 'after'): { readonly files: Files; died(): boolean } {
  let count = 0
  const wrap =
    <A extends readonly unknown[], R>(work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      count++
      if (count > n || (count === n && when === 'before')) return new Promise<never>(() => {})
      const result = await work(...args)
      return count === n ? new Promise<never>(() => {}) : result
    }
  const files = Object.fromEntries(Object.entries(nodeFiles).map(([name, work]) => [name, wrap(work)]))
  return { files: files as unknown as Files, died: () => count >= n }
}

describe.each(['put', 'replace'] as const)('%s on a directory', (what) => {
  it.each(['before', 'after'] as const)(
    'ends %s any file operation: the next put completes the copy',
    { timeout: 120_000 },
    async (when) => {
      const [old, entry] = [sampleEntry('raw', run, image, 'old'), sampleEntry('raw', run, image, 'new')]
      for (let n = 1; ; n++) {
        const directory = join(scratch(), 'copies')
        const slot = slotOf(on(directory))
        if (what === 'replace') await on(directory).put(slot, old, calm())
        const { files, died } = ending(n, when)
        const writer = on(directory, files)
        const call = async () => {
          if (what === 'put') return writer.put(slot, entry, calm())
          const [found] = await look(on(directory), slot)
          return found === undefined ? undefined : writer.replace?.(slot, found, entry, calm())
        }
        await Promise.race([call(), until(died)])
        // Its lock names this very process, which lives: what a dead one leaves is tried in the tests of the lock.
        for (const lock of hidden(directory).filter((name) => name.endsWith('.prov-lock'))) nodeFiles.unlink(lock)
        const between = await entries(on(directory), slot)
        for (const stands of between)
          expectSame(stands, JSON.stringify(stands.payload) === JSON.stringify(old.payload) ? old : entry)
        const receipt = await on(directory).put(slot, entry, calm())
        expectSame((await entries(on(directory), slot))[0], receipt.outcome === 'occupied' ? old : entry)
        if (!died()) return
      }
    },
  )
})

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((wake) => setTimeout(wake, 1))
  await new Promise((wake) => setTimeout(wake, 5))
}

function hidden(directory: string): readonly string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.includes('/.'))
    .map((name) => join(directory, name))
}

describe('a directory', () => {
  it.each(['g', './g', 'g/h', '..'])('named %s from where prov is run', async (directory) => {
    const file = runFixture('kaniko-taskrun.json')
    const cwd = join(scratch(), 'x')
    mkdirSync(cwd)
    const where = ['--storage', 'gcs', '--set', `storage.gcs.directory=${directory}`]
    const options = { cwd, env: { PROV_PASSWORD: PASSWORD }, timeout: 20_000 }
    expect(await prov(['store', ...where, '--key', PRIVATE_KEY, file], options)).toMatchObject({ code: 0 })
    expect(await prov(['verify', ...where, '--key', PUBLIC_KEY, file], options)).toMatchObject({ code: 0 })
  })

  it('20 writers at one place: one wins, nothing is mixed, nothing is left over', async () => {
    const directory = join(scratch(), 'copies')
    const handles = Array.from({ length: 20 }, () => on(directory))
    await twenty(handles, slotOf(on(directory)), (i) => sampleEntry('raw', run, image, `writer ${i % 7}`))
    expect(hidden(directory)).toEqual([])
  })

  it('a file over the limit is not read', async () => {
    const directory = scratch()
    const backend = on(directory)
    const slot = slotOf(backend)
    await backend.put(slot, sampleEntry('raw', run, image), calm())
    const name = readdirSync(directory, { recursive: true, encoding: 'utf8' }).find((file) => file.endsWith('.payload'))
    truncateSync(join(directory, name ?? ''), 32 * 1024 * 1024 + 1)
    await expectCode(look(backend, slot), 'response_too_large')
  })

  it.each([
    ['EACCES', 'denied'],
    ['EROFS', 'denied'],
    ['ENOSPC', 'storage_io'],
  ] as const)('%s while writing is %s, and leaves nothing behind', async (errno, code) => {
    const directory = join(scratch(), 'copies')
    const failing = async (): Promise<never> => {
      throw Object.assign(new Error(errno), { code: errno })
    }
    for (const part of ['create', 'syncFolder', 'link'] as const) {
      const backend = on(directory, { ...nodeFiles, [part]: failing })
      const error = await expectCode(backend.put(slotOf(backend), sampleEntry('raw', run, image), calm()), code)
      expect(error.location).toContain(directory)
      expect(hidden(directory)).toEqual([])
    }
    expect(await look(on(directory), slotOf(on(directory)))).toEqual([])
  })

  it('what else lies in it is not listed, and not touched', async () => {
    const directory = scratch()
    const backend = on(directory)
    await backend.put(slotOf(backend), sampleEntry('raw', run, image), calm())
    writeFileSync(join(directory, 'README'), 'hello')
    mkdirSync(join(directory, 'taskrun-x-y', 'deep'), { recursive: true })
    writeFileSync(join(directory, 'taskrun-x-y', 'notes.signature'), 'hello')
    symlinkSync('/', join(directory, 'root'))
    const slots = await collect(backend.list?.({}, calm()) ?? fail())
    expect(slots.map(({ key }) => key)).toEqual([slotOf(backend).key])
    expect(readFileSync(join(directory, 'README'), 'utf8')).toBe('hello')
  })

  it('a slot that somebody edited does not lead out of it', async () => {
    const backend = on(scratch())
    const slot = slotOf(backend)
    const edited = { ...slot, address: { ...slot.address, folder: '..', key: 'passwd' } }
    await expectCode(look(backend, edited), 'input_invalid')
  })
})

function fail(): never {
  throw new Error('cannot be')
}
