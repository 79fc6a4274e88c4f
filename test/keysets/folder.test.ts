/** A key store in a folder: whole files or none, never one over another, on a disk that is full or a machine that dies. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folderStore } from '../../src/keysets/folder.ts'
import { type Files, nodeFiles } from '../../src/platform/fs/files.ts'
import { run } from '../support/cli.ts'
import { emptyStore } from '../support/journal.ts'
import { scratch } from '../support/scratch.ts'

const options = { signal: new AbortController().signal, now: Date.now, random: randomBytes }

describe('a folder of keys', () => {
  it('keeps a private key for its owner only, and what is there as it is', async () => {
    const store = emptyStore()
    expect(await store.make('a', 'first')).toBe(true)
    expect(await store.make('a', 'second')).toBe(false)
    expect(await store.read('a')).toBe('first')
    expect(statSync(join(store.folder, 'a.key')).mode & 0o777).toBe(0o600)
    await store.makePublic('a', 'one')
    await store.makePublic('a', 'two')
    expect(readFileSync(join(store.folder, 'a.pub'), 'utf8')).toBe('one')
    expect(readdirSync(store.folder).toSorted()).toEqual(['a.key', 'a.pub'])
  })

  it('removes a private key and leaves its public half', async () => {
    const store = emptyStore()
    await store.make('a', 'first')
    await store.makePublic('a', 'one')
    expect([await store.destroy('a'), await store.destroy('a')]).toEqual([true, false])
    expect(await store.list()).toEqual([{ name: 'a', hasPrivate: false }])
    await expect(store.read('a')).rejects.toMatchObject({ code: 'storage_io' })
  })

  it('lists what is there beside a folder, a pipe, a lost link and a huge file that are called keys', async () => {
    const store = emptyStore()
    await store.make('a', 'first')
    mkdirSync(join(store.folder, 'folder.pub'))
    execFileSync('mkfifo', [join(store.folder, 'pipe.pub')])
    symlinkSync('nowhere', join(store.folder, 'link.pub'))
    writeFileSync(join(store.folder, 'huge.pub'), 'x'.repeat(70_000))
    writeFileSync(join(store.folder, 'notes.txt'), 'x')
    expect((await store.list()).map(({ name, publicKey }) => [name, publicKey])).toEqual(
      ['a', 'folder', 'huge', 'link', 'pipe'].map((name) => [name, undefined]),
    )
  })

  it('is claimed for one journal', async () => {
    const store = emptyStore()
    expect(await store.claimed()).toBeUndefined()
    expect([await store.claim('one'), await store.claim('two'), await store.claimed()]).toEqual(['one', 'one', 'one'])
  })

  it('of two that make one name, one wins, and both know', async () => {
    const store = emptyStore()
    const made = await Promise.all(Array.from({ length: 8 }, (_, at) => store.make('a', `key ${at}`)))
    expect(made.filter((one) => one)).toHaveLength(1)
    expect(await store.read('a')).toBe(`key ${made.indexOf(true)}`)
  })

  it('that does not exist is said, with its path', async () => {
    const store = folderStore(join(scratch(), 'none'), options)
    await expect(store.list()).rejects.toMatchObject({ code: 'storage_io', location: expect.stringContaining('none') })
  })

  it.each([
    ['create', 'ENOSPC', 'storage_io', 'no space is left'],
    ['link', 'EDQUOT', 'storage_io', 'the quota is used up'],
    ['create', 'EACCES', 'denied', 'permission denied'],
  ] as const)(
    'whose %s fails with %s while a key is written leaves nothing behind',
    async (operation, code, expected, said) => {
      const { folder } = emptyStore()
      const isKey = (path: string): boolean => path.includes('a.key')
      const fails = async (path: string): Promise<void> => {
        if (operation === 'create') writeFileSync(path, 'half a k') // the disk took the beginning
        throw Object.assign(new Error(code), { code })
      }
      const files: Files = {
        ...nodeFiles,
        [operation]: (path: string, ...rest: readonly unknown[]) =>
          isKey(path)
            ? fails(path)
            : (nodeFiles[operation] as (...all: readonly unknown[]) => Promise<void>)(path, ...rest),
      }
      const store = folderStore(folder, { ...options, files })
      await expect(store.make('a', 'a key')).rejects.toMatchObject({
        code: expected,
        message: expect.stringContaining(said),
      })
      expect(readdirSync(folder)).toEqual([])
      expect(await folderStore(folder, options).make('a', 'a key')).toBe(true)
    },
  )

  it('a process that dies at any point of writing leaves a whole key or none, and holds up nobody', {
    timeout: 120_000,
  }, async () => {
    const parent = scratch()
    const src = (file: string): string => JSON.stringify(new URL(`../../src/${file}`, import.meta.url).pathname)
    let at = 0
    for (let isDone = false; !isDone; at += 1) {
      const folder = join(parent, String(at))
      mkdirSync(folder)
      const script = `
        import { randomBytes } from 'node:crypto'
        import { folderStore } from ${src('keysets/folder.ts')}
        import { nodeFiles } from ${src('platform/fs/files.ts')}
        let left = ${at}
        const files = Object.fromEntries(Object.entries(nodeFiles).map(([name, call]) => [name, async (...args) => {
          if (left-- === 0) process.kill(process.pid, 'SIGKILL')
          return call(...args)
        }]))
        const options = { signal: new AbortController().signal, now: Date.now, random: randomBytes, files }
        await folderStore(${JSON.stringify(folder)}, options).make('a', 'the key of the dead')`
      const { code } = await run(process.execPath, ['--input-type=module', '-e', script])
      isDone = code === 0
      const store = folderStore(folder, options)
      const isThere = (await store.list()).length > 0
      if (!isThere) expect(await store.make('a', 'another key')).toBe(true)
      expect(await store.read('a')).toBe(isThere ? 'the key of the dead' : 'another key')
      await store.makePublic('a', 'public')
      // What a lock leaves of one who died is not a key.
      const names = readdirSync(folder).filter((name) => !name.startsWith('.prov-lock.'))
      expect(names.toSorted(), `killed before operation ${at}`).toEqual(['a.key', 'a.pub'])
    }
    expect(at).toBeGreaterThan(6)
  })
})
