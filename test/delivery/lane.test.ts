/** A lane over a real truth in SQLite and a backend in memory: what is delivered, what is kept back, and why. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openMemory } from '../../backends/memory/backend.ts'
import type { Backend } from '../../src/backend/backend.ts'
import { type LaneJob, runLane, type Told } from '../../src/delivery/lane.ts'
import { waitFor } from '../../src/delivery/wait.ts'
import { ProvError } from '../../src/errors.ts'
import type { RunArtifact } from '../../src/model/artifact.ts'
import { holds } from '../../src/model/entry.ts'
import { pause } from '../../src/platform/io.ts'
import { trustIn } from '../../src/trust/trusted-keys.ts'
import { openTruth } from '../../src/truth/open.ts'
import type { NewDelivery, NewItem, Truth } from '../../src/truth/truth.ts'
import { signer, trustOf } from '../support/makers.ts'
import { scratch } from '../support/scratch.ts'
import { committed, HOST, makeRun, owed, runItem, stateOf, testKey } from '../truth/made.ts'

const context = {
  setting: () => undefined,
  env: {},
  now: () => 0,
  random: (size: number) => new Uint8Array(size),
  debug: () => undefined,
}

describe('a lane', () => {
  let truth: Truth
  let file: string
  let memory: Backend
  let told: string[]
  beforeEach(async () => {
    file = join(scratch(), 'truth.db')
    truth = await openTruth({ url: `sqlite:${file}`, newId: randomUUID() }, { make: true })
    memory = openMemory(context)
    told = []
  })
  afterEach(() => truth.close())

  const sql = (text: string): void => {
    const db = new DatabaseSync(file)
    db.exec(text)
    db.close()
  }

  /** The provenance of a run, owed to the memory under its own location. */
  async function item(run: RunArtifact, more: Partial<NewItem> = {}, row: Partial<NewDelivery> = {}): Promise<NewItem> {
    const made = await runItem(run, [], more)
    const [slot] = memory.slots(made.about)
    if (slot === undefined) throw new Error('no slot')
    return { ...made, deliveries: [owed('memory', { slot, ...row })] }
  }

  async function run(more: Partial<LaneJob> = {}, lane = 'memory'): Promise<void> {
    const never = new AbortController().signal
    const trust = trustOf(await testKey())
    await runLane(lane, {
      truth,
      targets: ['memory'],
      backend: (name) => (name === 'memory' ? memory : undefined),
      trust: () => trust,
      retry: { now: () => 0, sleep: async () => undefined, random: () => 0 },
      drain: never,
      stop: never,
      holder: 'holder-1',
      host: HOST,
      leaseMs: 60_000,
      concurrency: 4,
      givenBack: new Set(),
      told: (row, what) => told.push(`${row.target} ${words(what)}`),
      ...more,
    })
  }

  const words = (what: Told): string =>
    'settled' in what ? what.settled.state : Object.keys(what)[0] === undefined ? '' : String(Object.keys(what)[0])

  const stored = async ({ about, entry }: NewItem): Promise<boolean> => {
    const [slot] = memory.slots(about)
    if (slot === undefined) throw new Error('no slot')
    const found = await memory.get(slot, { signal: new AbortController().signal })
    return found.some((one) => one.entry !== undefined && holds(one.entry, entry))
  }

  it('delivers what is owed, and marks the run as signed last of all', async () => {
    const sealed: string[] = []
    const at = makeRun('a')
    const made = await item(at, { seals: [{ backend: 'memory' }] })
    await committed(truth, made)
    memory = {
      ...memory,
      seal: async (one) => {
        sealed.push(`${one.name} ${await stored(made)}`)
      },
    }
    await run({}, 'seal/memory')
    expect(sealed).toEqual([])
    await run()
    expect(await stored(made)).toBe(true)
    await run({}, 'seal/memory')
    expect(sealed).toEqual(['a true'])
    expect((await truth.list({})).map(({ state }) => state)).toEqual(['done', 'done'])
    expect(told).toEqual(['memory done', 'seal done'])
  })

  it('gives back what none of its keys signed, goes on with the rest, and a worker with the key delivers it', async () => {
    const other = await signer()
    const foreign = await item(makeRun('a'))
    const signedByOther = await runItem(makeRun('a'), foreign.deliveries, {}, other)
    const ours = await item(makeRun('b'))
    await committed(truth, signedByOther, ours)
    await run()
    expect(told.sort()).toEqual(['memory done', 'memory givenBack'])
    expect(await stored(ours)).toBe(true)
    expect((await truth.list({ states: ['pending'] })).map(({ entryState }) => entryState)).toEqual(['good'])
    await run({ trust: () => trustOf(other) })
    expect(await stored(signedByOther)).toBe(true)
  })

  it('a payload byte changed by hand: quarantined, nothing leaves, the others go on', async () => {
    const [bad, good] = [await item(makeRun('a')), await item(makeRun('b'))]
    const [first] = await committed(truth, bad, good)
    const payload = Buffer.from(bad.entry.payload)
    payload[20] = (payload[20] ?? 0) ^ 1
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
    sql(
      `UPDATE entry SET bytes = CAST(replace(CAST(bytes AS TEXT), '${text(bad.entry.payload)}', '${text(payload)}') AS BLOB)
       WHERE seq = ${first?.seq}`,
    )
    await run()
    expect(told.sort()).toEqual(['memory done', 'memory quarantined'])
    expect(await stored(bad)).toBe(false)
    expect(await stored(good)).toBe(true)
    const [row] = await truth.list({ states: ['pending'] })
    expect(row).toMatchObject({ entryState: 'quarantined', error: { code: 'signature_invalid' } })
  })

  it('an entry whose key was revoked since is quarantined, with a code of its own', async () => {
    const made = await item(makeRun('a'))
    await committed(truth, made)
    const { publicKey } = await testKey()
    const revoked = trustIn([{ publicKey, source: 'a set', revoked: { since: 0, reason: 'stolen' } }])
    await run({ trust: () => revoked })
    expect(told).toEqual(['memory quarantined'])
    expect(await stored(made)).toBe(false)
    expect((await truth.list({ states: ['pending'] }))[0]?.error).toMatchObject({
      code: 'key_revoked',
      message: expect.stringContaining('stolen'),
    })
  })

  it('an entry moved to another artifact by hand is quarantined', async () => {
    const [a, b] = [await item(makeRun('a')), await item(makeRun('b'))]
    const [first, second] = await committed(truth, a, b)
    sql(`UPDATE entry SET bytes = (SELECT bytes FROM entry WHERE seq = ${second?.seq}) WHERE seq = ${first?.seq}`)
    await run()
    expect(told.sort()).toEqual(['memory done', 'memory quarantined'])
    expect(await stored(a)).toBe(false)
    expect((await truth.list({ states: ['pending'] }))[0]?.error).toMatchObject({ code: 'wrong_artifact' })
  })

  it.each([
    'not json',
    '[]',
    '{"backend":"memory","key":"elsewhere","kind":"dsse","holds":"one","address":{"place":"x"}}',
  ])('a location changed by hand to %s is held, and its neighbours go on', async (slot) => {
    const [a, b] = [await item(makeRun('a')), await item(makeRun('b'))]
    const [first] = await committed(truth, a, b)
    sql(`UPDATE delivery SET slot = '${slot}' WHERE id = ${first?.deliveries[0]?.id}`)
    await run()
    expect(told.sort()).toEqual(['memory done', 'memory held'])
    expect((await truth.list({ states: ['held'] }))[0]?.error).toMatchObject({ code: 'config_invalid' })
  })

  it('an outage costs one try a row at most, then the lane pauses; afterwards everything goes', async () => {
    const items = await Promise.all(Array.from({ length: 20 }, (_, at) => item(makeRun(`r${at}`))))
    await committed(truth, ...items)
    const alive = memory
    let tries = 0
    const fail = async (): Promise<never> => {
      tries += 1
      throw new ProvError('unreachable', 'no answer')
    }
    memory = { ...alive, put: fail }
    for (let pass = 0; pass < 30; pass += 1) {
      sql("UPDATE delivery SET due = 0 WHERE state = 'pending'")
      await run({ concurrency: 2 })
    }
    expect(tries).toBeLessThanOrEqual(20)
    expect((await truth.list({})).every(({ attempts }) => attempts === 0)).toBe(true)
    memory = alive
    sql("UPDATE lane SET paused_until = 0; UPDATE delivery SET due = 0 WHERE state = 'pending'")
    await run()
    expect(await stateOf(truth, 'memory')).toBe('done')
    expect(await truth.count()).toEqual([{ target: 'memory', state: 'done', rows: 20 }])
  })

  it('what another worker has taken over is stopped, and not settled', async () => {
    const made = await item(makeRun('a'))
    await committed(truth, made)
    const alive = memory
    let stopped = false
    memory = {
      ...alive,
      put: (_slot, _entry, { signal }) =>
        new Promise((_, reject) => {
          sql('UPDATE delivery SET fence = fence + 1')
          signal.addEventListener('abort', () => {
            stopped = true
            reject(new ProvError('aborted', 'stopped'))
          })
        }),
    }
    await run({ leaseMs: 600 })
    expect(stopped).toBe(true)
    expect(told[0]).toBe('memory stale')
  })

  it('drains: what is in flight is finished, nothing more is claimed', async () => {
    const drain = new AbortController()
    await committed(truth, await item(makeRun('a')), await item(makeRun('b')))
    const alive = memory
    memory = {
      ...alive,
      put: (...all) => {
        drain.abort()
        return alive.put(...all)
      },
    }
    await run({ drain: drain.signal, concurrency: 1 })
    expect((await truth.list({})).map(({ state }) => state).sort()).toEqual(['done', 'pending'])
  })

  describe('with places for 4', () => {
    const soon = (): AbortSignal => AbortSignal.timeout(20_000)
    /** Commits so many, and has each put go through `put`. */
    const many = async (rows: number, put: (n: number) => Promise<void>): Promise<void> => {
      const items = await Promise.all(Array.from({ length: rows }, (_, at) => item(makeRun(`run-${at}`))))
      await committed(truth, ...items)
      const alive = memory
      let puts = 0
      memory = {
        ...alive,
        put: async (...all) => {
          puts += 1
          await put(puts)
          return alive.put(...all)
        },
      }
    }

    it('one slow delivery holds up none of the others, and never more than 4 are made at once', async () => {
      const [others, done] = [Promise.withResolvers<void>(), told]
      let [now, most] = [0, 0]
      await many(12, async (n) => {
        now += 1
        most = Math.max(most, now)
        await (n === 1 ? Promise.race([others.promise, pause(20_000, soon())]) : pause(10, soon()))
        now -= 1
      })
      const stop = soon()
      const running = run({ stop })
      while (done.length < 11 && !stop.aborted) await pause(5, soon())
      expect(done).toHaveLength(11)
      others.resolve()
      await running
      expect(done).toHaveLength(12)
      expect(most).toBe(4)
    })

    it('after a failure of the backend nothing more is tried until all that is in flight has ended, and is counted together', async () => {
      const gate = Promise.withResolvers<void>()
      let puts = 0
      await many(12, async (n) => {
        puts = n
        if (n !== 1) await gate.promise
        throw new ProvError('unreachable', 'no answer')
      })
      const counted: number[] = []
      const laneFailed: Truth['laneFailed'] = (lane, error, chance, rows = 1) => {
        counted.push(rows)
        return truth.laneFailed(lane, error, chance, rows)
      }
      const running = run({ truth: { ...truth, laneFailed } })
      while (told.length < 1) await pause(5, soon())
      await pause(100, soon())
      expect([puts, counted]).toEqual([4, []])
      gate.resolve()
      await running
      expect([puts, counted]).toEqual([8, [4, 4]])
      expect(await truth.pausedLanes()).toEqual(['memory'])
    })

    it('a truth that does not answer any more ends it, once nothing is in flight', async () => {
      let isOver = false
      await many(6, async (n) => {
        if (n === 1) return
        await pause(100, soon())
        isOver = true
      })
      const settle: Truth['settle'] = async () => {
        throw new ProvError('unreachable', 'the database is gone')
      }
      await expect(run({ truth: { ...truth, settle } })).rejects.toMatchObject({ code: 'unreachable' })
      expect(isOver).toBe(true)
      expect((await truth.list({})).map(({ state }) => state)).toEqual(Array(6).fill('pending'))
    })

    it('the leases of all that is in flight are renewed; what was taken over is stopped', async () => {
      const renewed: number[] = []
      await many(6, async (n) => {
        if (n > 2) await pause(700, soon())
      })
      const renew: Truth['renew'] = async (claims, leaseMs) => {
        renewed.push(claims.length)
        return truth.renew(claims, leaseMs)
      }
      await run({ truth: { ...truth, renew }, leaseMs: 600 })
      expect(Math.max(...renewed)).toBe(4)
      expect(told).toEqual(Array(6).fill('memory done'))
    })
  })

  describe('delivered by who committed it', () => {
    const wait = async (rows: readonly number[], signal: AbortSignal) => {
      const trust = trustOf(await testKey())
      return waitFor({
        truth,
        backend: (name) => (name === 'memory' ? memory : undefined),
        trust: () => trust,
        retry: { now: () => 0, sleep: async () => undefined, random: () => 0 },
        holder: 'holder-1',
        host: HOST,
        leaseMs: 60_000,
        concurrency: 4,
        told: () => undefined,
        rows,
        targets: ['memory'],
        signal,
        sleep: pause,
      })
    }
    const soon = (): AbortSignal => AbortSignal.timeout(60_000)

    it('only these rows, and the mark once the last copy is done', async () => {
      const sealed: string[] = []
      memory = { ...memory, seal: async (one) => void sealed.push(one.name) }
      const [mine, other] = await committed(
        truth,
        await item(makeRun('a'), { seals: [{ backend: 'memory' }] }),
        await item(makeRun('b')),
      )
      expect(await wait(mine?.deliveries.map(({ id }) => id) ?? [], soon())).toEqual([])
      expect(sealed).toEqual(['a'])
      const [left] = await truth.list({ ids: other?.deliveries.map(({ id }) => id) ?? [] })
      expect(left?.state).toBe('pending')
    })

    it('goes on after an error that heals, and leaves what is not done when the time is over', async () => {
      const [made] = await committed(truth, await item(makeRun('a')))
      const rows = made?.deliveries.map(({ id }) => id) ?? []
      const alive = memory
      let tries = 0
      const failing = async (): Promise<never> => {
        tries += 1
        throw new ProvError('unreachable', 'no answer')
      }
      memory = { ...alive, put: failing }
      const stop = new AbortController()
      const over = wait(rows, stop.signal)
      while (tries === 0) await pause(10, soon())
      stop.abort()
      expect(await over).toEqual(rows)
      memory = { ...alive, put: (...all) => (tries++ === 1 ? failing() : alive.put(...all)) }
      expect(await wait(rows, soon())).toEqual([])
    })

    it('does not wait for what no waiting heals', async () => {
      const [made] = await committed(truth, await item(makeRun('a'), {}, { state: 'held' }))
      const rows = made?.deliveries.map(({ id }) => id) ?? []
      expect(await wait(rows, new AbortController().signal)).toEqual(rows)
    })
  })
})
