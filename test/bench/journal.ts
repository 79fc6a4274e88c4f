/**
 * A key journal: one step of a rotation beside a bare compare-and-swap in the same database, and `prov store --key journal:` beside
 * `prov store --key FILE`. Part of `npm run bench`; `npm run bench -- keys` runs nothing else but it and the key sets.
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { publicJwk } from '../../src/keys/jwk.ts'
import type { JournalName } from '../../src/keysets/journal.ts'
import { openDatabase } from '../../src/truth/open.ts'
import { BIN, cleanEnv, prov } from '../support/cli.ts'
import {
  ENGINES,
  type Engine,
  emptyStore,
  journalFor,
  journalRig,
  STORE_PASSWORD,
  stateOf,
} from '../support/journal.ts'
import { manyRuns } from '../support/many-runs.ts'
import { scratch } from '../support/scratch.ts'
import { postgresTruth, sqliteTruth } from '../support/truth.ts'
import { type Command, once, rounds } from './measure.ts'
import type { Print } from './moves.ts'

const STEPS = 200

async function steps(engine: Engine, turns: number, print: Print): Promise<void> {
  const rig = await journalRig(engine)
  const db = await openDatabase(rig.place, { make: false })
  try {
    const [journal, bare] = [await journalFor(rig.journals, emptyStore()), await journalFor(rig.journals, emptyStore())]
    const spki = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' })
    const key = { kid: (await publicJwk(spki)).kid, spki, alg: 'ES256' }
    await rig.journals.change(
      { ...journal, version: 1 },
      { insert: [{ n: 1, status: 'prepared', key }], what: { did: 'prepare', n: 1 } },
      'bench',
    )
    const timed = (name: JournalName, work: (version: number) => Promise<unknown>) => async () => {
      let { version } = await stateOf(rig.journals, name)
      const began = performance.now()
      for (let n = 0; n < STEPS; n += 1) await work(version++)
      return { ms: performance.now() - began, mb: 0 }
    }
    const figures = await rounds(turns, {
      step: timed(journal, (version) => {
        const update = [{ n: 1, status: 'published' as const, published: { after: 0 } }]
        const what = { did: 'publish', n: 1, kid: key.kid, seq: version } as const
        return rig.journals.change({ ...journal, version }, { update, what }, 'bench')
      }),
      swap: timed(bare, (version) =>
        db.query(
          'UPDATE journal SET version = version + 1, changed = 0 WHERE id = $1 AND version = $2 RETURNING version',
          [bare.id, version],
        ),
      ),
    })
    const rate = (ms: number): number => (STEPS * 1000) / ms
    print(
      `one step of a rotation, ${engine}`,
      rate(figures.step.ms),
      'a bare compare-and-swap',
      rate(figures.swap.ms),
      'a second',
      'at least 0.5',
    )
  } finally {
    await db.close()
    await rig.close()
  }
}

async function storing(engine: Engine, turns: number, print: Print): Promise<void> {
  const truth = engine === 'sqlite' ? sqliteTruth() : await postgresTruth()
  const folder = join(scratch(), 'keys')
  mkdirSync(folder)
  const secrets = { PROV_PASSWORD: STORE_PASSWORD }
  const done = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await prov([...args, ...truth.flags], { env: secrets })
    if (code !== 0) throw new Error(stderr + stdout)
    return stdout
  }
  try {
    const store = ['--set', `keys.store=folder:${folder}`]
    await done('truth', 'init')
    await done('keys', 'init', ...store)
    await done('keys', 'rotate', '--unsafe', ...store)
    const { journal } = JSON.parse(await done('keys', 'journal', '--json', ...store)) as {
      readonly journal: JournalName
    }
    let n = 0
    const one =
      (...key: readonly string[]) =>
      () => {
        const where = ['--storage', 'docdb', '--set', `storage.docdb.url=sqlite:${join(scratch(), 'prov.db')}`]
        const args = [BIN, 'store', ...where, ...truth.flags, ...key, '--quiet', ...manyRuns(1, { from: n++ })]
        const command: Command = { command: process.execPath, args, env: cleanEnv(secrets) }
        return once(command)
      }
    const figures = await rounds(turns, {
      journal: one('--key', 'journal:', ...store),
      file: one('--key', join(folder, `${journal.id}-1.key`)),
    })
    print(
      `prov store --key journal:, ${engine}`,
      figures.journal.ms,
      '--key FILE',
      figures.file.ms,
      'ms',
      'at most 1.1',
    )
  } finally {
    await truth.close()
  }
}

/** @example await journalBench(10, print) */
export async function journalBench(turns: number, print: Print): Promise<void> {
  for (const engine of ENGINES) {
    await steps(engine, turns, print)
    await storing(engine, turns, print)
  }
}
