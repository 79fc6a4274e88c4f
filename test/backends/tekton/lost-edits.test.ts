/** Another program edits the run's file between prov's reading and prov's writing: it takes no notice of prov's lock. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openRunFile } from '../../../backends/tekton/file/run-file.ts'
import { type Files, nodeFiles } from '../../../src/platform/fs/files.ts'
import { calm, expectCode } from '../../conformance/checks.ts'
import { prov } from '../../support/cli.ts'
import { PUBLIC_KEY } from '../../support/runs.ts'
import { scratch } from '../../support/scratch.ts'

const RUN = `apiVersion: tekton.dev/v1
kind: TaskRun
metadata:
  name: build
  uid: b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9
`
const target = { uid: 'b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9' }

function opened(path: string, files: Files = nodeFiles) {
  return openRunFile(path, {
    files,
    lockTimeoutMs: 1000,
    create: false,
    now: Date.now,
    random: (size) => new Uint8Array(size).fill(7),
    debug: () => {},
  })
}

const edit = (file: ReturnType<typeof opened>) =>
  file.edit(target, () => ({ result: 'done', changes: { 'example.dev/a': 'b' } }), calm().signal)

test.each<readonly [string, (path: string) => void]>([
  ['appends a line', (path) => appendFileSync(path, '# a note\n')],
  [
    'replaces the file by one as long',
    (path) => {
      writeFileSync(`${path}.new`, RUN.replace('name: build', 'name: other'))
      renameSync(`${path}.new`, path)
    },
  ],
  ['removes it', (path) => rmSync(path)],
])('an editor %s: conflict, and what it did stays', async (_, change) => {
  const path = join(scratch(), 'run.yaml')
  writeFileSync(path, RUN)
  let after = ''
  const create: Files['create'] = async (made, bytes, mode, durable) => {
    await nodeFiles.create(made, bytes, mode, durable)
    if (!made.includes('prov-tmp')) return
    change(path)
    after = readdirSync(join(path, '..')).includes('run.yaml') ? readFileSync(path, 'utf8') : ''
  }
  const error = await expectCode(edit(opened(path, { ...nodeFiles, create })), 'conflict')
  expect(error.retryable).toBe(true)
  expect(readdirSync(join(path, '..')).filter((name) => name !== 'run.yaml')).toEqual([])
  if (after === '') return
  expect(readFileSync(path, 'utf8')).toBe(after)
  expect(await edit(opened(path))).toBe('done')
})

test('a file that nobody else touches is written, twice', async () => {
  const path = join(scratch(), 'run.yaml')
  writeFileSync(path, RUN)
  const file = opened(path)
  for (const value of ['one', 'two']) {
    await file.edit(target, () => ({ result: 1, changes: { 'example.dev/a': value } }), calm().signal)
    expect(readFileSync(path, 'utf8')).toContain(value)
  }
})

test('a pipe in place of the run file stops nobody', async () => {
  const path = join(scratch(), 'run.yaml')
  execFileSync('mkfifo', [path])
  await expectCode(opened(path).all(calm().signal), 'not_regular_file')
  const outcome = await prov(['verify', '--storage', 'tekton', '--key', PUBLIC_KEY, '--all', '--tekton-file', path], {
    timeout: 30_000,
  })
  expect(outcome.code).toBeGreaterThan(0)
})
