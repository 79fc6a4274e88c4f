/** What is alike is said once, what is a list is printed as one, and waiting is not silent. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ProvError } from '../../src/errors.ts'
import { retry } from '../../src/platform/async/retry.ts'
import { provHere } from '../support/in-process.ts'
import { PASSWORD, PRIVATE_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const env = { COSIGN_PASSWORD: PASSWORD }

test('several faults of a configuration: one a line, and an array in JSON', async () => {
  const file = join(scratch(), 'prov.yaml')
  writeFileSync(file, 'builder.idd: x\nstorage.oci.tag-writes: never\nstorage.retries: many\n')
  const { code, stderr } = await provHere(['config', 'check', '--config', file])
  const lines = stderr.trimEnd().split('\n')
  expect(code).toBe(2)
  expect(lines[0]).toMatch(/^prov: config_invalid: the configuration has 3 faults:$/)
  expect(
    lines
      .slice(1, 4)
      .map((line) => /builder\.idd|tag-writes|retries/.exec(line)?.[0])
      .sort(),
  ).toEqual(['builder.idd', 'retries', 'tag-writes'])
  expect(lines[4]).toBe('next: prov explain config_invalid')
  const { error } = JSON.parse((await provHere(['config', 'check', '--config', file, '--json'])).stdout)
  expect(error.faults).toHaveLength(3)
  expect(error.faults).toContainEqual({
    code: 'config_unknown_key',
    message: expect.stringContaining('builder.idd'),
    hint: 'did you mean builder.id?',
  })
})

test('store: a dry run ends with counts and bytes, and runs marked as signed are one line', async () => {
  const folder = join(scratch(), 'runs')
  mkdirSync(folder)
  for (const name of ['buildpacks-taskrun.yaml', 'kaniko-taskrun.json'])
    copyFileSync(runFixture(name), join(folder, name))
  const where = ['--storage', 'tekton', '--key', PRIVATE_KEY]
  const plan = await provHere(['store', ...where, '--dry-run', folder], { env })
  expect(plan.stdout).toMatch(/^\d+ entries: \d+ to write, [1-9]\d* bytes; nothing was written \(--dry-run\)$/m)
  const done = await provHere(['store', ...where, folder], { env })
  expect(done.code, done.stdout).toBe(0)
  expect(done.stdout).toMatch(/^2 runs marked as signed$/m)
  expect(done.stdout).not.toContain('marked as signed: ')
})

test('every try that is repeated is told: number, reason, wait', async () => {
  const told: string[] = []
  let tries = 0
  const budget = { attempts: 3, totalMs: 60_000 }
  const options = { budget, now: () => 0, sleep: async () => {}, random: () => 0, signal: new AbortController().signal }
  const work = async (): Promise<number> => {
    if (++tries < 3) throw new ProvError('throttled', 'too many')
    return tries
  }
  const say = ({ attempt, error, waitMs }: { attempt: number; error: ProvError; waitMs: number }) =>
    told.push(`${attempt} ${error.code} ${waitMs}`)
  expect(await retry(work, { ...options, told: say })).toBe(3)
  expect(told).toEqual(['1 throttled 200', '2 throttled 400'])
})

test('-v says time, try, reason and wait', async () => {
  const server = createServer((_, answer) => answer.writeHead(503).end())
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const image = `127.0.0.1:${port}/a/b@sha256:${'a'.repeat(64)}`
  const set = ['--set', 'storage.retries=1', '--set', 'storage.oci.repository.insecure=true']
  const args = ['store', '--storage', 'oci', '--key', PRIVATE_KEY, ...set, '--image', image, '-v']
  const { stderr } = await provHere(args, { env })
  server.close()
  expect(stderr).toMatch(/^prov: \d\d:\d\d:\d\d .*try 1 failed: \w+: .*; next try in \d+\.\d s$/m)
})
