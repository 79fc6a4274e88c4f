import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { makeFolders } from '../../../src/platform/fs/make-folders.ts'
import { scratch } from '../../support/scratch.ts'

test('makes what is missing and gives the uppermost folder that it made', async () => {
  const base = scratch()
  expect(await makeFolders(join(base, 'a/b/c'))).toBe(join(base, 'a'))
  expect(statSync(join(base, 'a/b/c')).isDirectory()).toBe(true)
  expect(await makeFolders(join(base, 'a/b/c'))).toBeUndefined()
  expect(await makeFolders(relative('.', join(base, 'a/b/d/')))).toBe(join(base, 'a/b/d'))
})

test('several at once make one set of folders', async () => {
  const base = scratch()
  const made = await Promise.all(Array.from({ length: 8 }, () => makeFolders(join(base, 'x/y/z'))))
  expect(statSync(join(base, 'x/y/z')).isDirectory()).toBe(true)
  expect(made.some((first) => first === join(base, 'x'))).toBe(true)
})

test('follows links to folders, and takes no file or dangling link for one', async () => {
  const base = scratch()
  mkdirSync(join(base, 'real'))
  symlinkSync('real', join(base, 'link'))
  expect(await makeFolders(join(base, 'link/a'))).toBe(join(base, 'link/a'))
  writeFileSync(join(base, 'file'), '')
  await expect(makeFolders(join(base, 'file'))).rejects.toMatchObject({ code: 'EEXIST' })
  await expect(makeFolders(join(base, 'file/a'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  symlinkSync('nowhere', join(base, 'dangling'))
  await expect(makeFolders(join(base, 'dangling/a'))).rejects.toMatchObject({ code: 'EEXIST' })
})

test.runIf(process.platform === 'linux')('ends where the file system answers ENOENT to mkdir', async () => {
  await expect(makeFolders('/proc/1/a/b')).rejects.toMatchObject({ code: 'ENOENT' })
  await expect(makeFolders('/proc/1/a')).rejects.toMatchObject({ code: 'ENOENT' })
})
