/** Places on a disk, named relative to a folder: a worker in another folder never writes elsewhere and calls it done. */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { prov } from '../support/cli.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'

it('a worker in another folder holds what it would put elsewhere; in the same folder, or by absolute paths, it delivers', async () => {
  const folder = dirname(runFixture('buildpacks-taskrun.yaml'))
  const env = { COSIGN_PASSWORD: PASSWORD }
  const other = join(folder, 'with space')
  mkdirSync(other)
  const relative = ['--set', 'storage.docdb.url=sqlite:prov.db', '--set', 'storage.gcs.directory=gcs']
  const absolute = [
    '--set',
    `storage.docdb.url=sqlite:${folder}/prov.db`,
    '--set',
    `storage.gcs.directory=${folder}/gcs`,
  ]
  const storage = ['--storage', 'tekton,docdb,gcs']
  const truth = ['--truth', `sqlite:${join(folder, 'truth.db')}`]
  const store = ['store', ...storage, ...relative, ...truth, '--key', PRIVATE_KEY, 'buildpacks-taskrun.yaml']
  expect(await prov(store, { cwd: folder, env })).toMatchObject({ code: 0 })
  const worker = (places: readonly string[], cwd: string) =>
    prov(['worker', ...storage, ...places, ...truth, '--key', PUBLIC_KEY, '--once'], { cwd, env })
  const elsewhere = await worker(relative, other)
  expect(elsewhere.code, elsewhere.stdout).toBe(7)
  expect(existsSync(join(other, 'gcs'))).toBe(false)
  expect(existsSync(join(other, 'prov.db'))).toBe(false)
  for (const target of ['docdb', 'gcs']) {
    expect((await prov(['outbox', 'retry', '--all', '--target', target, ...truth], { env })).code).toBe(0)
  }
  expect(await worker(absolute, other)).toMatchObject({ code: 0 })
  const run = join(folder, 'buildpacks-taskrun.yaml')
  expect((await prov(['verify', ...storage, ...absolute, '--key', PUBLIC_KEY, run], { env })).code).toBe(0)
})
