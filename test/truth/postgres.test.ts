import pg from 'pg'
import { expect, it } from 'vitest'
import { commit } from '../../src/truth/commit.ts'
import { openTruth, type TruthPlace } from '../../src/truth/open.ts'
import { openPostgres, refuseServer } from '../../src/truth/postgres.ts'
import { describeWith } from '../servers/endpoints.ts'
import { committed, imageItem, makeRun, owed, paged, runItem } from './made.ts'
import { type PostgresRig, postgresRig } from './rigs.ts'
import { truthSuite } from './suite.ts'

describeWith(['postgresql'], 'PostgreSQL', () => {
  truthSuite('postgres', postgresRig)

  const withRig = async (work: (one: PostgresRig) => Promise<void>): Promise<void> => {
    const one = await postgresRig()
    try {
      await work(one)
    } finally {
      await one.close()
    }
  }

  it('a reader in commit order waits for a transaction that began earlier, and misses nothing of it', async () => {
    await withRig(async ({ migrate, open, sql, full }) => {
      await migrate()
      const truth = await open()
      await committed(truth, await runItem(makeRun('a'), [owed('oci')]))
      const slow = new pg.Client({ connectionString: full })
      await slow.connect()
      await slow.query('BEGIN')
      await slow.query(
        `INSERT INTO entry(uri, format, id, bytes, keyids, source, created)
         SELECT 'prov:slow', format, 'slow', bytes, keyids, source, created FROM entry LIMIT 1`,
      )
      await committed(truth, await runItem(makeRun('b'), [owed('oci')]))
      const first = await paged(truth, 1)
      expect(first).toHaveLength(1) // the entry that was committed after it has to wait
      await slow.query('COMMIT')
      await slow.end()
      const rest = await paged(truth, 2, first.at(-1))
      expect(rest.map(({ uri }) => uri)).toContain('prov:slow')
      expect(rest).toHaveLength(2)
      expect(await sql('SELECT seq FROM entry')).toHaveLength(3)
      await truth.close()
    })
  })

  it('without tables is no truth', async () => {
    await withRig(async ({ open }) => {
      await expect(open()).rejects.toMatchObject({ code: 'config_invalid', message: /no tables/ })
    })
  })

  it('a wrong password, an unknown database and a closed port have their own words', async () => {
    await withRig(async ({ place }) => {
      const at = (more: Partial<TruthPlace>) => openTruth({ ...place, ...more }, { make: false })
      const elsewhere = (change: (url: URL) => void): string => {
        const url = new URL(place.url)
        change(url)
        return url.href
      }
      await expect(at({ password: 'wrong' })).rejects.toMatchObject({ code: 'denied' })
      const unknown = elsewhere((url) => {
        url.pathname = 'no_such'
      })
      await expect(at({ url: unknown })).rejects.toMatchObject({
        code: 'config_invalid',
        message: /the database does not exist/,
      })
      const closed = elsewhere((url) => {
        url.port = '1'
      })
      await expect(at({ url: closed })).rejects.toMatchObject({
        code: 'unreachable',
        location: expect.stringMatching(/^postgres:\/\/prov@127.0.0.1:1\/t_/),
      })
    })
  })

  it('with synchronous_commit off for the role is refused', async () => {
    await withRig(async ({ migrate, open, sql }) => {
      await migrate()
      const [row] = await sql('SELECT current_database() AS name')
      await sql(`ALTER DATABASE ${String(row?.['name'])} SET synchronous_commit = off`)
      await expect(open()).rejects.toMatchObject({ code: 'config_invalid', message: /synchronous_commit/ })
    })
  })

  it('restored on another server is refused until it is adopted; then every entry is paged', async () => {
    await withRig(async ({ migrate, adopt, open, sql }) => {
      await migrate()
      const before = await open()
      await committed(before, await runItem(makeRun('a'), [owed('oci')]))
      await before.close()
      await sql("UPDATE entry SET xid = '9000000000'")
      await sql("UPDATE meta SET value = '1' WHERE key = 'system'")
      await expect(open()).rejects.toMatchObject({ code: 'config_invalid', message: /restored/ })
      await adopt()
      const truth = await open()
      await committed(truth, await runItem(makeRun('b'), [owed('oci')]))
      expect(await paged(truth, 2)).toHaveLength(2)
      await truth.close()
    })
  })

  it('what nobody has committed yet takes one statement, which writes the same rows as several would', async () => {
    const [a, b] = [makeRun('a'), { ...makeRun('b'), namespace: 'half \ud800' }]
    const seals = [{ backend: 'tekton', host: 'machine-b' }]
    const error = { code: 'occupied' as const, message: 'nul \u0000' }
    const items = [
      await runItem(a, [owed('oci'), owed('gcs', { state: 'held', error, host: 'machine-b' })], { seals }),
      await imageItem(a, [owed('s3', { required: false, foreign: true }), owed('s3', { action: 'send' })]),
      await runItem(b, [owed('oci', { state: 'done' })], { source: 'adopted' }),
    ]
    const ways = await Promise.all(
      [true, false].map(async (takesSeveral) => {
        const tables: (readonly unknown[])[] = []
        await withRig(async ({ migrate, place, sql }) => {
          await migrate()
          const { password } = place
          const db = await openPostgres({ ...place, password, connections: 1, location: 'test' })
          const transaction: typeof db.transaction = (work) => {
            if (takesSeveral) throw new Error('it takes several statements')
            return db.transaction(work)
          }
          const made = await commit({ ...db, transaction, dialect: { ...db.dialect, takesSeveral } }, items)
          await db.close()
          tables.push(
            made.items?.map(({ deliveries }) => deliveries.map((one) => ({ ...one, due: 0, changed: 0 }))) ?? [],
          )
          for (const [table, times] of [
            ['run', 'created'],
            ['entry', 'created, xid'],
            ['item', ''],
            ['delivery', 'due, changed'],
            ['term', ''],
          ] as const) {
            const rows = await sql(`SELECT * FROM ${table} ORDER BY 1, 2`)
            const same = Object.fromEntries(times.split(', ').map((name) => [name, 0]))
            tables.push(rows.map((row) => ({ ...row, ...same })))
          }
        })
        return tables
      }),
    )
    expect(ways[0]).toEqual(ways[1])
    expect(ways[0]?.map((rows) => rows.length)).toEqual([3, 2, 3, 3, 5, expect.any(Number)])
  })

  it('a connection that is cut in the middle of a commit leaves nothing half made, and the next call has a new one', async () => {
    await withRig(async ({ migrate, open, sql }) => {
      await migrate()
      const truth = await open()
      await committed(truth, await runItem(makeRun('a'), [owed('oci')]))
      await sql(`CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$`)
      await sql('CREATE TRIGGER cut BEFORE INSERT ON delivery FOR EACH ROW EXECUTE FUNCTION cut()')
      const item = await runItem(makeRun('b'), [owed('oci')])
      await expect(truth.commit([item])).rejects.toMatchObject({ code: 'unreachable' })
      await sql('DROP TRIGGER cut ON delivery')
      expect(await paged(truth, 1)).toHaveLength(1)
      await committed(truth, item)
      expect(await paged(truth, 2)).toHaveLength(2)
      await truth.close()
    })
  })

  it.each([
    [{ version: 140_012, name: '14.12' }, 'not_supported', /PostgreSQL 14.12 is too old: 15 or newer/],
    [{ standby: true }, 'config_invalid', /standby/],
    [{ fsync: 'off' }, 'config_invalid', /fsync/],
  ])('a server that says %j is refused', async (says, code, message) => {
    const row = { version: 150_000, name: '15', standby: false, sync: 'on', fsync: 'on', ...says }
    await expect(refuseServer(async () => [row], { location: 'postgres://db/prov' })).rejects.toMatchObject({
      code,
      message,
    })
  })

  it('a connection on which another schema counts than truth.schema is refused', async () => {
    const row = { version: 150_000, name: '15', standby: false, sync: 'on', fsync: 'on', path: '"$user", public' }
    const asked = { location: 'postgres://db/prov', schema: 'prov' }
    await expect(refuseServer(async () => [row], asked)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('drops truth.schema'),
    })
    await expect(refuseServer(async () => [{ ...row, path: 'prov' }], asked)).resolves.toBeUndefined()
  })
})
