/** `prov store --truth` killed while it writes into the run's file: the same command, given at once, completes it. */
import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { withLock } from '../../src/platform/fs/lock-file.ts'
import { prov } from '../support/cli.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { sqliteTruth } from '../support/truth.ts'

const CLAIMED = "SELECT lease_until FROM delivery WHERE target = 'tekton' AND holder IS NOT NULL"

it('does not wait for as long as a worker may hold a delivery', { timeout: 120_000 }, async () => {
  const truth = sqliteTruth()
  const file = runFixture('buildpacks-taskrun.yaml')
  const docdb = ['--set', `storage.docdb.url=sqlite:${dirname(file)}/prov.db`]
  const where = ['--storage', 'tekton,docdb', ...docdb, ...truth.flags]
  const env = { COSIGN_PASSWORD: PASSWORD }
  const store = ['store', ...where, '--key', PRIVATE_KEY, file]
  const options = { signal: AbortSignal.timeout(60_000), timeoutMs: 1000, now: Date.now, random: randomBytes }
  await withLock(`${file}.prov-lock`, options, async () => {
    const killed = await prov(store, {
      env,
      started: async (child) => {
        while ((await truth.sql(CLAIMED).catch(() => [])).length === 0) await sleep(20)
        child.kill('SIGKILL')
      },
    })
    expect(killed.code).toBe(null)
  })
  expect(await truth.sql(CLAIMED)).not.toEqual([])
  const again = await prov(store, { env })
  expect(again.code, again.stdout + again.stderr).toBe(0)
  expect(await prov(['worker', ...where, '--key', PUBLIC_KEY, '--once'])).toMatchObject({ code: 0 })
  expect(await prov(['verify', ...where, '--key', PUBLIC_KEY, file])).toMatchObject({ code: 0 })
})
