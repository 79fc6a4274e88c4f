/** Where the disk takes no byte more: nothing is left behind, so that the same command works once there is room. */
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { BIN, run } from '../support/cli.ts'
import { PASSWORD, PRIVATE_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

/** What is said where a file that would grow is refused by the system (EFBIG), as on a full disk. */
async function withoutRoom(...args: readonly string[]): Promise<string> {
  const given = ['-c', 'ulimit -f 0 && exec "$@"', 'sh', process.execPath, BIN, ...args]
  const { stdout, stderr } = await run('sh', given, { env: { PROV_PASSWORD: PASSWORD } })
  return stdout + stderr
}

test.skipIf(process.platform === 'win32')('keys generate leaves no half of a pair', async () => {
  const folder = scratch()
  expect(await withoutRoom('keys', 'generate', '--output', join(folder, 'own'))).toContain('target_unwritable')
  expect(readdirSync(folder)).toEqual([])
})

test.skipIf(process.platform === 'win32')('store leaves no lock beside the file of a run', async () => {
  const file = runFixture('storefront-pipelinerun.yaml')
  const beside = readdirSync(dirname(file))
  const said = await withoutRoom('store', '--storage', 'tekton', '--key', PRIVATE_KEY, file)
  expect(said).toContain('storage_io')
  expect(readdirSync(dirname(file))).toEqual(beside)
})
