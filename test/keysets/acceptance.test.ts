/** What others make of a journal: cosign of what its key signed, and a machine whose clock is off of its times. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { JournalJson } from '../../src/keysets/journal-json.ts'
import { describeWith, registry } from '../servers/endpoints.ts'
import { BIN, type Outcome, prov, run } from '../support/cli.ts'
import { COSIGNS, emptyTrustedRoot, verify, verifyAttestation } from '../support/cosign.ts'
import { STORE_PASSWORD } from '../support/journal.ts'
import { runWithImage } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { type FreshTruth, postgresTruth, sqliteTruth } from '../support/truth.ts'

const env = { PROV_PASSWORD: STORE_PASSWORD }

interface Scene {
  readonly truth: FreshTruth
  readonly folder: string
  keys(command: string, ...more: readonly string[]): Promise<Outcome>
  listed(): Promise<JournalJson>
}

async function scene(truth: FreshTruth): Promise<Scene> {
  const folder = join(scratch(), 'keys')
  mkdirSync(folder)
  const keys: Scene['keys'] = (command, ...more) =>
    prov(['keys', command, ...truth.flags, '--store', `folder:${folder}`, ...more], { env })
  const well = async (outcome: Promise<Outcome>): Promise<void> => {
    const { code, stderr, stdout } = await outcome
    expect(code, stderr + stdout).toBe(0)
  }
  await well(prov(['truth', 'init', ...truth.flags]))
  await well(keys('init'))
  await well(keys('rotate', '--unsafe'))
  return {
    truth,
    folder,
    keys,
    listed: async () => JSON.parse((await keys('journal', '--json')).stdout) as JournalJson,
  }
}

describeWith(['distribution', ...COSIGNS], 'what the active key of a journal signed', () => {
  it('passes cosign with the public key of the store, and fails with that of the key before', {
    timeout: 120_000,
  }, async () => {
    const { truth, folder, keys, listed } = await scene(sqliteTruth())
    expect((await keys('rotate', '--step', 'prepare')).code).toBe(0)
    expect((await keys('rotate', '--step', 'activate', '--unsafe')).code).toBe(0)
    const { journal } = await listed()
    const { file, image } = await runWithImage(registry('distribution'))
    const args = [
      'store',
      '--storage',
      'oci',
      '--key',
      'journal:',
      '--set',
      `keys.store=folder:${folder}`,
      '--wait',
      '60s',
    ]
    const stored = await prov([...args, ...truth.flags, file], { env })
    expect(stored.code, stored.stderr + stored.stdout).toBe(0)
    const trustedRoot = await emptyTrustedRoot()
    for (const version of COSIGNS) {
      const by = (n: number) => ({ key: join(folder, `${journal.id}-${n}.pub`), image, trustedRoot })
      expect((await verify(version, by(2))).code).toBe(0)
      expect((await verifyAttestation(version, by(2))).code).toBe(0)
      expect((await verify(version, by(1))).code).not.toBe(0)
    }
  })
})

describeWith(['postgresql', 'faketime'], 'a machine whose clock is an hour off', () => {
  let at: Scene
  beforeEach(async () => {
    at = await scene(await postgresTruth())
    expect((await at.keys('rotate', '--step', 'prepare')).code).toBe(0)
    expect((await at.keys('rotate', '--step', 'activate', '--unsafe')).code).toBe(0)
  })
  afterEach(() => at.truth.close())

  const statuses = async (): Promise<readonly string[]> => (await at.listed()).keys.map(({ status }) => status)
  const rotateWhen = (shift: string): Promise<Outcome> =>
    run(
      'faketime',
      ['-f', shift, process.execPath, BIN, 'keys', 'rotate', ...at.truth.flags, '--store', `folder:${at.folder}`],
      { env },
    )
  /** The old key is over in so many minutes. */
  const overIn = (minutes: number): Promise<unknown> =>
    at.truth.sql(
      `UPDATE journal_key SET retires = (extract(epoch FROM now()) * 1000)::bigint + ${minutes * 60_000} WHERE status = 'old'`,
    )

  it.each(['+1h', '-1h'])(
    '%s retires nothing too early, and what is over all the same',
    { timeout: 60_000 },
    async (shift) => {
      await overIn(30)
      const early = await rotateWhen(shift)
      expect(early.code, early.stderr).toBe(0)
      expect(await statuses()).toEqual(['old', 'active'])
      await overIn(-2)
      const due = await rotateWhen(shift)
      expect(due.code, due.stderr).toBe(0)
      expect(await statuses()).toEqual(['retired', 'active'])
    },
  )
})
