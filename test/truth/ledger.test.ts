/** A store that commits: what is promised, who may be first, and what a lane then makes of it. */
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openMemory } from '../../backends/memory/backend.ts'
import { open as openOci } from '../../backends/oci/backend.ts'
import { open as openTekton } from '../../backends/tekton/backend.ts'
import type { Backend, Context } from '../../src/backend/backend.ts'
import { runLane } from '../../src/delivery/lane.ts'
import { ProvError } from '../../src/errors.ts'
import { formatNamed } from '../../src/formats/index.ts'
import type { Artifact } from '../../src/model/artifact.ts'
import type { KeySigner } from '../../src/signing/signer.ts'
import { type CommitJob, type CommitReport, commitStore } from '../../src/store/commit.ts'
import { joinTrust, trustOf } from '../../src/trust/trusted-keys.ts'
import { ledgerOf } from '../../src/truth/ledger.ts'
import { openTruth } from '../../src/truth/open.ts'
import type { Truth } from '../../src/truth/truth.ts'
import { verify } from '../../src/verify/verify.ts'
import { aboutRun, FORMAT_OPTIONS, imageOf, signer, taskRun } from '../support/makers.ts'
import { scratch } from '../support/scratch.ts'
import { HOST } from './made.ts'

const context: Context = {
  setting: () => undefined,
  env: {},
  now: () => 0,
  random: (size) => new Uint8Array(size),
  debug: () => undefined,
}
const signal = new AbortController().signal
const retry = { now: () => 0, sleep: async () => undefined, random: () => 0 }
const run = taskRun('build-a')

describe('a store that commits', () => {
  let truth: Truth
  let ours: KeySigner
  let theirs: KeySigner
  let backends: readonly Backend[]
  let sealed: string[]
  let signatures = 0
  beforeAll(async () => {
    ours = await signer()
    theirs = await signer()
  })
  beforeEach(async () => {
    truth = await openTruth({ url: `sqlite:${join(scratch(), 'truth.db')}`, newId: randomUUID() }, { make: true })
    sealed = []
    signatures = 0
    const seal = async (one: { readonly name: string }) => void sealed.push(one.name)
    backends = [
      { ...openMemory(context), name: 'a', seal },
      { ...openMemory(context), name: 'b' },
    ]
  })
  afterEach(() => truth.close())

  function commit(more: Partial<CommitJob> & { readonly artifacts?: readonly Artifact[] } = {}): Promise<CommitReport> {
    const { artifacts = [run], ...job } = more
    const counting: KeySigner = {
      ...ours,
      sign: (bytes) => {
        signatures += 1
        return ours.sign(bytes)
      },
    }
    return commitStore({
      items: artifacts.map((artifact) => ({
        artifact,
        format: formatNamed(artifact.type === 'image' ? 'simplesigning' : 'slsa/v1'),
        backends,
      })),
      signer: async () => counting,
      trust: async () => trustOf(ours),
      formatOptions: FORMAT_OPTIONS,
      optional: [],
      resign: false,
      dryRun: false,
      signal,
      retry: { ...retry, budget: { attempts: 1, totalMs: 0 }, signal },
      ledger: ledgerOf(truth, HOST),
      ...job,
    })
  }

  async function deliver(trust = trustOf(ours)): Promise<void> {
    for (const lane of ['a', 'b', 'seal/a']) {
      await runLane(lane, {
        truth,
        targets: ['a', 'b'],
        backend: (name) => backends.find((one) => one.name === name),
        trust: () => trust,
        retry,
        drain: signal,
        stop: signal,
        holder: randomUUID(),
        host: HOST,
        leaseMs: 60_000,
        concurrency: 4,
        givenBack: new Set(),
        told: () => undefined,
      })
    }
  }

  const states = async () => (await truth.list({})).map(({ target, state }) => `${target} ${state}`).sort()
  const verdict = async (by: KeySigner) => {
    const targets = [{ about: aboutRun(run), backends, required: () => [], mayBeAbsent: false }]
    return (await verify({ targets, trust: trustOf(by), demands: { optional: [], strict: false }, signal })).exit
  }

  it('writes down entry and copies, and delivers nothing; a lane then delivers, and the run is marked last', async () => {
    const report = await commit({ artifacts: [run, imageOf(run)] })
    expect(report).toMatchObject({ exit: 0, items: [{ source: 'signed', findings: [] }, { source: 'signed' }] })
    const owed = report.items.map((one) => one.owed.map(({ target, state }) => `${target} ${state}`))
    expect(owed.flat().sort()).toEqual(['a pending', 'a pending', 'b pending', 'b pending', 'seal waiting'])
    expect(await verdict(ours)).toBe(5)
    await deliver()
    expect(await states()).toEqual(['a done', 'a done', 'b done', 'b done', 'seal done'])
    expect(sealed).toEqual(['build-a'])
    expect(await verdict(ours)).toBe(0)
  })

  it('again: signs nothing, and owes only what is missing', async () => {
    await commit()
    const again = await commit()
    expect(signatures).toBe(1)
    expect(again.items[0]?.source).toBe('adopted')
    expect(await states()).toEqual(['a pending', 'b pending', 'seal waiting'])
    await deliver()
    backends = backends.map((one) => (one.name === 'b' ? { ...openMemory(context), name: 'b' } : one))
    await commit()
    expect(await states()).toEqual(['a done', 'b pending', 'seal waiting'])
    await deliver()
    expect(await verdict(ours)).toBe(0)
    expect(signatures).toBe(1)
  })

  it('two at once with two keys: one entry; the second builds on it only with the first one’s key', async () => {
    const second = { signer: async () => theirs, trust: async () => trustOf(theirs) }
    await commit()
    const before = await truth.list({})
    await expect(commit(second)).rejects.toMatchObject({
      code: 'occupied',
      hint: expect.stringContaining('--verify-key'),
    })
    expect(await truth.list({})).toEqual(before)
    const both = { ...second, trust: async () => joinTrust([trustOf(theirs), trustOf(ours)]) }
    expect((await commit(both)).items[0]?.source).toBe('adopted')
    expect(await truth.page(undefined, 10)).toHaveLength(1)
  })

  it('whoever is second between the look and the commit throws its signature away', async () => {
    const ledger = ledgerOf(truth, HOST)
    const trust = async () => joinTrust([trustOf(theirs), trustOf(ours)])
    let looked = 0
    const late = {
      ...ledger,
      find: async () => {
        looked += 1
        return undefined
      },
    }
    await commit()
    const report = await commit({ ledger: late, signer: async () => theirs, trust })
    expect(looked).toBe(1)
    expect(report.items[0]?.source).toBe('adopted')
    expect(await truth.page(undefined, 10)).toHaveLength(1)
    await deliver()
    expect(await verdict(ours)).toBe(0)
  })

  it('an entry of the truth that was changed by hand is not built on', async () => {
    await commit()
    const kept = await truth.find(`prov:taskrun/${run.uid}`, 'slsa/v1')
    const entry = kept && { ...kept.entry, payload: Buffer.from('{}') }
    const ledger = { ...ledgerOf(truth, HOST), find: async () => entry }
    await expect(commit({ ledger })).rejects.toMatchObject({ code: 'signature_invalid' })
  })

  it('a new signature takes the place of what was delivered', async () => {
    await commit()
    await deliver()
    const second = { signer: async () => theirs, trust: async () => joinTrust([trustOf(theirs), trustOf(ours)]) }
    expect((await commit({ ...second, resign: true })).items[0]?.source).toBe('signed')
    await deliver(await second.trust()) // who knows the new key alone leaves the old copy where it is
    expect(await verdict(theirs)).toBe(0)
    expect(await verdict(ours)).not.toBe(0)
  })

  it('an optional copy does not keep the run from being marked', async () => {
    await commit({ optional: ['b'] })
    const down = async (): Promise<never> => {
      throw new ProvError('unreachable', 'no answer')
    }
    backends = backends.map((one) => (one.name === 'b' ? { ...one, put: down } : one))
    await deliver()
    expect(await states()).toEqual(['a done', 'b pending', 'seal done'])
  })

  it('a copy that can never fit is held, and said; the others are owed all the same', async () => {
    const size = (): never => {
      throw new ProvError('entry_too_large', 'larger than this backend holds')
    }
    backends = backends.map((one) => (one.name === 'b' ? { ...one, size } : one))
    const report = await commit()
    expect(report).toMatchObject({ exit: 7, items: [{ findings: [{ code: 'entry_too_large', backend: 'b' }] }] })
    await deliver()
    expect(await states()).toEqual(['a done', 'b held', 'seal waiting'])
    const forgiven = await commit({ optional: ['b'] })
    expect([forgiven.exit, ...forgiven.items.map(({ exit }) => exit)]).toEqual([0, 0])
    expect(await states()).toEqual(['a done', 'b held', 'seal pending'])
  })

  it('what no backend has room for is neither signed nor committed', async () => {
    const size = (): never => {
      throw new ProvError('entry_too_large', 'larger than this backend holds')
    }
    backends = backends.map((one) => ({ ...one, size }))
    expect(await commit()).toMatchObject({ exit: 7, items: [{ source: 'planned', owed: [] }] })
    expect({ signatures, rows: await states() }).toEqual({ signatures: 0, rows: [] })
  })

  it('a tekton file is this machine’s alone; registries have a lane each', async () => {
    const file = join(scratch(), 'run.json')
    writeFileSync(file, JSON.stringify(run.object))
    const tekton = openTekton(context)
    const oci = openOci(context)
    const here = { ...run, source: { file, document: 0 } }
    const [slot] = tekton.slots(aboutRun(here))
    expect(slot === undefined ? undefined : tekton.isInputFile?.(slot)).toBe(true)
    const image = imageOf(run)
    const about = { artifact: image, kind: 'raw' as const, subjects: [] }
    expect(oci.slots(about).map((one) => oci.hostOf?.(one))).toEqual(['registry.example'])
  })
})
