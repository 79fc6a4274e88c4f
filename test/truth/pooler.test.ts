import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { migrateTruth, openTruth, type TruthPlace } from '../../src/truth/open.ts'
import { describeWith } from '../servers/endpoints.ts'
import { type Pooler, startPooler } from '../support/pooler.ts'
import { committed, makeRun, owed, runItem } from './made.ts'
import { type PostgresRig, postgresRig } from './rigs.ts'
import { truthSuite } from './suite.ts'

function elsewhere(database: string, server: string): string {
  const url = new URL(server)
  url.pathname = new URL(database).pathname
  return url.href
}

describeWith(['postgresql', 'pgbouncer'], 'PostgreSQL behind a pooler in transaction mode', () => {
  let rig: PostgresRig
  let pooler: Pooler
  let place: TruthPlace
  beforeAll(async () => {
    rig = await postgresRig()
    await rig.migrate()
    pooler = await startPooler(rig.place, 3)
    place = { url: pooler.url, password: pooler.password, newId: randomUUID() }
  })
  afterAll(async () => {
    await pooler.close()
    await rig.close()
  })

  truthSuite('pooled', async () => {
    const one = await postgresRig()
    const through = { url: elsewhere(one.place.url, pooler.url), password: pooler.password, newId: randomUUID() }
    return { ...one, open: () => openTruth(through, { make: false }), make: () => openTruth(through, { make: true }) }
  })

  it('commits what comes again and again, from several processes at the same time, each once', async () => {
    const truths = await Promise.all(Array.from({ length: 4 }, () => openTruth(place, { make: false })))
    const names = Array.from({ length: 25 }, (_, n) => n)
    const seqs = await Promise.all(
      truths.flatMap((truth, t) =>
        names.map(async (n) => {
          const [one] = await committed(truth, await runItem(makeRun(`run-${t}-${n}`), [owed('oci'), owed('gcs')]))
          return one?.seq
        }),
      ),
    )
    expect(new Set(seqs).size).toBe(100)
    expect(await rig.sql('SELECT DISTINCT uid FROM run')).toHaveLength(100)
    const states = await rig.sql(
      "SELECT count(*)::int AS n FROM delivery WHERE state = 'pending' GROUP BY target ORDER BY target",
    )
    expect(states).toEqual([{ n: 100 }, { n: 100 }])
    await Promise.all(truths.map((truth) => truth.close()))
  })

  it('a wrong password is a refused login, not a broken connection', async () => {
    const wrong = openTruth({ ...place, password: 'wrong' }, { make: false })
    await expect(wrong).rejects.toMatchObject({ code: 'denied', message: expect.stringContaining('login') })
  })

  it('refuses truth.schema where the pooler does not take it, or drops it', async () => {
    const named = { ...place, schema: 'prov' }
    const refusal = { code: 'config_invalid', hint: expect.stringContaining('SET search_path') }
    await expect(openTruth(named, { make: false })).rejects.toMatchObject({ ...refusal, message: /does not take/ })
    const drops = await startPooler(rig.place, 1, 'ignore_startup_parameters = options')
    try {
      const through = { ...named, url: drops.url }
      const found = { ...refusal, message: /drops truth\.schema: tables would be looked for in "\$user", public/ }
      await expect(openTruth(through, { make: false })).rejects.toMatchObject(found)
      await expect(migrateTruth(through, { make: true })).rejects.toMatchObject(found)
    } finally {
      await drops.close()
    }
  })
})
