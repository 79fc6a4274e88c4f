/** The one way to write a copy, on a backend in memory and on ones that fail on purpose. */
import { beforeAll, describe, expect, test } from 'vitest'
import { openMemory } from '../../backends/memory/backend.ts'
import type { About, Backend, Context, Found, Slot } from '../../src/backend/backend.ts'
import { mergedEntries } from '../../src/copies/merge-items.ts'
import { isThere } from '../../src/copies/read-back.ts'
import { type WriteOptions, writeCopy } from '../../src/copies/write-copy.ts'
import { ProvError } from '../../src/errors.ts'
import { type Entry, entryId, type Signature, signatureId } from '../../src/model/entry.ts'
import { type KeptProofs, PROOFS, type Proofs } from '../../src/model/proofs.ts'
import { LOG_ENTRY_V2, LOG_PROOF, STAMPS } from '../conformance/proof-samples.ts'
import { LEAF, ROOT } from '../conformance/samples.ts'
import { aboutRun, attest, retrying, signer, taskRun } from '../support/makers.ts'

const context: Context = {
  setting: () => undefined,
  env: {},
  now: () => 0,
  random: (size) => new Uint8Array(size).fill(7),
  debug: () => undefined,
}
const { signal } = new AbortController()
const OPTIONS: WriteOptions = {
  signal,
  retry: retrying(3, signal),
}
const about: About = aboutRun(taskRun('build'))
let entry: Entry
let other: Entry

beforeAll(async () => {
  entry = await attest(taskRun('build'), await signer())
  other = await attest(taskRun('build'), await signer())
})

function memory(more: Partial<Backend> = {}): { backend: Backend; slot: Slot } {
  const backend = { ...openMemory(context), ...more }
  const [slot] = backend.slots(about)
  if (slot === undefined) throw new Error('the memory backend keeps runs')
  return { backend, slot }
}

test('a copy is written, found again, and says so; a second time it is unchanged', async () => {
  const { backend, slot } = memory()
  const ids = { entry: entryId(entry), signatures: entry.signatures.map(signatureId) }
  expect(await writeCopy(backend, slot, entry, OPTIONS)).toMatchObject({ ...ids, outcome: 'written', confirmed: true })
  expect(await writeCopy(backend, slot, entry, OPTIONS)).toMatchObject({
    ...ids,
    outcome: 'unchanged',
    confirmed: true,
  })
})

describe('what goes wrong is in the receipt', () => {
  test('a copy that is not found again is not confirmed', async () => {
    const { backend, slot } = memory({ get: async () => [] })
    const copy = await writeCopy(backend, slot, entry, OPTIONS)
    expect(copy).toMatchObject({
      outcome: 'failed',
      confirmed: false,
      error: { code: 'read_back_failed', backend: 'memory' },
    })
  })

  test('what may heal is tried again, what cannot is not', async () => {
    for (const [code, tries] of [
      ['throttled', 3],
      ['denied', 1],
    ] as const) {
      let put = 0
      const { backend, slot } = memory({
        put: async () => {
          put++
          throw new ProvError(code, 'no', { retryAfterMs: 5 })
        },
      })
      const copy = await writeCopy(backend, slot, entry, OPTIONS)
      expect([put, copy.error?.code]).toEqual([tries, code])
      expect(copy.error?.retryAfterMs).toBe(5)
    }
  })

  test('a defect in prov is thrown, never booked as a failed copy', async () => {
    const { backend, slot } = memory({ put: async () => Promise.reject(new TypeError('x is undefined')) })
    await expect(writeCopy(backend, slot, entry, OPTIONS)).rejects.toMatchObject({ code: 'internal' })
  })
})

describe('a place that holds one and something else', () => {
  const one = (more: Partial<Backend> = {}): { backend: Backend; slot: Slot } => {
    const { backend, slot } = memory()
    const holds: Found[] = []
    const found = (): Found => ({ location: slot.key, raw: Buffer.from('other'), entry: other })
    const receipt = { backend: 'memory', slot: slot.key, location: slot.key, entry: entryId(entry), signatures: [] }
    const narrow: Backend = {
      ...backend,
      get: async () => (holds.length === 0 ? [found()] : holds),
      put: async () => ({ ...receipt, outcome: 'occupied', found: [found()] }),
      replace: async () => {
        holds.push({ location: slot.key, raw: Buffer.from('new'), entry })
        return { ...receipt, outcome: 'replaced' }
      },
      ...more,
    }
    return { backend: narrow, slot: { ...slot, holds: 'one' } }
  }

  test('it stays where nobody decides otherwise', async () => {
    const { backend, slot } = one()
    const copy = await writeCopy(backend, slot, entry, OPTIONS)
    expect(copy).toMatchObject({ outcome: 'failed', error: { code: 'occupied' } })
  })

  test('it gives way, and what was written is read back', async () => {
    const { backend, slot } = one()
    const copy = await writeCopy(backend, slot, entry, { ...OPTIONS, whenOccupied: (found) => ({ giveWay: found }) })
    expect(copy).toMatchObject({ outcome: 'replaced', confirmed: true })
  })

  test('it stays in the stead of the copy, under its own ids', async () => {
    const { backend, slot } = one()
    const stays = { location: slot.key, entry: entryId(other), signatures: other.signatures.map(signatureId) }
    const copy = await writeCopy(backend, slot, entry, { ...OPTIONS, whenOccupied: () => ({ stays }) })
    expect(copy).toMatchObject({ ...stays, outcome: 'unchanged', confirmed: true })
  })

  test('a backend that cannot replace says so', async () => {
    const { backend: whole, slot } = one()
    const { replace: _replace, ...backend } = whole
    const copy = await writeCopy(backend, slot, entry, {
      ...OPTIONS,
      giveWay: async () => [{ location: 'x', raw: Buffer.from(''), entry: other }],
    })
    expect(copy.error?.code).toBe('not_supported')
  })
})

test('a write-only store takes it, and nothing is confirmed', async () => {
  const { backend, slot } = memory({
    put: async () => ({
      backend: 'memory',
      slot: 's',
      location: 'id-7',
      entry: entryId(entry),
      signatures: [],
      outcome: 'accepted',
    }),
    get: async () => Promise.reject(new ProvError('not_supported', 'nobody can look here')),
  })
  expect(await writeCopy(backend, slot, entry, OPTIONS)).toMatchObject({
    location: 'id-7',
    outcome: 'accepted',
    confirmed: false,
  })
})

describe('proofs beside the signature', () => {
  const proven = (proofs: Proofs): Entry => ({
    ...entry,
    signatures: entry.signatures.map((signature) => ({ ...signature, ...proofs })),
  })

  test('a put that only adds one is no unchanged copy, and loses none', async () => {
    const { backend, slot } = memory()
    await writeCopy(backend, slot, proven({ timestamps: STAMPS.slice(0, 1) }), OPTIONS)
    const added = await writeCopy(backend, slot, proven({ logEntries: [LOG_ENTRY_V2] }), OPTIONS)
    expect(added).toMatchObject({ outcome: 'written', confirmed: true })
    const [found] = await backend.get(slot, { signal })
    expect(found?.entry?.signatures[0]).toMatchObject({ logEntries: [LOG_ENTRY_V2], timestamps: STAMPS.slice(0, 1) })
    for (const proofs of [{}, { logEntries: [LOG_ENTRY_V2] }]) {
      expect((await writeCopy(backend, slot, proven(proofs), OPTIONS)).outcome).toBe('unchanged')
    }
  })

  test.each(PROOFS)('a read-back that has lost one is not confirmed: %s', async (kind) => {
    const all = proven({
      certificate: LEAF,
      chain: ROOT,
      logEntries: [LOG_ENTRY_V2],
      logProof: LOG_PROOF,
      timestamps: STAMPS,
    })
    const losing = (keepsProofs?: KeptProofs) => {
      const inner = openMemory(context)
      const get: Backend['get'] = async (slot, options) =>
        (await inner.get(slot, options)).map((item): Found => {
          if (item.entry === undefined) return item
          const signatures = item.entry.signatures.map(({ [kind]: _, ...rest }): Signature => rest as Signature)
          return { ...item, entry: { ...item.entry, signatures } }
        })
      const capabilities = { ...inner.capabilities, ...(keepsProofs === undefined ? {} : { keepsProofs }) }
      return memory({ ...inner, capabilities, get })
    }
    const { backend, slot } = losing()
    expect(await writeCopy(backend, slot, all, OPTIONS)).toMatchObject({
      outcome: 'failed',
      confirmed: false,
      error: { code: 'read_back_failed' },
    })
    // A backend that says that it has no place for it is not blamed.
    const kept = PROOFS.filter((one) => one !== kind)
    const honest = losing({ dsse: kept, raw: kept })
    expect(await writeCopy(honest.backend, honest.slot, all, OPTIONS)).toMatchObject({ confirmed: true })
  })

  test('proofs of one signature may lie in several items', async () => {
    const found = [proven({ timestamps: STAMPS }), proven({ logEntries: [LOG_ENTRY_V2] })].map(
      (one): Found => ({ location: 'x', raw: one.payload, entry: one }),
    )
    const both = proven({ timestamps: STAMPS, logEntries: [LOG_ENTRY_V2] })
    expect(isThere(found, both, PROOFS)).toBe(true)
    expect(isThere(found.slice(1), both, PROOFS)).toBe(false)
    expect(mergedEntries(found)[0]?.entry.signatures).toEqual(both.signatures)
  })
})
