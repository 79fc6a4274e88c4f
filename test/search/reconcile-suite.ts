/** What `prov reconcile --index` promises, over a real Redis: the same lines for both engines of the truth. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SCHEMAS } from '../../src/report/schemas/index.ts'
import { indexSource } from '../../src/search/index-source.ts'
import { type IndexStore, indexOver } from '../../src/search/index-store.ts'
import { connectRedis } from '../../src/search/redis.ts'
import type { Hit, SearchSource } from '../../src/search/source.ts'
import { truthSource } from '../../src/search/truth.ts'
import { openTruth, type TruthPlace } from '../../src/truth/open.ts'
import type { Truth } from '../../src/truth/truth.ts'
import { BIN, cleanEnv } from '../support/cli.ts'
import { provHere } from '../support/in-process.ts'
import { type OwnRedis, ownRedis } from '../support/redis.ts'
import type { FreshTruth } from '../support/truth.ts'
import { deliverAll, IDENTITY, type Many, many } from './many.ts'

export interface FreshPlace extends FreshTruth {
  place(): TruthPlace
}

const T = 'prov:{own}'

export function reconcileSuite(name: string, fresh: () => Promise<FreshPlace>, entries: number): void {
  describe(`reconcile --index over ${name}`, () => {
    let at: FreshPlace
    let truth: Truth
    let redis: OwnRedis
    let index: IndexStore
    let made: Many
    let validate: ValidateFunction
    beforeAll(async () => {
      validate = new Ajv2020({ strict: true }).compile((await SCHEMAS.reconcile.load()).schema)
      at = await fresh()
      if (at.needsInit) expect(await provHere(['truth', 'init', ...at.flags])).toMatchObject({ code: 0 })
      truth = await openTruth(at.place(), { make: true })
      redis = await ownRedis()
      index = indexOver(await connectRedis(redis, { readOnly: false }))
      made = await many()
      await made.commit(truth, entries)
      await deliverAll(truth, index, made.trust)
    }, 600_000)
    afterAll(async () => {
      await index.close()
      await truth.close()
      await redis.close()
      await at.close()
    })

    const flags = (): readonly string[] => ['reconcile', '--json', ...at.flags, ...redis.flags]
    /** Transactions of other tests on the same server keep the newest entries from being final for a moment. */
    const settled = async (): Promise<void> => {
      const horizon = await truth.horizon()
      for (const end = Date.now() + 30_000; Date.now() < end && !(await truth.isPast(horizon)); ) {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    const ask = async (...more: readonly string[]) => {
      await settled()
      const { code, stdout, stderr } = await provHere([...flags(), ...more])
      const lines = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
      for (const line of lines) expect(validate(line) ? [] : [line, validate.errors]).toEqual([])
      return { code, stderr, differences: lines.slice(0, -1), end: lines.at(-1) }
    }
    const live = async (): Promise<string> => (await index.live()) ?? ''
    const terms = async (): Promise<readonly string[]> => (await redis.raw.keys(`${T}:${await live()}:t:*`)).toSorted()
    /** Every hundredth pair of term and member. */
    const everyHundredth = async (from: number) => {
      const pairs: (readonly [string, string])[] = []
      for (const key of await terms()) {
        for (const member of await redis.raw.zrange(key, '0', '-1')) pairs.push([key, member])
      }
      return pairs.filter((_, i) => i % 100 === from)
    }

    it('the index gives the same entries as the truth: digests, keys, builders, identities, and all of them together', async () => {
      const [ours, theirs] = [indexSource(index.redis), truthSource(truth)]
      const page = await truth.termPage(undefined, 60)
      const asked = new Set(page.flatMap((one) => one.terms))
      expect([...asked].filter((term) => term.startsWith('builder:'))).toHaveLength(7)
      expect([...asked]).toContain(`identity:${IDENTITY.toLowerCase()}`)
      for (const term of asked) expect(await all(ours, [term]), term).toEqual(await all(theirs, [term]))
      for (const one of page) expect(await all(ours, one.terms)).toEqual(await all(theirs, one.terms))
      const both = [...asked].filter((term) => /^(?:builder|identity):/.test(term)).slice(0, 2)
      expect(await all(ours, both)).toEqual(await all(theirs, both))
    }, 120_000)

    it('says that both are equal, changes nothing, and a search learns of it only from a reconcile that may write', async () => {
      const { code, differences, end } = await ask()
      expect(end).toMatchObject({ entries, missing: 0, wrong: 0, extra: 0, exit: 0 })
      expect({ code, differences }).toEqual({ code: 0, differences: [] })
      const [one] = await truth.termPage(undefined, 1)
      const find = () => indexSource(index.redis).find([`entry:${one?.id}`], { limit: 1 })
      expect(await find()).toMatchObject({ complete: false })
      expect(await ask('--repair')).toMatchObject({ code: 0 })
      expect(await find()).toMatchObject({ complete: true, upTo: end.upTo })
    }, 120_000)

    it('counts what was deleted, added and changed exactly, and makes it good', async () => {
      const gone = await everyHundredth(1)
      const changed = await everyHundredth(2)
      const bogus = await everyHundredth(3)
      for (const [key, member] of gone) await redis.raw.zrem(key, member)
      for (const [key, member] of changed) await redis.raw.zadd(key, 'XX', 9_999_999, member)
      const stranger = `dsse:sha256:${'f'.repeat(64)}`
      for (const [i, [key]] of bogus.entries()) {
        // A number that there is with another id, one that there is not, and what prov never writes; some under terms of nobody.
        const member = i % 3 === 0 ? `1 ${stranger}` : i % 3 === 1 ? `88888888 ${stranger}` : `odd ${i}`
        await redis.raw.zadd(i % 2 === 0 ? key : `${T}:${await live()}:t:digest:sha256:bogus-${i}`, i, member)
      }
      const [{ seq, id } = { seq: 0, id: '' }] = await truth.termPage(undefined, 1)
      await redis.raw.hdel(`${T}:${await live()}:n`, `${seq} ${id}`)
      const pairs = new Set(bogus.map(([key], i) => (i % 3 === 2 ? `${i}` : `${i % 2 === 0 ? key : i} ${i % 3}`))).size
      const expected = { missing: gone.length + 1, wrong: changed.length, extra: pairs }
      const found = await ask()
      expect(found.end).toMatchObject({ ...expected, repaired: 0, pruned: 0, exit: 3 })
      expect(found.differences.filter(({ what }) => what === 'missing')).toHaveLength(gone.length + 1)
      expect(found.code).toBe(3)
      const repaired = await ask('--repair')
      expect(repaired.end).toMatchObject({
        ...expected,
        repaired: gone.length + 1 + changed.length,
        pruned: 0,
        exit: 3,
      })
      const pruned = await ask('--repair', '--prune')
      expect(pruned.end).toMatchObject({ missing: 0, wrong: 0, extra: pairs, pruned: pairs, exit: 0 })
      expect(await ask()).toMatchObject({ code: 0, differences: [], end: { missing: 0, wrong: 0, extra: 0 } })
    }, 300_000)

    it('what is missing alone is exit 5; with --since, what is older is not looked at', async () => {
      const [{ seq, id, terms: own } = { seq: 0, id: '', terms: [''] }] = await truth.termPage(undefined, 1)
      await redis.raw.zrem(`${T}:${await live()}:t:${own[0]}`, `${seq} ${id}`)
      expect(await ask()).toMatchObject({ code: 5, end: { missing: 1, wrong: 0, extra: 0 } })
      expect(await ask('--since', '2099-01-01')).toMatchObject({ code: 0, end: { entries: 0 } })
      expect(await ask('--repair')).toMatchObject({ code: 0, end: { missing: 1, repaired: 1 } })
      expect(await ask('--rebuild', '--prune')).toMatchObject({ code: 2 })
      expect(await ask('--resume')).toMatchObject({ code: 2 })
    }, 120_000)

    it('after FLUSHALL it is rebuilt under live stores, and a reader never misses what it could find before', async () => {
      await redis.raw.flushall()
      const source = indexSource(index.redis)
      const known = new Set<number>()
      const missed: number[] = []
      let isOver = false
      let polls = 0
      const poll = (async () => {
        while (!isOver) {
          const seen = new Set((await all(source, ['type:https://in-toto.io/attestation/none'])).map(({ seq }) => seq))
          for (const { seq } of await all(source, [await commonTerm(truth)])) seen.add(seq)
          for (const seq of known) if (!seen.has(seq)) missed.push(seq)
          for (const seq of seen) known.add(seq)
          polls += 1
        }
      })()
      const stores = (async () => {
        for (let i = 0; i < 20; i += 1) {
          await made.commit(truth, 10)
          await deliverAll(truth, index, made.trust)
        }
      })()
      const rebuilt = ask('--rebuild')
      await stores
      expect(await rebuilt).toMatchObject({ code: 0, end: { rebuilt: { resumed: false } } })
      isOver = true
      await poll
      expect(missed).toEqual([])
      expect(polls).toBeGreaterThan(2)
      expect(known.size).toBeGreaterThan(0)
      const { code, end } = await ask()
      expect(end).toMatchObject({ entries: entries + 200, missing: 0, wrong: 0, extra: 0 })
      expect(code).toBe(0)
      expect(await redis.raw.hlen(`${T}:${await live()}:n`)).toBe(entries + 200)
      expect((await redis.raw.keys(`${T}:*`)).filter((key) => /:\d+:/.test(key) && !key.startsWith(`${T}:`))).toEqual(
        [],
      )
      expect(new Set((await redis.raw.keys(`${T}:*:t:*`)).map((key) => key.split(':')[2]))).toEqual(
        new Set([await live()]),
      )
    }, 300_000)

    it('kill -9 in the middle of a rebuild: the index that is read stays whole, and --resume goes on', async () => {
      const before = await live()
      const child = spawn(process.execPath, [BIN, ...flags(), '--rebuild'], { env: cleanEnv(), stdio: 'ignore' })
      const ended = once(child, 'exit')
      let walk = ''
      for (const end = Date.now() + 60_000; Date.now() < end && child.exitCode === null; ) {
        walk = (await redis.raw.get(`${T}:walk`)) ?? ''
        if (/"entries":[1-9]/.test(walk)) break
      }
      child.kill('SIGKILL')
      await ended
      await redis.raw.pexpire(`${T}:lease`, 500) // not waited for: it runs out by itself after 30 s
      expect(walk).toMatch(/"entries":[1-9]/)
      expect(await live()).toBe(before)
      const copied = JSON.parse(walk).entries
      const resumed = await ask('--rebuild', '--resume')
      expect(resumed).toMatchObject({ code: 0, end: { rebuilt: { resumed: true } } })
      expect(resumed.end.entries).toBeGreaterThanOrEqual(copied)
      expect(await live()).not.toBe(before)
      expect(await ask()).toMatchObject({ code: 0, end: { missing: 0, wrong: 0, extra: 0 } })
    }, 180_000)

    it('two at once do no harm', async () => {
      const both = await Promise.all([ask('--rebuild'), ask('--repair', '--prune'), ask('--rebuild')])
      expect(both.map(({ code }) => code)).toEqual([0, 0, 0])
      expect(await ask()).toMatchObject({ code: 0, end: { missing: 0, wrong: 0, extra: 0 } })
    }, 180_000)

    it('the index of another truth is refused to --prune, and rebuilt on purpose', async () => {
      await redis.raw.set(`${T}:truth`, randomUUID())
      expect(await ask('--repair', '--prune')).toMatchObject({ code: 2 })
      expect(await ask('--rebuild')).toMatchObject({ code: 0 })
      expect(await ask('--prune')).toMatchObject({ code: 0 })
    }, 180_000)
  })
}

/** A term that every entry has. */
async function commonTerm(truth: Truth): Promise<string> {
  const [one] = await truth.termPage(undefined, 1)
  return one?.terms.find((term) => term.startsWith('type:')) ?? ''
}

async function all(source: SearchSource, terms: readonly string[]): Promise<readonly Hit[]> {
  const hits: Hit[] = []
  for (let after = 0; ; ) {
    const page = await source.find(terms, { after, limit: 1000 })
    hits.push(...page.hits)
    after = page.hits.at(-1)?.seq ?? after
    if (!page.more) return hits
  }
}
