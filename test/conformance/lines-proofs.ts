/** What stands beside a signature comes back with it, is added to what is there, and goes with it. */

import type { Entry } from '../../src/model/entry.ts'
import { ALL_PROOFS, holdsProofs, PROOFS, type Proofs } from '../../src/model/proofs.ts'
import { calm, entries, expectCode, expectSame, look } from './checks.ts'
import { expect } from './expect.ts'
import { LOG_ENTRY, LOG_ENTRY_V2, LOG_PROOF, STAMPS } from './proof-samples.ts'
import { LEAF, ROOT, sampleEntry } from './samples.ts'
import { CannotTry, type LineTests, type Scene } from './scene.ts'

export const proofLines: LineTests = {
  certificates: async (scene) => {
    const entry = withProofs(one(scene), { certificate: LEAF, chain: ROOT })
    const found = await roundTrip(scene, entry)
    expect(found.signatures[0]?.certificate, 'the certificate').toBe(LEAF)
    expect(found.signatures[0]?.chain, 'the chain').toBe(ROOT)
  },
  logProof: async (scene) => {
    const logProof = '{"SignedEntryTimestamp": "MEUC","Payload":{"body":"e30=","logIndex":7}}'
    const found = await roundTrip(scene, withProofs(one(scene), { logProof }))
    expect(found.signatures[0]?.logProof, 'the log proof').toBe(logProof)
  },
  logEntries: async (scene) => {
    const logEntries = [LOG_ENTRY_V2, LOG_ENTRY]
    const found = await roundTrip(scene, withProofs(one(scene), { logEntries }))
    expect([...(found.signatures[0]?.logEntries ?? [])].sort(), 'the log entries').toEqual(logEntries.toSorted())
  },
  timestamps: async (scene) => {
    const found = await roundTrip(scene, withProofs(one(scene), { timestamps: STAMPS }))
    expect(found.signatures[0]?.timestamps, 'the time-stamps').toEqual(STAMPS)
  },
  proofOfOne: async (scene) => {
    const several = one(scene, scene.kind === 'dsse' ? 2 : 1)
    const own = [{ timestamps: STAMPS.slice(0, 1) }, { timestamps: STAMPS.slice(1), logEntries: [LOG_ENTRY_V2] }]
    const entry = { ...several, signatures: several.signatures.map((signature, i) => ({ ...signature, ...own[i] })) }
    await scene.backend.put(scene.slot, entry, calm())
    const [found] = await entries(await scene.another(), scene.slot)
    expectSame(found, entry)
    expectProofs(found, entry)
  },
  addsProof: async (scene) => {
    const { backend, slot, another } = scene
    const plain = one(scene)
    const first = withProofs(plain, { logProof: LOG_PROOF, timestamps: STAMPS.slice(0, 1) })
    const second = withProofs(plain, { logEntries: [LOG_ENTRY_V2], timestamps: STAMPS.slice(1) })
    const all = withProofs(plain, { logProof: LOG_PROOF, logEntries: [LOG_ENTRY_V2], timestamps: STAMPS })
    for (const entry of [plain, first, second]) expect((await backend.put(slot, entry, calm())).outcome).toBe('written')
    for (const entry of [plain, first, second, all]) {
      expect((await (await another()).put(slot, entry, calm())).outcome).toBe('unchanged')
    }
    const found = await entries(backend, slot)
    expect(found).toHaveLength(1)
    expectSame(found[0], plain)
    expectProofs(found[0], all)
  },
  proofRace: async (scene) => {
    const { slot, another } = scene
    const plain = one(scene)
    const own = [
      { timestamps: STAMPS },
      { logEntries: [LOG_ENTRY] },
      { logEntries: [LOG_ENTRY_V2] },
      { logProof: LOG_PROOF },
    ]
    const ends = await Promise.allSettled(
      own.map(async (proofs) => (await another()).put(slot, withProofs(plain, proofs), calm())),
    )
    const done = own.filter((_, i) => ends[i]?.status === 'fulfilled')
    expect(done.length).toBeGreaterThan(0)
    for (const end of ends) {
      if (end.status === 'rejected')
        expect((await expectCode(Promise.reject(end.reason), 'conflict')).retryable).toBe(true)
    }
    const found = await entries(await another(), slot)
    expect(found).toHaveLength(1)
    expectSame(found[0], plain)
    for (const proofs of done) expectProofs(found[0], withProofs(plain, proofs))
  },
  removeProofs: async (scene) => {
    const { backend, slot, another } = scene
    if (backend.remove === undefined) throw new CannotTry('the backend has no `remove`')
    const plain = one(scene)
    await backend.put(slot, withProofs(plain, { logProof: LOG_PROOF, timestamps: STAMPS }), calm())
    for (const found of await look(backend, slot)) await backend.remove(slot, found, calm())
    expect(await look(backend, slot)).toEqual([])
    await backend.put(slot, plain, calm())
    expectBare((await entries(await another(), slot))[0])
  },
  replaceProofs: async (scene) => {
    const { backend, slot, another } = scene
    if (backend.replace === undefined) throw new CannotTry('the backend has no `replace`')
    const plain = one(scene)
    await backend.put(slot, withProofs(plain, { logEntries: [LOG_ENTRY_V2], timestamps: STAMPS }), calm())
    const [found] = await look(backend, slot)
    if (found === undefined) throw new Error('nothing to replace')
    await backend.replace(slot, found, plain, calm())
    const [again] = await entries(await another(), slot)
    expectSame(again, plain)
    expectBare(again)
  },
}

function one({ kind, rig }: Scene, signatures = 1): Entry {
  return sampleEntry(kind, rig.run, rig.image, 'proofs', { signatures })
}

function withProofs(entry: Entry, proofs: Proofs): Entry {
  return { ...entry, signatures: entry.signatures.map((signature) => ({ ...signature, ...proofs })) }
}

/** Beside each signature every proof that is wanted, and of time-stamps and log entries no other. */
function expectProofs(found: Entry | undefined, wanted: Entry): void {
  for (const [i, signature] of wanted.signatures.entries()) {
    const own = found?.signatures.find(({ sig }) => Buffer.compare(sig, signature.sig) === 0)
    expect(holdsProofs(own ?? {}, signature, PROOFS), `all proofs of signature ${i}`).toBe(true)
    const others = wanted.signatures.filter((other) => other !== signature)
    for (const other of others) {
      for (const kind of ALL_PROOFS[wanted.kind]) {
        if (other[kind] === undefined) continue
        expect(holdsProofs(own ?? {}, { [kind]: other[kind] }, PROOFS), `${kind} of another signature`).toBe(false)
      }
    }
  }
}

function expectBare(found: Entry | undefined): void {
  expect(found, 'the entry').toBeDefined()
  for (const kind of PROOFS) expect(found?.signatures[0]?.[kind], kind).toBeUndefined()
}

/** Puts, and reads back through another handle. */
async function roundTrip(scene: Scene, entry: Entry): Promise<Entry> {
  const receipt = await scene.backend.put(scene.slot, entry, calm())
  expect(receipt.outcome).toBe('written')
  const all = await entries(await scene.another(), scene.slot)
  expect(all).toHaveLength(1)
  const [found] = all
  expectSame(found, entry)
  if (found === undefined) throw new Error('nothing came back')
  return found
}
