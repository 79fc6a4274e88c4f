/** What every transport has to bear; the same final state of the truth after each, and without any of them. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openMemory } from '../../backends/memory/backend.ts'
import { openTellers } from '../../src/delivery/wake/open.ts'
import type { Transport } from '../../src/delivery/wake/wake.ts'
import { runWorker } from '../../src/delivery/worker.ts'
import { pause } from '../../src/platform/io.ts'
import { openTruth } from '../../src/truth/open.ts'
import type { Truth } from '../../src/truth/truth.ts'
import { trustOf } from '../support/makers.ts'
import { scratch } from '../support/scratch.ts'
import { committed, HOST, makeRun, owed, runItem, testKey } from '../truth/made.ts'
import type { Waker } from './servers.ts'

const NONSENSE = Buffer.alloc(1_000_000, '{"prov":"\u0000not what it says')

interface Bench {
  readonly truth: Truth
  /** Transports that woke the worker, `poll` for looks without; lines about losses; looks at the truth. */
  readonly woke: string[]
  readonly lost: string[]
  looks(): number
  commit(name: string): Promise<void>
  /** Rows by state, once nothing is pending. */
  settled(ms?: number): Promise<Readonly<Record<string, number>>>
  /** Milliseconds that the worker took to end. */
  end(): Promise<number>
}

async function bench(wake: readonly Transport[]): Promise<Bench> {
  const truth = await openTruth({ url: `sqlite:${join(scratch(), 'truth.db')}`, newId: randomUUID() }, { make: true })
  const memory = openMemory({
    setting: () => undefined,
    env: {},
    now: () => 0,
    random: (size) => new Uint8Array(size),
    debug: () => undefined,
  })
  const drain = new AbortController()
  const [woke, lost]: [string[], string[]] = [[], []]
  let looks = 0
  const trust = trustOf(await testKey())
  const ended = runWorker({
    truth,
    backend: (name) => (name === 'memory' ? memory : undefined),
    trust: () => trust,
    retry: { now: Date.now, sleep: pause, random: Math.random },
    drain: drain.signal,
    holder: randomUUID(),
    host: HOST,
    leaseMs: 60_000,
    concurrency: 4,
    targets: ['memory'],
    once: false,
    drainMs: 1000,
    sleep: pause,
    failed: (error) => lost.push(error.message),
    looked: () => {
      looks++
    },
    told: () => undefined,
    wake,
    woke: (transport) => woke.push(transport),
    wakeLost: (line) => lost.push(line),
  })
  return {
    truth,
    woke,
    lost,
    looks: () => looks,
    commit: async (name) => {
      const made = await runItem(makeRun(name), [])
      const [slot] = memory.slots(made.about)
      await committed(truth, { ...made, deliveries: [owed('memory', slot === undefined ? {} : { slot })] })
    },
    settled: async (ms = 15_000) => {
      const until = Date.now() + ms
      for (;;) {
        const rows = Object.fromEntries((await truth.count()).map(({ state, rows }) => [state, rows]))
        if (rows['pending'] === undefined || Date.now() > until) return rows
        await sleep(20)
      }
    },
    end: async () => {
      const began = Date.now()
      drain.abort()
      await ended
      await truth.close()
      return Date.now() - began
    },
  }
}

const reached = async (isSo: () => boolean, ms = 20_000): Promise<void> => {
  const until = Date.now() + ms
  while (!isSo() && Date.now() < until) await sleep(20)
}

export function pollAlone(): void {
  it('reaches the same state by looking alone', { timeout: 40_000 }, async () => {
    const at = await bench([])
    await sleep(500)
    for (const name of ['a', 'b', 'c']) await at.commit(name)
    expect(await at.settled()).toEqual({ done: 3 })
    await at.end()
    expect(new Set(at.woke)).toEqual(new Set(['poll']))
  })
}

export function wakeSuite(name: string, open: () => Promise<Waker>): void {
  describe(`woken by ${name}`, { timeout: 120_000 }, () => {
    let waker: Waker
    beforeAll(async () => {
      waker = await open()
    }, 60_000)
    afterAll(() => waker.close())

    /** A worker that is connected, and has nothing to do. */
    async function idle(): Promise<Bench> {
      const at = await bench([waker.transport])
      await reached(() => at.woke.includes(name))
      expect(at.lost).toEqual([])
      await sleep(500)
      return at
    }

    it('looks at once, and ends within two seconds', async () => {
      const at = await idle()
      const before = at.woke.length
      await at.commit('a')
      await waker.send(Buffer.from('x'))
      expect(await at.settled()).toEqual({ done: 1 })
      await reached(() => at.woke.length > before)
      expect(at.woke.slice(before)).toContain(name)
      expect(await at.end()).toBeLessThan(2000)
    })

    it('counts a message once', async () => {
      const at = await idle()
      const hints = (): number => at.woke.filter((one) => one === name).length
      for (let number = 0; number < 3; number++) {
        const before = hints()
        await waker.send(Buffer.from('x'))
        await reached(() => hints() > before)
        await sleep(500)
        expect(hints()).toBe(before + 1)
      }
      await at.end()
    })

    it('hears what store tells of a commit', async () => {
      const at = await idle()
      const before = at.woke.filter((one) => one === name).length
      const tellers = openTellers([waker.target], waker.context)
      await at.commit('a')
      expect(await tellers.tell(5000)).toEqual([waker.target.location])
      tellers.close()
      expect(await at.settled()).toEqual({ done: 1 })
      await reached(() => at.woke.filter((one) => one === name).length > before)
      expect(at.woke.filter((one) => one === name).length).toBeGreaterThan(before)
      await at.end()
    })

    it('comes to the same state: each message three times, in another order, a tenth lost, nonsense, and silence', async () => {
      const at = await idle()
      const messages: string[] = []
      for (let number = 0; number < 20; number++) {
        await at.commit(`run-${number}`)
        // Sent thrice and out of order; of ten one never comes.
        if (number % 10 !== 3) messages.push(`${number}`, `${number}`, `${number}`)
        if (number % 5 === 4) for (const message of messages.splice(0).reverse()) await waker.send(Buffer.from(message))
        if (number % 10 === 9) await waker.send(NONSENSE)
      }
      expect(await at.settled()).toEqual({ done: 20 })
      await at.commit('in-silence')
      expect(await at.settled()).toEqual({ done: 21 })
      expect(at.lost).toEqual([])
      await at.end()
    })

    it('costs no more than some ten looks a second, whatever is sent', async () => {
      const at = await idle()
      const [looks, began] = [at.looks(), Date.now()]
      while (Date.now() - began < 3000) await waker.send(NONSENSE)
      const seconds = (Date.now() - began) / 1000
      expect(at.looks() - looks).toBeLessThan(11 * seconds + 5)
      await at.commit('after')
      expect(await at.settled()).toEqual({ done: 1 })
      expect(await at.end()).toBeLessThan(2000)
    })

    it('goes on without its server, says so once, and connects again', async () => {
      const at = await idle()
      await waker.kill()
      await at.commit('without')
      expect(await at.settled()).toEqual({ done: 1 })
      await reached(() => at.lost.length > 0)
      await sleep(2500)
      expect(at.lost).toEqual([expect.stringContaining(`${name} at `)])
      const before = at.woke.filter((one) => one === name).length
      await waker.start()
      await reached(() => at.woke.filter((one) => one === name).length > before)
      expect(at.woke.filter((one) => one === name).length).toBeGreaterThan(before)
      await at.commit('again')
      await waker.send(Buffer.from('x'))
      expect(await at.settled()).toEqual({ done: 2 })
      expect(at.lost.length).toBe(1)
      expect(await at.end()).toBeLessThan(2000)
    })

    it('tells nobody, in time and without a word, where the server is gone', async () => {
      await waker.kill()
      const tellers = openTellers([waker.target], waker.context)
      const began = Date.now()
      expect(await tellers.tell(200)).toEqual([])
      tellers.close()
      expect(Date.now() - began).toBeLessThan(1000)
      await waker.start()
    })
  })
}
