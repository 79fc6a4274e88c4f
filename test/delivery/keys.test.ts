/** A worker whose trusted keys change while it runs. */
import { spawn } from 'node:child_process'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { BIN, cleanEnv } from '../support/cli.ts'
import { provHere } from '../support/in-process.ts'
import { fixtureKey } from '../support/key-site.ts'
import { ownKey } from '../support/regions.ts'
import { PASSWORD, PRIVATE_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { sqliteTruth } from '../support/truth.ts'

const REVOKED = { since: '2026-02-01T00:00:00Z', reason: 'stolen' }

/** A worker in a process of its own, whose keys are a set in a file. */
async function rig() {
  const truth = sqliteTruth()
  const storage = ['--storage', 'gcs', '--set', `storage.gcs.directory=${scratch()}/gcs`, ...truth.flags]
  const keys = join(scratch(), 'keys.json')
  const put = (set: object | string): void => {
    writeFileSync(`${keys}.new`, typeof set === 'string' ? set : JSON.stringify(set))
    renameSync(`${keys}.new`, keys)
  }
  put({ keys: [(await ownKey()).jwk] })
  const env = { COSIGN_PASSWORD: PASSWORD }
  const store = (run: string) => provHere(['store', ...storage, '--key', PRIVATE_KEY, runFixture(run)], { env })
  expect(await store('buildpacks-taskrun.yaml')).toMatchObject({ code: 0 })
  const args = ['worker', ...storage, '--key', keys, '--listen', '127.0.0.1:0', '--json']
  const child = spawn(process.execPath, [BIN, ...args], { env: cleanEnv(env) })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk))
  const ended = new Promise<number | null>((done) => child.on('close', done))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) {
      if (child.exitCode !== null) throw new Error(`the worker ended: ${out}${err}`)
      await new Promise((done) => setTimeout(done, 20))
    }
  }
  await until(() => err.includes('listening at'))
  const address = /listening at (\S+)/.exec(err)?.[1] ?? ''
  return {
    put,
    store,
    said: (text: string) => until(() => err.includes(text)),
    printed: (text: string) => until(() => out.includes(text)),
    get: async (path: string) => (await fetch(`${address}${path}`)).text(),
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}

test('a new key counts without a restart, for what was given back before too; a set that cannot be used is said and changes nothing', async () => {
  const { put, store, said, printed, get, stop } = await rig()
  await printed('"outcome":"given back"')
  put('{"keys": [')
  await said('the trusted keys stay as they were')
  const { jwk } = await fixtureKey()
  put({ keys: [jwk] })
  await said('the trusted keys have changed')
  await printed('"outcome":"done"')
  const metrics = await get('/metrics')
  expect(metrics).toContain('prov_reloads_total{files="keys",result="refused"} 1')
  expect(metrics).toContain('prov_reloads_total{files="keys",result="used"} 1')
  expect(await get('/readyz')).toBe('ready\n')
  // Revoked: what it signed leaves the truth no more.
  const prov = { v: 1, regions: {}, keys: {}, revoked: { [jwk.kid]: { ...REVOKED, jwk } } }
  put({ keys: [(await ownKey()).jwk], prov })
  await shown(async () => (await get('/metrics')).includes('result="used"} 2'))
  expect(await store('git-clone-taskrun.yaml')).toMatchObject({ code: 0 })
  await printed('"outcome":"quarantined"')
  await printed('key_revoked')
  expect(await stop()).toBe(0)
})

async function shown(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((done) => setTimeout(done, 50))
}
