/** Source and target are one SQLite file under two names: nothing may be lost. */
import { cpSync, linkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { prov } from '../support/cli.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

it('--delete-source between two hard links of one file takes nothing away', { timeout: 120_000 }, async () => {
  const folder = scratch()
  const file = join(folder, 'run.json')
  cpSync(runFixture('kaniko-taskrun.json'), file)
  const [one, two] = [join(folder, 'one.db'), join(folder, 'two.db')]
  const at = (path: string) => ['--storage', 'docdb', '--set', `storage.docdb.url=sqlite:${path}`]
  expect(
    await prov(['store', ...at(one), '--key', PRIVATE_KEY, file], { env: { PROV_PASSWORD: PASSWORD } }),
  ).toMatchObject({ code: 0 })
  linkSync(one, two)
  const moved = await prov([
    'migrate',
    ...['--from', 'docdb', '--from-set', `storage.docdb.url=sqlite:${one}`],
    ...['--to', 'docdb', '--to-set', `storage.docdb.url=sqlite:${two}`],
    ...['--key', PUBLIC_KEY, '--delete-source'],
  ])
  expect(moved.code).not.toBe(0)
  expect(moved.stdout + moved.stderr).toContain('hard links')
  for (const path of [one, two]) {
    expect(await prov(['verify', ...at(path), '--key', PUBLIC_KEY, file])).toMatchObject({ code: 0 })
  }
})
