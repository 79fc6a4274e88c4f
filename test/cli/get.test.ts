/** `prov get`: which copy it takes, and that its bytes are those stored. */
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { prov } from '../support/cli.ts'
import { PASSWORD, PRIVATE_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const IMAGE = 'gcr.io/acme-payments/checkout@sha256:3e9bca1c82773942790ea73980d5a4ecbcd78663a9a17a2a2914c6327d165e04'
let file: string
let where: readonly string[]

/** One run in two formats, in a slot that holds several. */
beforeAll(async () => {
  file = runFixture('kaniko-taskrun.json')
  const folder = scratch()
  const settings = [`storage.oci.layout=${join(folder, 'lay')}`, `storage.docdb.url=sqlite:${join(folder, 'd.db')}`]
  where = settings.flatMap((setting) => ['--set', setting])
  const env = { COSIGN_PASSWORD: PASSWORD }
  for (const format of ['slsa/v1', 'slsa/v2alpha4']) {
    const args = ['--storage', format === 'slsa/v1' ? 'oci,docdb' : 'oci', '--format', format, '--key', PRIVATE_KEY]
    expect(await prov(['store', ...args, ...where, file], { env })).toMatchObject({ code: 0 })
  }
})

describe('prov get', () => {
  test.each(['slsa/v1', 'slsa/v2alpha4', 'simplesigning'])('--format %s chooses among several', async (format) => {
    const made = await prov(['payload', '--format', format, file])
    for (const choice of format === 'simplesigning' ? [format] : [format, `oci=${format}`]) {
      const got = await prov(['get', 'payload', '--storage', 'oci', ...where, '--format', choice, file])
      expect([got.code, got.stdout]).toEqual([0, made.stdout])
    }
  })

  test('without a format it does not guess', async () => {
    const got = await prov(['get', 'payload', '--storage', 'oci', ...where, file])
    expect([got.code, got.stdout, got.stderr]).toEqual([2, '', expect.stringContaining('run_ambiguous')])
  })

  test('of an image alone that has only a signature, it is that', async () => {
    const made = await prov(['payload', '--format', 'simplesigning', file])
    const got = await prov(['get', 'payload', '--storage', 'docdb', ...where, '--image', IMAGE])
    expect([got.code, got.stdout]).toEqual([0, made.stdout])
  })

  test('of a run it is never that', async () => {
    const empty = ['--set', `storage.docdb.url=sqlite:${join(scratch(), 'e.db')}`]
    const env = { COSIGN_PASSWORD: PASSWORD }
    const signature = ['store', '--storage', 'docdb', ...empty, '--key', PRIVATE_KEY, '--image', IMAGE]
    expect(await prov(signature, { env })).toMatchObject({ code: 0 })
    const got = await prov(['get', 'payload', '--storage', 'docdb', ...empty, file])
    expect([got.code, got.stdout]).toEqual([5, ''])
  })
})
