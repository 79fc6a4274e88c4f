/** What `store --truth`, `worker`, `outbox` and `truth` promise: the same lines for both engines, through the command line. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BIN, cleanEnv } from '../support/cli.ts'
import { provHere, type Said } from '../support/in-process.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import type { FreshTruth } from '../support/truth.ts'

const UID = 'b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9'
const env = { COSIGN_PASSWORD: PASSWORD }

interface Delivery {
  readonly id: number
  readonly target: string
  readonly state: string
}

export function commandsSuite(name: string, fresh: () => Promise<FreshTruth>): void {
  describe(`commands over ${name}`, () => {
    let truth: FreshTruth
    let file: string
    let folder: string
    let storage: readonly string[]

    beforeEach(async () => {
      truth = await fresh()
      file = runFixture('buildpacks-taskrun.yaml')
      folder = dirname(file)
      storage = [
        ...['--storage', 'tekton,docdb,gcs', '--set', `storage.docdb.url=sqlite:${folder}/prov.db`],
        ...['--set', `storage.gcs.directory=${folder}/gcs`],
      ]
      if (truth.needsInit) expect(await prov('truth', 'init')).toMatchObject({ code: 0 })
    })
    afterEach(() => truth.close())

    const prov = (...args: readonly string[]): Promise<Said> => provHere([...args, ...truth.flags], { env })
    const store = (...more: readonly string[]): Promise<Said> =>
      prov('store', ...storage, '--key', PRIVATE_KEY, ...more, file)
    const worker = (...more: readonly string[]): Promise<Said> =>
      prov('worker', ...storage, '--key', PUBLIC_KEY, '--once', ...more)
    const verify = (...more: readonly string[]): Promise<Said> =>
      prov('verify', ...storage, '--key', PUBLIC_KEY, ...more, file)
    const states = async (): Promise<readonly string[]> => {
      const { stdout } = await prov('outbox', 'ls', '--json')
      const rows = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Delivery]))
      return rows.map(({ target, state }) => `${target} ${state}`).sort()
    }
    const idsOf = async (state: string): Promise<readonly number[]> => {
      const { stdout } = await prov('outbox', 'ls', '--state', state, '--json')
      return stdout.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as Delivery).id]))
    }
    const DONE = ['docdb done', 'docdb done', 'gcs done', 'gcs done', 'seal done', 'tekton done', 'tekton done']
    const OWED = [
      'docdb pending',
      'docdb pending',
      'gcs pending',
      'gcs pending',
      'seal waiting',
      'tekton done',
      'tekton done',
    ]
    const SPOILED = `UPDATE entry SET keyids = keyids, bytes = ${
      name === 'SQLite'
        ? `CAST(replace(CAST(bytes AS TEXT), '"payload":"e', '"payload":"f') AS BLOB)`
        : `convert_to(replace(convert_from(bytes, 'UTF8'), '"payload":"e', '"payload":"f'), 'UTF8')`
    } WHERE format LIKE 'slsa%' RETURNING seq`

    it('commits, says what is owed, and a worker delivers; the mark as signed comes last', async () => {
      const { code, stdout } = await store()
      expect(code).toBe(0)
      expect(stdout).not.toMatch(/stored/)
      expect(stdout).toMatch(
        /committed to .*: 2 copies delivered; 4 copies owed \(docdb: no worker in the last 10 min; gcs: no/,
      )
      expect(await states()).toEqual(OWED)
      expect((await verify('--storage', 'docdb,gcs')).code).toBe(5)
      const drained = await worker()
      expect(drained).toMatchObject({ code: 0 })
      expect(drained.stdout.trim().split('\n').at(-1)).toBe('delivered 5; nothing is owed')
      expect(drained.stdout.trim().split('\n').at(-2)).toMatch(/^done +mark as signed in tekton/)
      expect(await states()).toEqual(DONE)
      expect(await verify('--storage', 'tekton,docdb,gcs,truth')).toMatchObject({ code: 0 })
    })

    it('--wait delivers in the same process; once more signs nothing and changes nothing', async () => {
      const first = await store('--wait', '60s', '--json')
      expect(first.code).toBe(0)
      const report = JSON.parse(first.stdout) as {
        readonly sealed: readonly string[]
        readonly truth: { readonly committed: boolean; readonly deliveries: readonly Delivery[] }
        readonly items: readonly { readonly source: string; readonly copies: readonly unknown[] }[]
      }
      expect(report.truth.committed).toBe(true)
      expect(report.truth.deliveries.map(({ target, state }) => `${target} ${state}`).sort()).toEqual(DONE)
      expect(report.sealed).toEqual([`TaskRun frsca-demo/buildpacks-cache-7rk2v-build-trusted (${UID})`])
      expect(report.items.map((one) => one.copies.length)).toEqual([3, 3])
      const again = JSON.parse((await store('--wait', '60s', '--json')).stdout) as typeof report
      expect(again.items.map(({ source }) => source)).toEqual(['adopted', 'adopted'])
      expect(await states()).toEqual(DONE)
    })

    it('a copy that was lost is owed again when the run is stored again', async () => {
      expect((await store('--wait', '60s')).code).toBe(0)
      rmSync(join(folder, 'gcs'), { recursive: true })
      expect((await store()).code).toBe(0)
      expect((await states()).filter((one) => one.startsWith('gcs'))).toEqual(['gcs pending', 'gcs pending'])
      expect((await worker()).code).toBe(0)
      expect((await verify()).code).toBe(0)
    })

    it('a backend that hangs holds up no commit, and no other backend', async () => {
      const silent = createServer(() => undefined)
      const hung = await listening(silent)
      const set = [
        '--set',
        `storage.gcs.endpoint=http://127.0.0.1:${hung}`,
        '--set',
        'storage.gcs.directory=',
        '--set',
        'storage.gcs.bucket=b',
      ]
      const brief = ['--set', 'truth.look-timeout=300ms', '--set', 'storage.gcs.timeout=500ms']
      const { code, stdout } = await store(...set, ...brief)
      expect(code, stdout).toBe(0)
      const drained = await worker(...set, ...brief)
      expect(drained.code).toBe(7)
      expect((await states()).filter((one) => !one.startsWith('gcs'))).toEqual(
        OWED.map((one) => one.replace('docdb pending', 'docdb done')).filter((one) => !one.startsWith('gcs')),
      )
      silent.close()
      expect((await worker()).code).toBe(7) // the bucket is another location than the directory: held
    })

    it('an entry that somebody changed is quarantined; the others go on; what was put right is let go', async () => {
      await store()
      const kept = await truth.sql('SELECT seq, bytes FROM entry')
      expect(kept).toHaveLength(2)
      await truth.sql(SPOILED)
      const drained = await worker()
      expect(drained.code).toBe(3)
      expect(drained.stdout).toContain('quarantined')
      expect(await states()).toEqual([
        ...['docdb done', 'docdb quarantined', 'gcs done', 'gcs quarantined'],
        ...['seal waiting', 'tekton done', 'tekton quarantined'],
      ])
      expect((await prov('outbox', 'ls', '--state', 'quarantined')).stdout).toContain('signature_invalid')
      expect((await prov('outbox', 'retry', '--quarantined', '--key', PUBLIC_KEY)).code).toBe(3)
      expect((await verify('--storage', 'docdb,gcs,truth')).code).toBe(3)
      await truth.sql(SPOILED.replaceAll(`'"payload":"e', '"payload":"f'`, `'"payload":"f', '"payload":"e'`))
      expect(await prov('outbox', 'retry', '--quarantined', '--key', PUBLIC_KEY)).toMatchObject({ code: 0 })
      expect((await worker()).code).toBe(0)
      expect((await verify()).code).toBe(0)
    })

    it('a worker with another key gives everything back: nothing is quarantined, and another worker delivers', async () => {
      await store()
      await provHere(['keys', 'generate', '--output', join(folder, 'other')], { env })
      const wrong = await prov('worker', ...storage, '--key', join(folder, 'other.pub'), '--once')
      expect(wrong.code).toBe(3)
      expect(wrong.stdout).toContain('signed by none of the keys given')
      expect(await states()).toEqual(OWED)
      expect((await worker()).code).toBe(0)
    })

    it('drop keeps who and why, and the run is not marked; retry makes what is held pending', async () => {
      await store()
      const [first, ...more] = await idsOf('pending')
      expect((await prov('outbox', 'drop', String(first), '--reason', ' ')).code).toBe(2)
      expect((await prov('outbox', 'drop', '99999', '--reason', 'gone')).code).toBe(2)
      expect((await prov('outbox', 'drop', String(first), '--reason', 'moved away')).code).toBe(0)
      // The mark will never come, and goes with it.
      const decision = { what: 'drop', reason: 'moved away' }
      expect(await truth.sql('SELECT what, reason FROM decision')).toEqual([decision, decision])
      const drained = await worker()
      expect(await states()).toContain('seal dropped')
      expect(drained.code).toBe(0) // what waits for a decision of somebody is no delivery of this worker
      expect((await prov('outbox', 'drop', String(more[0]), '--reason', 'late')).code).toBe(2)
      expect((await prov('outbox', 'retry', String(first))).stdout).toContain('stay as they are')
    })

    it('what only a machine that is gone could deliver is said everywhere, and can be given up', async () => {
      await store()
      await worker()
      await truth.sql("UPDATE delivery SET host = 'build-7', state = 'pending' WHERE target = 'seal'")
      await truth.sql('UPDATE entry SET created = 0')
      const [id] = (await truth.sql("SELECT id FROM delivery WHERE target = 'seal'")).map((row) => String(row['id']))
      const only = expect.stringMatching(/only machine build-7 can deliver/)
      expect((await worker()).code).not.toBe(1)
      const ls = await prov('outbox', 'ls', '--state', 'pending')
      expect(ls.stdout.replaceAll(/\s+/g, ' ')).toContain(
        'only machine build-7 can deliver this; it was last seen 1970-01-01T00:00:00Z',
      )
      expect(await prov('truth', 'check')).toMatchObject({ code: 7, stdout: only })
      expect(JSON.parse((await prov('truth', 'check', '--json')).stdout)).toMatchObject({
        stranded: [{ host: 'build-7', rows: 1 }],
      })
      await truth.sql(
        `INSERT INTO worker(holder, host, targets, seen) SELECT 'w', 'elsewhere', '["docdb","tekton"]', max(changed) FROM delivery`,
      )
      expect(await prov('doctor')).toMatchObject({ code: 7, stdout: only })
      expect((await prov('outbox', 'drop', id ?? '', '--reason', 'build-7 was taken down')).code).toBe(0)
      expect(JSON.parse((await prov('truth', 'check', '--json')).stdout)).toMatchObject({ backlog: [], stranded: [] })
    })

    it('prune removes only what a fresh look finds everywhere, and nobody signs it again', async () => {
      expect((await store('--wait', '60s')).code).toBe(0)
      const prune = (...more: readonly string[]): Promise<Said> =>
        prov('outbox', 'prune', ...storage, '--tekton-file', file, '--key', PUBLIC_KEY, '--older-than', '0d', ...more)
      rmSync(join(folder, 'gcs'), { recursive: true })
      const kept = await prune()
      expect(kept).toMatchObject({ code: 7 })
      expect(kept.stdout).toContain('gcs: absent')
      expect((await prov('outbox', 'prune', ...storage, '--key', PUBLIC_KEY, '--older-than', '1d')).stdout).toContain(
        '0 entries removed',
      )
      const unnamed = ['outbox', 'prune', ...storage, '--key', PUBLIC_KEY]
      expect((await prov(...unnamed)).code).toBe(2)
      expect((await prov(...unnamed, '--set', 'truth.retention=1d')).code).toBe(0)
      expect((await prune('--dry-run', '--keep-in', '2')).stdout).toContain('2 entries would be removed')
      expect((await prune('--keep-in', '2')).code).toBe(0)
      expect(await states()).toEqual([])
      expect(await truth.sql('SELECT count(*) AS n FROM run')).toMatchObject([
        { n: expect.toSatisfy((n) => Number(n) === 0) },
      ])
      const adopted = await store('--json')
      expect(JSON.parse(adopted.stdout)).toMatchObject({
        exit: 0,
        items: [{ source: 'adopted' }, { source: 'adopted' }],
      })
      expect((await worker()).code).toBe(0)
      expect((await prune()).code).toBe(0)
      const gone = runFixture('buildpacks-taskrun.yaml')
      const elsewhere = ['--storage', 'docdb', '--set', `storage.docdb.url=sqlite:${dirname(gone)}/prov.db`]
      expect(await prov('store', ...elsewhere, '--key', PRIVATE_KEY, gone)).toMatchObject({
        code: 6,
        stderr: expect.stringContaining('pruned'),
      })
      expect((await prov('store', ...elsewhere, '--key', PRIVATE_KEY, '--resign', gone)).code).toBe(0)
    })

    it('what is kept of a run goes with its last delivery; forget waits for that', async () => {
      await store()
      const kept = async (): Promise<number> =>
        Number((await truth.sql('SELECT count(object) AS n FROM run'))[0]?.['n'])
      expect(await kept()).toBe(1)
      expect((await prov('outbox', 'forget', '--run', UID)).code).toBe(2)
      await worker()
      expect(await kept()).toBe(0)
      expect((await prov('outbox', 'forget', '--run', UID)).stdout).toContain('still holds')
      expect((await prov('outbox', 'forget', '--run', 'nobody')).code).toBe(2)
    })

    it('refuses new work before anything is signed when it is full, or when nobody serves a backend', async () => {
      await store()
      const other = runFixture('kaniko-taskrun.json')
      const more = (...args: readonly string[]): Promise<Said> =>
        prov('store', '--storage', 'docdb', ...storage.slice(2), '--key', PRIVATE_KEY, ...args, other)
      const full = await more('--set', 'truth.max-pending=5')
      expect(full).toMatchObject({ code: 7, stderr: expect.stringContaining('outbox_full') })
      expect(await more('--require-worker')).toMatchObject({ code: 7, stderr: expect.stringContaining('no_worker') })
      expect(await truth.sql('SELECT count(*) AS n FROM entry')).toMatchObject([
        { n: expect.toSatisfy((n) => Number(n) === 2) },
      ])
      const doctor = await prov('doctor', '--storage', 'docdb', ...storage.slice(2), '--read-only')
      expect(doctor).toMatchObject({
        code: 7,
        stdout: expect.stringContaining('no_worker: no worker has served docdb'),
      })
      const check = await prov('truth', 'check')
      expect(check).toMatchObject({ code: 7, stdout: expect.stringContaining('no worker serves it') })
    })

    it('a worker shows itself, delivers while it runs, and ends with 0 after SIGTERM', {
      timeout: 60_000,
    }, async () => {
      const args = ['worker', ...storage, ...truth.flags, '--key', PUBLIC_KEY, '--listen', '127.0.0.1:0']
      const child = spawn(process.execPath, [BIN, ...args], { env: cleanEnv(), stdio: ['ignore', 'pipe', 'pipe'] })
      let err = ''
      child.stdout.resume()
      child.stderr.on('data', (chunk: Buffer) => {
        err += chunk.toString()
      })
      try {
        if (truth.needsInit) await until(() => /listening at/.test(err))
        else {
          // Without a file there is nothing to serve: the first store makes it.
          expect(await once(child, 'exit')).toEqual([2, null])
          return
        }
        const address = /listening at (\S+)/.exec(err)?.[1] ?? ''
        expect((await store('--require-worker')).code).toBe(0)
        // The mark of a file here is set by whichever of the two comes first.
        await until(async () => (await states()).every((one) => one.endsWith('done')))
        expect(await (await fetch(`${address}/readyz`)).text()).toBe('ready\n')
        const metrics = await (await fetch(`${address}/metrics`)).text()
        expect(metrics).toContain('prov_delivered_total{target="docdb"} 2')
        expect(metrics).not.toContain('frsca')
        expect((await prov('truth', 'check')).code).toBe(0)
        expect(await prov('doctor')).toMatchObject({ code: 0, stdout: expect.stringContaining('1 worker, 0 owed') })
        child.kill('SIGTERM')
        expect(await once(child, 'exit')).toEqual([0, null])
        expect((await prov('truth', 'check', '--json')).stdout).toContain('"workers": []')
      } finally {
        child.kill('SIGKILL')
      }
    })

    it('is only read by other commands, and counts for no --require', async () => {
      await store('--wait', '60s')
      expect((await prov('store', '--storage', 'truth', '--key', PRIVATE_KEY, file)).code).toBe(2)
      expect((await prov('repair', '--storage', 'truth,docdb', '--key', PUBLIC_KEY, file)).code).toBe(2)
      expect((await prov('migrate', '--from', 'docdb', '--to', 'truth', '--key', PUBLIC_KEY)).code).toBe(2)
      const three = ['--storage', 'docdb,gcs,truth', '--require']
      expect((await verify(...three, '2')).code).toBe(0)
      expect((await verify(...three, '3')).code).toBe(5)
      expect((await prov('list', '--storage', 'truth')).stdout.trim().split('\n')).toHaveLength(2)
      expect((await prov('get', 'payload', '--storage', 'truth', file)).stdout).toContain('slsa.dev/provenance')
      const all = await prov('verify', ...storage, '--storage', 'docdb,gcs,truth', '--all', '--key', PUBLIC_KEY)
      expect(all, all.stdout).toMatchObject({ code: 0 })
      const to = ['--to', 'docdb', '--set', `storage.docdb.url=sqlite:${folder}/moved.db`]
      expect(await prov('migrate', '--from', 'truth', ...to, '--key', PUBLIC_KEY)).toMatchObject({ code: 0 })
      const moved = ['--storage', 'docdb', '--set', `storage.docdb.url=sqlite:${folder}/moved.db`]
      expect((await prov('verify', ...moved, '--key', PUBLIC_KEY, file)).code).toBe(0)
    })

    it('a restored truth goes on: nothing is lost, nothing is signed twice', async () => {
      await store()
      if (!truth.needsInit) {
        const copy = join(folder, 'copy.db')
        expect((await prov('truth', 'backup', copy)).code).toBe(0)
        await worker()
        const restored = ['--truth', `sqlite:${copy}`]
        expect((await provHere(['truth', 'adopt', ...restored], { env })).code).toBe(0)
        const late = await provHere(['worker', ...storage, ...restored, '--key', PUBLIC_KEY, '--once', '--json'], {
          env,
        })
        expect(late.code).toBe(0)
      } else {
        expect((await prov('truth', 'backup', join(folder, 'copy.db'))).code).toBe(2)
        expect((await prov('truth', 'adopt')).code).toBe(0)
        expect((await worker()).code).toBe(0)
      }
      expect((await verify()).code).toBe(0)
    })

    it('names what is wrong with a flag', async () => {
      writeFileSync(join(folder, 'odd.db'), 'no database at all, but long enough to be looked at'.repeat(40))
      const wrong: readonly (readonly [readonly string[], number])[] = [
        [['--wait', '0'], 2],
        [['--wait', '-1'], 2],
        [['--wait', 'soon'], 2],
        [['--require', '1'], 2],
        [['--truth', `sqlite:${folder}/odd.db`], 6],
        [['--truth', `sqlite:${folder}/none/truth.db`], 2],
        [['--truth', 'mysql://db/prov'], 2],
        [['--truth', 'postgres://prov:hunter2@127.0.0.1/prov'], 2],
        [['--truth', 'postgres://prov@127.0.0.1:1/prov'], 6],
      ]
      for (const [flags, exit] of wrong) {
        const said = await provHere(['store', ...storage, '--key', PRIVATE_KEY, ...truth.flags, ...flags, file], {
          env,
        })
        expect(said.code, `${flags.join(' ')}: ${said.stderr}`).toBe(exit)
        expect(said.stderr + said.stdout).not.toContain('hunter2')
      }
      expect(await provHere(['store', ...storage, '--key', PRIVATE_KEY, '--wait', '5s', file], { env })).toMatchObject({
        code: 2,
      })
      expect((await prov('outbox', 'ls', '--state', 'odd')).code).toBe(2)
      expect((await prov('outbox', 'retry')).code).toBe(2)
      expect((await prov('worker', ...storage, '--once')).code).toBe(2)
    })
  })
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await isSo()); tries++) {
    if (tries > 600) throw new Error(`it did not come to that in 30 s: ${isSo.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
