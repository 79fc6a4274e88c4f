/** Four objects are one copy: whatever stops a writer, and however many write at once, nobody sees a part or a mixture. */
import { verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { keyBeside } from '../../../backends/shared/image-key.ts'
import type { Found, Slot } from '../../../src/backend/backend.ts'
import { ProvError } from '../../../src/errors.ts'
import { type Entry, holds, type Kind } from '../../../src/model/entry.ts'
import { signedBytes } from '../../../src/model/envelope.ts'
import { calm, collect, entries, expectSame, look } from '../../conformance/checks.ts'
import { aboutOf, LEAF, ROOT, SAMPLE_KEY, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { backendOn, type Handle, type Shared, shared } from '../../support/memory-objects.ts'

const image = sampleImage('registry.example/acme/app', 'app')
const run = sampleRun('build-1', image)
const KINDS = ['dsse', 'raw'] as const

function slotFor(kind: Kind): Slot {
  const [slot] = backendOn(shared()).slots(aboutOf(kind, run, image))
  if (slot === undefined) throw new Error('no slot')
  return slot
}

/** Entries that differ in payload, in signature alone, and in certificate alone. */
function candidates(kind: Kind): readonly Entry[] {
  const one = sampleEntry(kind, run, image, 'one')
  return [
    one,
    sampleEntry(kind, run, image, 'one'),
    sampleEntry(kind, run, image, 'one', { certificate: LEAF, chain: ROOT }),
    sampleEntry(kind, run, image, 'one', { certificate: ROOT, chain: LEAF }),
    sampleEntry(kind, run, image, 'two', { certificate: LEAF }),
    sampleEntry(kind, run, image, 'three'),
  ]
}

/** What stands there is nothing, or one of the entries whole: its signature verifies, its certificate is its own. */
function expectWhole(found: readonly Found[], wanted: readonly Entry[]): void {
  expect(found.length).toBeLessThan(2)
  for (const { entry, damage } of found) {
    expect(damage).toBeUndefined()
    const [signature] = entry?.signatures ?? []
    if (entry === undefined || signature === undefined) throw new Error('no entry')
    expect(verify('sha256', signedBytes(entry), SAMPLE_KEY, signature.sig)).toBe(true)
    const same = wanted.find((w) => holds(w, entry))
    expect(same).toBeDefined()
    expect(signature.certificate).toBe(same?.signatures[0]?.certificate)
    expect(signature.chain).toBe(same?.signatures[0]?.chain)
  }
}

/** Ends at the nth operation, before or after it is done. */
function killedAt(n: number, when: 'before' | 'after'): Handle {
  let count = 0
  return {
    [when]: () => {
      if (++count === n) throw new ProvError('unreachable', 'killed')
      if (count > n) throw new Error('the dead do not write')
    },
  }
}

describe.each(KINDS)('%s: a writer that dies', (kind) => {
  const slot = slotFor(kind)
  const [first, ...others] = candidates(kind)
  if (first === undefined) throw new Error('no candidates')
  const starts = { put: undefined, 'put over leftovers': 3, replace: 100 } as const

  for (const [title, start] of Object.entries(starts)) {
    for (const when of ['before', 'after'] as const) {
      it(`${title}, ${when} any operation: the next put completes the copy`, { timeout: 120_000 }, async () => {
        for (const next of [first, ...others.slice(1)]) {
          for (let n = 1; ; n++) {
            const store = shared()
            const old = others[3] ?? first
            if (start !== undefined) {
              await backendOn(store, killedAt(start === 100 ? 1000 : 4, 'after'))
                .put(slot, old, calm())
                .catch(() => {})
            }
            const died = await attempt(store, slot, first, killedAt(n, when), start === 100)
            expectWhole(await look(backendOn(store), slot), [first, old])
            const receipt = await backendOn(store, {}, 1).put(slot, next, calm())
            const found = await look(backendOn(store), slot)
            expect(found).toHaveLength(1)
            expectWhole(found, [first, next, old])
            if (receipt.outcome !== 'occupied') expectSame((await entries(backendOn(store), slot))[0], next)
            if (!died) break
          }
        }
      })
    }
  }
})

/** True when the writer died on the way. */
async function attempt(store: Shared, slot: Slot, entry: Entry, handle: Handle, replace: boolean): Promise<boolean> {
  const backend = backendOn(store, handle, 1)
  try {
    if (!replace) await backend.put(slot, entry, calm())
    else {
      const [found] = await look(backendOn(store), slot)
      if (found === undefined) throw new Error('nothing to replace')
      await backend.replace?.(slot, found, entry, calm())
    }
    return false
  } catch (error) {
    expect(error).toMatchObject({ code: 'unreachable' })
    return true
  }
}

describe.each(KINDS)('%s: writers at once', (kind) => {
  const slot = slotFor(kind)
  it('20 with unlike entries: one wins, nothing is lost or mixed, readers see whole copies only', async () => {
    for (let round = 0; round < 15; round++) {
      const store = shared()
      const wanted = Array.from({ length: 20 }, (_, i) => candidates(kind)[(i + round) % 6] ?? fail())
      const random = numbers(round * 7 + 1)
      const late: Handle = { before: () => new Promise((go) => setTimeout(go, random() * 4)) }
      let writing = true
      const reader = (async () => {
        while (writing) expectWhole(await look(backendOn(store, late), slot), wanted)
      })()
      const ends = await Promise.allSettled(wanted.map((entry) => backendOn(store, late).put(slot, entry, calm())))
      writing = false
      await reader
      const [stands] = await entries(backendOn(store), slot)
      const written = wanted.filter((_, i) => outcome(ends[i]) === 'written')
      expect(written).toHaveLength(1)
      expectSame(stands, written[0] ?? fail())
      expectWhole(await look(backendOn(store), slot), wanted)
      for (const end of ends) expect(['written', 'occupied', 'unchanged', 'conflict']).toContain(outcome(end))
    }
  })

  it('some die, all are tried again: each is told the truth about what stands there', {
    timeout: 120_000,
  }, async () => {
    for (let round = 0; round < 25; round++) {
      const store = shared()
      const random = numbers(round * 31 + 5)
      const wanted = candidates(kind)
      const shaky = (): Handle => ({
        before: () => new Promise((go) => setTimeout(go, random() * 3)),
        after: () => {
          if (random() < 0.06) throw new ProvError('unreachable', 'cut off')
        },
      })
      const ends = await Promise.all(
        wanted.map(async (entry) => {
          for (let tries = 0; tries < 60; tries++) {
            try {
              return (await backendOn(store, shaky(), 10).put(slot, entry, calm())).outcome
            } catch (error) {
              expect(error).toMatchObject({ retryable: true })
            }
          }
          return fail()
        }),
      )
      const found = await look(backendOn(store), slot)
      expectWhole(found, wanted)
      expect(found).toHaveLength(1)
      const [stands] = await entries(backendOn(store), slot)
      for (const [i, end] of ends.entries()) {
        if (end === 'occupied') continue
        expectSame(stands, wanted[i] ?? fail())
      }
    }
  })
})

function outcome(end: PromiseSettledResult<{ readonly outcome: string }> | undefined): string {
  if (end?.status === 'fulfilled') return end.value.outcome
  return end?.reason instanceof ProvError ? end.reason.code : 'unknown'
}

function fail(): never {
  throw new Error('cannot be')
}

/** A small generator, so that a failure comes again (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

describe.each(KINDS)('%s: at the worst moment', (kind) => {
  const slot = slotFor(kind)
  const [, , one, two] = candidates(kind)

  it('a slow writer cannot end its copy once another has taken its place over', async () => {
    if (one === undefined || two === undefined) return fail()
    const store = shared()
    const takenOver = Promise.withResolvers<void>()
    const slowDone = Promise.withResolvers<void>()
    const slow = backendOn(store, {
      before: async (operation, name) => {
        if (operation === 'put' && name.endsWith('.signature')) await takenOver.promise
      },
    }).put(slot, one, calm())
    const next = backendOn(
      store,
      {
        before: async (operation, name) => {
          const first = store.objects.get(name)
          if (operation !== 'put' || !name.endsWith('.signature') || first === undefined) return
          takenOver.resolve()
          await slowDone.promise
        },
        after: (operation, name) => {
          // Without a mark it gets here first.
          if (operation === 'put' && name.endsWith('.chain')) takenOver.resolve()
        },
      },
      1,
    ).put(slot, two, calm())
    const [a] = await Promise.allSettled([slow.finally(() => slowDone.resolve())])
    const [b] = await Promise.allSettled([next])
    const found = await look(backendOn(store), slot)
    expectWhole(found, [one, two])
    expect(found).toHaveLength(1)
    expect([outcome(a), outcome(b)].filter((end) => end === 'written')).toHaveLength(1)
    expectSame(found[0]?.entry, outcome(a) === 'written' ? one : two)
  })

  it('a copy that is replaced while it is read comes back as the old or the new one', async () => {
    if (one === undefined || two === undefined) return fail()
    const store = shared()
    await backendOn(store).put(slot, one, calm())
    let replaced: Promise<unknown> | undefined
    const reader = backendOn(store, {
      before: async (operation, name) => {
        if (operation !== 'get' || !name.endsWith('.cert') || replaced !== undefined) return
        const other = backendOn(store)
        replaced = look(other, slot).then(([found]) => other.replace?.(slot, found ?? fail(), two, calm()))
        await replaced
      },
    })
    expectWhole(await look(reader, slot), [one, two])
    expectSame((await entries(backendOn(store), slot))[0], two)
  })
})

describe('two images with one key', () => {
  const twin = { repository: 'registry.example/acme/twin', digest: `${image.digest.slice(0, 19)}${'0'.repeat(52)}` }
  const slots = [image, twin].map((one) => backendOn(shared()).slots(aboutOf('raw', run, one))[0] ?? fail())

  it("both are kept, the second beside Chains' own place", async () => {
    const store = shared()
    const backend = backendOn(store)
    const [a, b] = [sampleEntry('raw', run, image), sampleEntry('raw', run, twin)]
    const [slotA, slotB] = slots
    if (slotA === undefined || slotB === undefined) return fail()
    const ends = await Promise.all([backend.put(slotA, a, calm()), backendOn(store).put(slotB, b, calm())])
    expect(ends.map((end) => end.outcome)).toEqual(['written', 'written'])
    expectSame((await entries(backend, slotA))[0], a)
    expectSame((await entries(backend, slotB))[0], b)
    const names = [...store.objects.keys()].filter((name) => name.endsWith('.signature'))
    expect(names).toHaveLength(2)
    expect(names).toContain(`taskrun-ci-build-1/${image.digest.slice(7, 19)}.signature`)
    expect(names.some((name) => [image, twin].some((one) => name.includes(keyBeside(one))))).toBe(true)
    expect((await collect(backend.list?.({}, calm()) ?? fail())).map((slot) => slot.key).sort()).toEqual(
      [slotA.key, slotB.key].sort(),
    )
    expect((await backend.put(slotB, b, calm())).outcome).toBe('unchanged')
  })
})

describe('what has no run', () => {
  it('has a place of its own', async () => {
    const store = shared()
    const backend = backendOn(store)
    const alone = { ...aboutOf('raw', run, image), artifact: { type: 'image', image } as const }
    const payload = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}')
    const statement = { type: 'statement', name: 's.json', payload, predicateType: 'p', subjects: [] } as const
    const about = { artifact: statement, kind: 'dsse', subjects: [] } as const
    const [one, two] = [backend.slots(alone)[0] ?? fail(), backend.slots(about)[0] ?? fail()]
    expect(one.key).toBe(`gs://b/image/${keyBeside(image)} (${image.repository}@${image.digest})`)
    expect(two.key).toMatch(/^gs:\/\/b\/statement\/[0-9a-f]{64}$/)
    await backend.put(one, sampleEntry('raw', run, image), calm())
    await backend.put(two, sampleEntry('dsse', run, image), calm())
    expect((await collect(backend.list?.({}, calm()) ?? fail())).map((slot) => slot.key)).toEqual([one.key, two.key])
    expect(await collect(backend.list?.({ namespace: 'ci' }, calm()) ?? fail())).toEqual([])
  })

  it('a run whose name could leave its folder is refused', () => {
    const bad = { ...run, name: '../../etc' }
    expect(() => backendOn(shared()).slots(aboutOf('dsse', bad, image))).toThrow(
      expect.objectContaining({ code: 'input_invalid', backend: 'gcs' }),
    )
  })
})

describe('leftovers', () => {
  it('are absent, are not listed, and are replaced', async () => {
    const store = shared()
    const slot = slotFor('raw')
    const other = sampleEntry('raw', run, image, 'another run of the same build')
    await backendOn(store, killedAt(4, 'after'))
      .put(slot, other, calm())
      .catch(() => {})
    expect(store.objects.size).toBeGreaterThan(0)
    const backend = backendOn(store)
    expect(await look(backend, slot)).toEqual([])
    expect(await collect(backend.list?.({}, calm()) ?? fail())).toEqual([])
    const entry = sampleEntry('raw', run, image)
    expect((await backend.put(slot, entry, calm())).outcome).toBe('written')
    expectSame((await entries(backend, slot))[0], entry)
  })

  it('what Chains left out when it died is added: it writes the signature first', async () => {
    const store = shared()
    const slot = slotFor('raw')
    const entry = sampleEntry('raw', run, image)
    await backendOn(store).put(slot, entry, calm())
    const chain = [...store.objects.keys()].find((name) => name.endsWith('.chain')) ?? fail()
    store.objects.delete(chain)
    expectSame((await entries(backendOn(store), slot))[0], entry)
    expect((await backendOn(store).put(slot, entry, calm())).outcome).toBe('written')
    expect(store.objects.get(chain)?.bytes).toHaveLength(0)
    expect((await backendOn(store).put(slot, entry, calm())).outcome).toBe('unchanged')
  })
})
