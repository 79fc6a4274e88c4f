/** The roles of `prov truth grants`: each can do its own work in PostgreSQL, and no more. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { grantsSql } from '../../src/truth/grants.ts'
import { describeWith } from '../servers/endpoints.ts'
import { provHere, type Said } from '../support/in-process.ts'
import { FIXTURES, PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { type FreshTruth, postgresTruth } from '../support/truth.ts'

const STORED = join(FIXTURES, 'stored/gcs/storefront-pipelinerun')
const env = { COSIGN_PASSWORD: PASSWORD }

describeWith(['postgresql'], 'roles', () => {
  it('store commits, worker delivers, reader only reads; each is denied the rest', async () => {
    const truth = await postgresTruth()
    // Roles belong to the whole server, which other tests share.
    const mark = `t${randomBytes(5).toString('hex')}`
    const roles = ['store', 'worker', 'importer', 'reader', 'keys'].map((role) => `${mark}_${role}`)
    try {
      expect((await provHere(['truth', 'init', ...truth.flags], { env })).code).toBe(0)
      for (const line of grantsSql('public').replaceAll('prov_', `${mark}_`).split('\n')) {
        if (line !== '' && !line.startsWith('--')) await truth.sql(line)
      }
      for (const role of roles) await truth.sql(`ALTER ROLE ${role} LOGIN PASSWORD 'a test'`)
      const file = runFixture('buildpacks-taskrun.yaml')
      const folder = dirname(file)
      writeFileSync(join(folder, 'password'), 'a test\n')
      const storage = ['--storage', 'docdb', '--set', `storage.docdb.url=sqlite:${folder}/prov.db`]
      const as = (role: string, ...args: readonly string[]): Promise<Said> =>
        provHere([...args, ...flagsOf(truth, `${mark}_${role}`, join(folder, 'password'))], { env })
      const store = ['store', ...storage, '--key', PRIVATE_KEY, file]
      const worker = ['worker', ...storage, '--key', PUBLIC_KEY, '--once']
      for (const role of ['worker', 'reader']) {
        expect(await as(role, ...store), role).toMatchObject({ code: 6, stderr: expect.stringContaining('denied') })
      }
      expect(await as('store', ...store)).toMatchObject({ code: 0 })
      for (const role of ['store', 'reader']) {
        expect(await as(role, ...worker), role).toMatchObject({ code: 6, stderr: expect.stringContaining('denied') })
      }
      expect(await as('worker', ...worker)).toMatchObject({ code: 0 })
      expect((await as('reader', 'outbox', 'ls', '--json')).stdout.trim().split('\n')).toHaveLength(2)
      expect(
        await as('reader', 'verify', ...storage, '--storage', 'docdb,truth', '--key', PUBLIC_KEY, file),
      ).toMatchObject({ code: 0 })
      expect((await as('reader', 'truth', 'check')).code).toBe(0)
      const importing = ['reconcile', '--from', 'gcs', '--set', `storage.gcs.directory=${STORED}`, '--repair']
      const index = ['--set', 'index.url=redis://127.0.0.1/9', '--key', PUBLIC_KEY]
      for (const role of ['store', 'worker', 'reader']) {
        expect(await as(role, ...importing, ...index), role).toMatchObject({
          code: 6,
          stderr: expect.stringContaining('denied'),
        })
      }
      expect(await as('importer', ...importing, ...index)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('imported'),
      })
      for (const role of ['worker', 'reader', 'store', 'importer']) {
        expect((await as(role, 'outbox', 'drop', '1', '--reason', 'a test')).code, role).not.toBe(0)
      }
      const keyFolder = join(folder, 'keys')
      mkdirSync(keyFolder)
      const keyStore = ['--set', `keys.store=folder:${keyFolder}`]
      const denied = { code: 6, stderr: expect.stringContaining('denied') }
      for (const role of ['store', 'worker', 'importer', 'reader']) {
        expect(await as(role, 'keys', 'init', ...keyStore), role).toMatchObject(denied)
      }
      expect(await as('keys', 'keys', 'init', ...keyStore)).toMatchObject({ code: 0 })
      expect(await as('store', 'keys', 'rotate', '--unsafe', ...keyStore)).toMatchObject(denied)
      expect(await as('keys', 'keys', 'rotate', '--unsafe', ...keyStore)).toMatchObject({ code: 0 })
      const signing = ['store', ...storage, '--key', 'journal:', ...keyStore, runFixture('kaniko-taskrun.json')]
      expect(await as('store', ...signing)).toMatchObject({ code: 0 })
      expect(await as('keys', ...signing)).toMatchObject(denied)
      expect(await as('reader', 'keys', 'journal', '--events', '9', ...keyStore)).toMatchObject({ code: 0 })
      for (const command of [['prune'], ['revoke', 'x', '--since', '1d', '--reason', 'x']]) {
        expect((await as('store', 'keys', ...command, ...keyStore)).code, command[0]).not.toBe(0)
      }
    } finally {
      for (const role of roles) {
        await truth.sql(`DROP OWNED BY ${role}`).catch(() => undefined)
        await truth.sql(`DROP ROLE ${role}`).catch(() => undefined)
      }
      await truth.close()
    }
  })
})

function flagsOf({ flags }: FreshTruth, user: string, password: string): readonly string[] {
  const url = new URL(flags[1] ?? '')
  url.username = user
  return ['--truth', url.href, '--set', `truth.password-file=${password}`]
}
