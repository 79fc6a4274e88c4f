/** What the commands of `prov keys` on a journal promise: the same lines for both engines, through the command line. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { publicJwk } from '../../src/keys/jwk.ts'
import type { JournalJson } from '../../src/keysets/journal-json.ts'
import { provHere, type Said } from '../support/in-process.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import type { FreshTruth } from '../support/truth.ts'

const env = { PROV_PASSWORD: PASSWORD }

interface Listed extends JournalJson {
  readonly events?: readonly { readonly what: Readonly<Record<string, unknown>> }[]
}

function newFolder(): string {
  const folder = join(scratch(), 'keys')
  mkdirSync(folder)
  return folder
}

export function commandsSuite(name: string, fresh: () => Promise<FreshTruth>): void {
  describe(`keys over ${name}`, () => {
    let truth: FreshTruth
    let folder: string
    beforeEach(async () => {
      truth = await fresh()
      folder = newFolder()
      expect(await prov('truth', 'init', ...truth.flags)).toMatchObject({ code: 0 })
    })
    afterEach(() => truth.close())

    const prov = (...args: readonly string[]): Promise<Said> => provHere(args, { env })
    const keys = (command: string, ...more: readonly string[]): Promise<Said> =>
      prov('keys', command, ...truth.flags, '--store', `folder:${folder}`, ...more)
    const listed = async (...more: readonly string[]): Promise<Listed> =>
      JSON.parse((await keys('journal', '--json', ...more)).stdout) as Listed
    const statuses = async (): Promise<readonly string[]> =>
      (await listed()).keys.map(({ n, status }) => `${n} ${status}`)
    const ready = async (): Promise<void> => {
      expect(await keys('init')).toMatchObject({ code: 0 })
      expect(await keys('rotate', '--unsafe')).toMatchObject({ code: 0 })
    }

    it('without a journal: exit 2, and none is made; init makes one, once', async () => {
      for (const command of ['rotate', 'journal', 'prune', 'doctor']) {
        const { code, stdout, stderr } = await keys(command)
        expect([command, code]).toEqual([command, 2])
        expect(stdout + stderr).toContain('journal_missing')
      }
      expect(readdirSync(folder)).toEqual([])
      const first = JSON.parse((await keys('init', '--name', 'eu', '--json')).stdout) as {
        journal: { id: string }
        made: boolean
      }
      const again = JSON.parse((await keys('init', '--json')).stdout) as typeof first
      expect([first.made, again.made, again.journal]).toEqual([true, false, { id: first.journal.id, name: 'eu' }])
      expect(await truth.sql('SELECT id FROM journal')).toHaveLength(1)
    })

    it('a key store that is not there is an exit of 6, with what makes it', async () => {
      rmSync(folder, { recursive: true })
      const { code, stderr } = await keys('init')
      expect([code, stderr]).toEqual([6, expect.stringContaining('mkdir -m 700')])
    })

    it('an init that was cut off before the database had the journal is taken up again', async () => {
      await keys('init')
      const [row] = await truth.sql('SELECT id FROM journal')
      await truth.sql('DELETE FROM journal_event')
      await truth.sql('DELETE FROM journal')
      expect(await keys('init')).toMatchObject({ code: 0 })
      expect(await truth.sql('SELECT id FROM journal')).toEqual([row])
    })

    it('a new process with the same key store has the same journal and active key, and no folder of its own', async () => {
      await ready()
      const before = await listed()
      const moved = newFolder()
      for (const file of readdirSync(folder)) copyFileSync(join(folder, file), join(moved, file))
      rmSync(folder, { recursive: true })
      folder = moved
      expect(await listed()).toEqual(before)
      expect((await keys('doctor')).code).toBe(0)
    })

    it('rotate says each step, and when there is nothing to do; too early is exit 5', async () => {
      await keys('init')
      const first = await keys('rotate')
      expect(first.code).toBe(5)
      expect(first.stdout).toContain('key_unpublished: no public URL is configured')
      expect(await statuses()).toEqual(['1 prepared'])
      expect(await keys('rotate', '--unsafe')).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('unsafe: the key signs although it may not be public yet'),
      })
      expect((await keys('rotate')).stdout).toMatch(/^active: [\w-]{43}\n$/)
      expect(await keys('rotate', '--step', 'activate')).toMatchObject({
        code: 5,
        stdout: expect.stringContaining('--step prepare'),
      })
      expect((await listed('--events', '1')).events).toMatchObject([{ what: { did: 'activate', unsafe: true } }])
    })

    it('keys of a folder are taken in once; the one that is named signs', async () => {
      await keys('init')
      const from = dirname(PRIVATE_KEY)
      const only = newFolder()
      for (const file of ['cosign.key', 'cosign.pub']) copyFileSync(join(from, file), join(only, file))
      const twice = [await keys('import', '--from', only), await keys('import', '--from', only)]
      expect(twice.map(({ code }) => code)).toEqual([0, 0])
      const before = await listed()
      expect(before.keys.map(({ status }) => status)).toEqual(['old'])
      expect(await keys('import', '--from', only, '--active', 'cosign')).toMatchObject({ code: 0 })
      expect(await keys('import', '--from', only, '--active', 'cosign')).toMatchObject({ code: 0 })
      const after = await listed()
      expect(after.keys).toMatchObject([{ status: 'active', kid: before.keys[0]?.kid }])
      expect(readFileSync(join(folder, `${after.journal.id}-1.key`), 'utf8')).toBe(readFileSync(PRIVATE_KEY, 'utf8'))
      expect(await keys('import', '--from', only, '--active', 'other')).toMatchObject({ code: 2 })
    })

    it('public keys of a PEM file verify, and never sign', async () => {
      await keys('init')
      expect(await keys('import', '--from', PUBLIC_KEY)).toMatchObject({ code: 0 })
      expect(await statuses()).toEqual(['1 retired'])
      expect(readdirSync(folder)).toEqual([`${(await listed()).journal.id}-1.pub`, 'journal'])
      expect(await keys('import', '--from', PUBLIC_KEY, '--active', (await listed()).keys[0]?.kid ?? '')).toMatchObject(
        { code: 2 },
      )
    })

    it.each([
      ['a private key as PEM', () => PRIVATE_KEY, 'input_invalid'],
      ['a folder without a key', () => newFolder(), 'input_invalid'],
      ['nothing', () => join(scratch(), 'none'), 'input_unreadable'],
      ['JSON that is not a journal', () => text('{"keys": []}'), 'input_invalid'],
      ['JSON that is cut off', () => text('{"journal": {"id"'), 'input_invalid'],
      [
        'a status of another program',
        () => text(`{"journal":{"id":"${ID}"},"keys":[{"n":1,"status":"odd","created":"2026-11-01"}]}`),
        'input_invalid',
      ],
      [
        'a key that is none',
        () => text(`{"journal":{"id":"${ID}"},"keys":[{"n":1,"status":"old","created":"2026-11-01","spki":"AAAA"}]}`),
        'key_unsupported',
      ],
      ['a private key in the clear', clear, 'key_unsupported'],
    ])('%s is refused, and nothing is changed', async (_, make, code) => {
      await keys('init')
      const before = await truth.sql('SELECT version FROM journal')
      const { code: exit, stderr } = await keys('import', '--from', make())
      expect(exit, stderr).toBe(2)
      expect(stderr).toContain(code)
      expect(await truth.sql('SELECT version FROM journal')).toEqual(before)
    })

    it('files, then both, then the table alone, in one minute: nothing is lost, and each step goes back', async () => {
      // 1: the table is there, a file counts.
      const file = runFixture('buildpacks-taskrun.yaml')
      const where = ['--storage', 'docdb', '--set', `storage.docdb.url=sqlite:${dirname(file)}/prov.db`]
      const store = (...more: readonly string[]): Promise<Said> =>
        prov('store', ...where, ...truth.flags, '--wait', '60s', ...more, file)
      expect(await store('--key', PRIVATE_KEY)).toMatchObject({ code: 0 })
      // 2: its key is taken in, and both are written.
      const journalFile = join(scratch(), 'journal.json')
      const both = ['--set', `keys.journal-file=${journalFile}`]
      const only = newFolder()
      for (const name of ['cosign.key', 'cosign.pub']) copyFileSync(join(dirname(PRIVATE_KEY), name), join(only, name))
      await keys('init', ...both)
      await keys('import', '--from', only, '--active', 'cosign', ...both)
      const again = await store('--key', 'journal:', '--set', `keys.store=folder:${folder}`, '--json')
      expect(again.code, again.stderr).toBe(0)
      expect(JSON.parse(again.stdout)).toMatchObject({ items: [{ source: 'adopted' }, { source: 'adopted' }] })
      expect(await keys('rotate', '--step', 'prepare', ...both)).toMatchObject({ code: 0 })
      expect(await keys('rotate', '--step', 'activate', '--unsafe', ...both)).toMatchObject({ code: 0 })
      const written = JSON.parse(readFileSync(journalFile, 'utf8')) as JournalJson
      const table = await listed()
      expect(written).toEqual({ journal: table.journal, changes: table.changes, keys: table.keys })
      // Back to 1: the file names the key that signs, and the database may go.
      const active = written.keys.find(({ status }) => status === 'active')
      const key = join(folder, `${written.journal.id}-${active?.n}.key`)
      expect(await store('--key', key, '--verify-key', PUBLIC_KEY, '--resign')).toMatchObject({ code: 0 })
      for (const gone of ['journal_event', 'journal_key', 'journal']) await truth.sql(`DELETE FROM ${gone}`)
      // And again to 2, from the file.
      expect(await keys('import', '--from', journalFile, ...both)).toMatchObject({ code: 0 })
      const restored = await listed()
      expect(restored.journal).toEqual(table.journal)
      expect(restored.keys).toEqual(table.keys)
      // 3: the table alone.
      expect(await keys('rotate', '--step', 'prepare')).toMatchObject({ code: 0 })
      expect((await listed()).keys.map(({ status }) => status)).toEqual(['old', 'active', 'prepared'])
      expect(JSON.parse(readFileSync(journalFile, 'utf8'))).toMatchObject({ keys: { length: 2 } })
    })

    it('a journal file that cannot be written is said, and the change stands', async () => {
      await keys('init')
      const { code, stderr } = await keys(
        'rotate',
        '--set',
        `keys.journal-file=${join(folder, 'none', 'journal.json')}`,
      )
      expect(code).toBe(6)
      expect(stderr).toContain('journal.json')
      expect(await statuses()).toEqual(['1 intended'])
    })

    it('a damaged row is brought back from the file of the journal', async () => {
      await ready()
      const copy = text((await keys('journal', '--json')).stdout)
      const before = await listed()
      await truth.sql(
        name === 'SQLite' ? "UPDATE journal_key SET spki = x'00'" : "UPDATE journal_key SET spki = '\\x00'",
      )
      expect(await keys('rotate')).toMatchObject({
        code: 3,
        stdout: expect.stringContaining('row 1 of the journal cannot be read'),
      })
      expect(await keys('prune')).toMatchObject({ code: 3 })
      expect(await keys('doctor')).toMatchObject({ code: 3, stdout: expect.stringContaining('row 1 cannot be read') })
      expect(await keys('import', '--from', copy)).toMatchObject({ code: 0 })
      expect((await listed()).keys).toEqual(before.keys)
    })

    it('doctor names a key of no journal, a key that is gone and one that is another', async () => {
      await ready()
      copyFileSync(PUBLIC_KEY, join(folder, 'stray.pub'))
      copyFileSync(PRIVATE_KEY, join(folder, 'stray.key'))
      const stray = await keys('doctor')
      expect(stray).toMatchObject({ code: 0, stdout: expect.stringContaining('stray is a key of no row') })
      expect(await statuses()).toEqual(['1 active'])
      const { id } = (await listed()).journal
      copyFileSync(PUBLIC_KEY, join(folder, `${id}-1.pub`))
      expect(await keys('doctor')).toMatchObject({
        code: 3,
        stdout: expect.stringContaining('is not the key of its row'),
      })
      rmSync(join(folder, `${id}-1.key`))
      const { code, stdout } = await keys('doctor')
      expect([code, stdout]).toEqual([3, expect.stringContaining('-1.key is not there, and is active')])
    })

    it('prov doctor says the same of the key store that the settings name', async () => {
      await ready()
      const doctor = (): Promise<Said> => prov('doctor', ...truth.flags, '--set', `keys.store=folder:${folder}`)
      expect(await doctor()).toMatchObject({ stdout: expect.stringMatching(/^keys: ok$/m) })
      rmSync(join(folder, `${(await listed()).journal.id}-1.key`))
      const { code, stdout } = await doctor()
      expect([code, stdout]).toEqual([expect.any(Number), expect.stringContaining('keyset_refused')])
      expect(code).not.toBe(0)
    })

    it('a revoked key is shown with its reason, and signs nothing', async () => {
      await ready()
      const {
        keys: [first],
        journal,
      } = await listed()
      const kid = first?.kid ?? ''
      expect(await keys('revoke', kid, '--since', '1d')).toMatchObject({ code: 2 })
      expect(await keys('revoke', kid, '--since', 'odd', '--reason', 'stolen')).toMatchObject({ code: 2 })
      expect(await keys('revoke', 'odd', '--since', '1d', '--reason', 'stolen')).toMatchObject({ code: 2 })
      // A kid may begin with a dash; a flag that is not known is a mistake all the same.
      expect(await keys('revoke', '-odd', '--since', '1d', '--reason', 'stolen')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('-odd'),
      })
      expect(await keys('revoke', kid, '--since', '1d', '--raeson', 'stolen')).toMatchObject({ code: 2 })
      expect(await keys('revoke', kid, '--since', '2026-11-01', '--reason', 'the laptop was stolen')).toMatchObject({
        code: 0,
      })
      expect((await keys('journal')).stdout).toContain(
        'not to be trusted since 2026-11-01T00:00:00.000Z: the laptop was stolen',
      )
      expect(existsSync(join(folder, `${journal.id}-1.key`))).toBe(false)
    })

    it('a key that somebody wrote into the database alone is never published: exit 3, and it is named', async () => {
      await ready()
      const at = join(scratch(), 'jwks')
      const publishing = ['--region', 'eu', '--to', `file:${at}`, '--publisher-key', PRIVATE_KEY]
      expect(await keys('publish', ...publishing)).toMatchObject({ code: 0 })
      await foreignRow(truth, (await listed()).journal.id, name)
      const { code, stderr } = await keys('publish', ...publishing)
      expect([code, stderr]).toEqual([3, expect.stringContaining('key 2 of the journal prov is not in the key store')])
      expect(await keys('rotate', ...settings(at))).toMatchObject({ code: 3 })
      expect(await keys('doctor')).toMatchObject({ code: 3, stdout: expect.stringContaining('-2.pub is not there') })
      const { payload } = JSON.parse(readFileSync(join(at, 'keys/eu.json'), 'utf8'))
      expect(JSON.parse(Buffer.from(payload, 'base64').toString()).keys).toHaveLength(1)
    })

    describe('a row whose bytes are damaged', () => {
      const why = ['--since', '2026-11-01', '--reason', 'stolen']
      const damage = (n: number): Promise<unknown> =>
        truth.sql(`UPDATE journal_key SET spki = ${name === 'SQLite' ? "x'00'" : "'\\x00'"} WHERE n = ${n}`)
      const publicIn = (at: string): { keys: object[]; revoked: object } => {
        const { payload } = JSON.parse(readFileSync(join(at, 'keys/eu.json'), 'utf8'))
        return JSON.parse(Buffer.from(payload, 'base64').toString())
      }

      it('is revoked, made whole from the key store, and made public', async () => {
        await ready()
        const at = join(scratch(), 'jwks')
        const kid = (await listed()).keys[0]?.kid ?? ''
        const { id } = (await listed()).journal
        await damage(1)
        expect((await keys('journal')).stdout).toContain(`1 active ${kid}: cannot be read`)
        const said = await keys('revoke', kid, ...why, ...settings(at))
        expect([said.code, said.stdout]).toEqual([0, expect.stringContaining(`revoked key 1 ${kid}`)])
        expect((await listed()).keys).toMatchObject([
          { n: 1, kid, status: 'revoked', revoked: { since: '2026-11-01T00:00:00.000Z', reason: 'stolen' } },
        ])
        expect([existsSync(join(folder, `${id}-1.key`)), publicIn(at)]).toMatchObject([
          false,
          { keys: [], revoked: { [kid]: { reason: 'stolen' } } },
        ])
        expect((await keys('doctor')).stdout).not.toContain('cannot be read')
      })

      it('whose kid is damaged too is found by the key store', async () => {
        await ready()
        const kid = (await listed()).keys[0]?.kid ?? ''
        await truth.sql("UPDATE journal_key SET kid = 'damaged'")
        expect(await keys('revoke', kid, ...why)).toMatchObject({ code: 0 })
        expect((await listed()).keys).toMatchObject([{ n: 1, kid, status: 'revoked' }])
      })

      it('that the key store does not hold either is revoked in the journal, and stays so when it is brought back', async () => {
        await ready()
        const [at, file] = [join(scratch(), 'jwks'), join(scratch(), 'journal.json')]
        const both = ['--set', `keys.journal-file=${file}`]
        expect(await keys('rotate', '--step', 'prepare', ...both)).toMatchObject({ code: 0 })
        const kid = (await listed()).keys[0]?.kid ?? ''
        const pub = join(folder, `${(await listed()).journal.id}-1.pub`)
        const pem = readFileSync(pub)
        rmSync(pub)
        await damage(1)
        const alone = await keys('revoke', kid, ...why, ...settings(at), ...both)
        expect([alone.code, alone.stderr]).toEqual([
          3,
          expect.stringContaining('key 1 is revoked in the journal alone'),
        ])
        expect(alone.stderr).toContain('prov keys import --from')
        // Nothing of the row is lost from the file, and what it says now counts.
        expect(JSON.parse(readFileSync(file, 'utf8')).keys).toMatchObject([
          { n: 1, kid, status: 'revoked', revoked: { since: '2026-11-01T00:00:00.000Z', reason: 'stolen' } },
          { n: 2 },
        ])
        const old = JSON.parse(readFileSync(file, 'utf8'))
        Object.assign(old.keys[0], { status: 'active', revoked: undefined })
        expect(await keys('import', '--from', text(JSON.stringify(old)))).toMatchObject({ code: 0 })
        writeFileSync(pub, pem)
        expect((await listed()).keys).toMatchObject([
          { n: 1, kid, status: 'revoked', revoked: { since: '2026-11-01T00:00:00.000Z', reason: 'stolen' } },
          { n: 2 },
        ])
        expect(await keys('revoke', kid, ...why, ...settings(at))).toMatchObject({ code: 0 })
        expect(publicIn(at)).toMatchObject({ keys: { length: 1 }, revoked: { [kid]: { reason: 'stolen' } } })
      })

      it('that an old file calls active is brought back as an old one: another key signs now', async () => {
        await ready()
        const old = await listed()
        expect(await keys('rotate', '--step', 'prepare')).toMatchObject({ code: 0 })
        expect(await keys('rotate', '--step', 'activate', '--unsafe')).toMatchObject({ code: 0 })
        await damage(1)
        const said = await keys('import', '--from', text(JSON.stringify(old)))
        expect([said.code, said.stderr]).toEqual([0, ''])
        expect(await statuses()).toEqual(['1 old', '2 active'])
      })

      it('without a region: the revocation counts, and what is left to do is said', async () => {
        await ready()
        const { journal, keys: all } = await listed()
        rmSync(join(folder, `${journal.id}-1.pub`))
        await damage(1)
        const said = await keys('revoke', all[0]?.kid ?? '', ...why)
        expect([said.code, said.stdout]).toEqual([
          0,
          expect.stringMatching(/row 1 still cannot be read[\s\S]*keys import/),
        ])
        expect(await keys('rotate', '--unsafe')).toMatchObject({ code: 0 })
        expect((await listed()).keys).toMatchObject([{ n: 2, status: 'active' }])
      })
    })

    it('a revocation that cannot be made public is not passed over: exit 3', async () => {
      await ready()
      expect(await keys('rotate', '--step', 'prepare')).toMatchObject({ code: 0 })
      const { keys: all, journal } = await listed()
      await truth.sql(`UPDATE journal_key SET alg = alg, kid = 'damaged' WHERE journal = '${journal.id}' AND n = 2`)
      const at = join(scratch(), 'jwks')
      const why = ['--since', '2026-11-01', '--reason', 'stolen']
      const revoke = await keys('revoke', all[0]?.kid ?? '', ...why, ...settings(at))
      expect([revoke.code, revoke.stderr]).toEqual([3, expect.stringContaining('revoked in the journal alone')])
      expect((await listed()).keys).toMatchObject([{ status: 'revoked' }])
    })

    describe('store --key journal:', () => {
      let file: string
      beforeEach(() => {
        file = runFixture('buildpacks-taskrun.yaml')
      })
      const store = (...more: readonly string[]): Promise<Said> => {
        const where = ['--storage', 'docdb', '--set', `storage.docdb.url=sqlite:${dirname(file)}/prov.db`]
        return prov(
          'store',
          ...where,
          ...truth.flags,
          '--set',
          `keys.store=folder:${folder}`,
          '--key',
          'journal:',
          ...more,
        )
      }

      it('refuses without an active key before anything is looked at', async () => {
        await keys('init')
        const none = await store(join(scratch(), 'no-such-run.yaml'))
        expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('journal_inactive') })
        await keys('rotate', '--step', 'prepare')
        expect(await store('--dry-run', file)).toMatchObject({
          code: 2,
          stderr: expect.stringContaining('journal_inactive'),
        })
        expect(existsSync(join(dirname(file), 'prov.db'))).toBe(false)
      })

      it('needs a journal and a key store', async () => {
        expect(await store(file)).toMatchObject({ code: 2, stderr: expect.stringContaining('journal_missing') })
        const url = `storage.docdb.url=sqlite:${dirname(file)}/prov.db`
        const args = ['store', '--storage', 'docdb', '--set', url, '--key', 'journal:', file]
        expect(await prov(...args)).toMatchObject({
          code: 2,
          stderr: expect.stringContaining('no key store was named'),
        })
      })

      it('what a key signed that the database alone names is not ours', async () => {
        await ready()
        await foreignRow(truth, (await listed()).journal.id, name)
        const where = ['--storage', 'docdb', '--set', `storage.docdb.url=sqlite:${dirname(file)}/prov.db`]
        expect(await prov('store', ...where, '--key', PRIVATE_KEY, file)).toMatchObject({ code: 0 })
        const { stdout, stderr } = await store('--wait', '60s', '--json', file)
        expect(stdout).not.toContain('adopted')
        expect(stderr).toContain('key 2 of the journal is not in the key store')
      })

      it('what a revoked key signed is not built on, whoever else names that key; --resign signs it anew', async () => {
        await ready()
        expect(await store('--wait', '60s', file)).toMatchObject({ code: 0 })
        const [first] = (await listed()).keys
        const pub = join(folder, `${(await listed()).journal.id}-1.pub`)
        const said = await keys('revoke', first?.kid ?? '', '--since', '2026-01-01', '--reason', 'stolen')
        expect([said.code, said.stdout]).toEqual([0, expect.stringContaining('prov keys publish')])
        expect(await keys('rotate', '--unsafe')).toMatchObject({ code: 0 })
        for (const more of [[], ['--verify-key', pub]]) {
          const { code, stderr } = await store('--wait', '60s', ...more, file)
          expect([code, stderr]).toEqual([3, expect.stringMatching(/key_revoked.*--resign/)])
        }
        expect(await store('--wait', '60s', '--resign', file)).toMatchObject({ code: 0 })
        const where = ['--storage', 'docdb', '--set', `storage.docdb.url=sqlite:${dirname(file)}/prov.db`]
        expect(await prov('verify', ...where, '--key', pub.replace('-1.pub', '-2.pub'), file)).toMatchObject({
          code: 0,
        })
      })

      it('signs with the active key; after a rotation what the old key signed is still ours', async () => {
        await ready()
        expect(await store('--dry-run', file)).toMatchObject({ code: 0 })
        expect(await store('--wait', '60s', file)).toMatchObject({ code: 0 })
        const { journal } = await listed()
        const pub = (n: number): string => join(folder, `${journal.id}-${n}.pub`)
        const where = ['--storage', 'docdb', '--set', `storage.docdb.url=sqlite:${dirname(file)}/prov.db`]
        expect(await prov('verify', ...where, '--key', pub(1), file)).toMatchObject({ code: 0 })
        await keys('rotate', '--step', 'prepare')
        await keys('rotate', '--step', 'activate', '--unsafe')
        const again = await store('--wait', '60s', '--json', file)
        expect(again.code, again.stderr).toBe(0)
        expect(JSON.parse(again.stdout)).toMatchObject({ items: [{ source: 'adopted' }, { source: 'adopted' }] })
        expect(await store('--wait', '60s', '--resign', file)).toMatchObject({ code: 0 })
        expect(await prov('verify', ...where, '--key', pub(2), file)).toMatchObject({ code: 0 })
      })
    })
  })
}

const settings = (at: string): readonly string[] =>
  ['region=eu', `publish-to=file:${at}`, `publisher-key=${PRIVATE_KEY}`].flatMap((one) => ['--set', `keys.${one}`])

/** The public fixture key as key 2, as somebody with the database and without the key store would write it. */
async function foreignRow(truth: FreshTruth, journal: string, engine: string): Promise<void> {
  const bytes = createPublicKey(readFileSync(PUBLIC_KEY)).export({ type: 'spki', format: 'der' })
  const { kid } = await publicJwk(bytes)
  const hex = bytes.toString('hex')
  await truth.sql(
    `INSERT INTO journal_key(journal, n, kid, spki, alg, status, created)
     SELECT journal, 2, '${kid}', ${engine === 'SQLite' ? `x'${hex}'` : `'\\x${hex}'`}, alg, 'old', created
     FROM journal_key WHERE journal = '${journal}' AND n = 1`,
  )
}

const ID = '00000000-0000-4000-8000-000000000000'

function text(content: string): string {
  const path = join(scratch(), 'source')
  writeFileSync(path, content)
  return path
}

/** A folder with a private key that nobody needs a password for. */
function clear(): string {
  const folder = newFolder()
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  writeFileSync(join(folder, 'plain.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
  writeFileSync(join(folder, 'plain.pub'), publicKey.export({ type: 'spki', format: 'pem' }))
  return folder
}
