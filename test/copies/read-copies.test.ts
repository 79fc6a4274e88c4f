/** Proofs that one backend lends to another, where signers, strangers and hostile stores are mixed. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import type { About, Backend, Slot } from '../../src/backend/backend.ts'
import { readCopies } from '../../src/copies/read-copies.ts'
import { loadInputs } from '../../src/input/load.ts'
import type { Entry, Signature } from '../../src/model/entry.ts'
import { loadTrustOf } from '../../src/trust/load-trust.ts'
import type { Trust } from '../../src/trust/trust.ts'
import {
  CA_EXTENSIONS,
  type Holder,
  ISSUER,
  issue,
  type Log,
  openLog,
  rootFile,
  signedWith,
  signerExtensions,
} from '../support/authority.ts'
import { aboutRun } from '../support/makers.ts'
import { scratch } from '../support/scratch.ts'
import { RUN, recorded } from '../trust/live/recorded.ts'

const { signal } = new AbortController()

let log: Log
let root: string
let ca: Holder
let about: About
let [alice, bob, eve]: Signature[] = []
let bare: Omit<Entry, 'signatures'>

beforeAll(async () => {
  log = openLog()
  ca = issue({ subject: '/CN=ca', extensions: CA_EXTENSIONS })
  root = rootFile(log, [[ca]])
  const [run] = (await loadInputs([RUN])).runs
  if (run === undefined) throw new Error('no run')
  about = aboutRun(run)
  const { envelope: _, signatures: __, ...rest } = recorded('cosign')
  bare = rest
  const by = (name: string): Signature | undefined => {
    const who = issue({ by: ca, extensions: signerExtensions(`email:${name}@example.com`) })
    return signedWith(log, recorded('cosign'), who.privateKey, { certificate: who.certificate }).signatures[0]
  }
  ;[alice, bob, eve] = ['alice', 'bob', 'eve'].map(by) as Signature[]
})

async function trusting(threshold: number): Promise<Trust> {
  const keyring = join(scratch(), 'keyring.json')
  const identities = ['alice', 'bob'].map((name) => ({ identity: `${name}@example.com`, issuer: ISSUER }))
  writeFileSync(keyring, JSON.stringify({ v: 1, threshold, identities }))
  return loadTrustOf({ keys: [], keyring, trustedRoot: root, scts: 0 }, { env: {}, now: Date.now })
}

const holding = (name: string, ...items: readonly (readonly (Signature | undefined)[])[]): Backend => {
  const slot: Slot = { backend: name, key: 'place', kind: 'dsse', holds: 'many', address: {} }
  const found = items.map((signatures, i) => ({
    location: `${name}-${i}`,
    raw: Buffer.from(String(i)),
    entry: { ...bare, signatures },
  }))
  return { name, capabilities: { readable: true }, slots: () => [slot], get: async () => found } as unknown as Backend
}

const without = (signature: Signature | undefined): Signature => {
  const { logEntries: _, ...rest } = signature ?? { sig: Buffer.of(0) }
  return rest
}

async function goodIn(trust: Trust, ...backends: readonly Backend[]): Promise<readonly number[]> {
  return (await readCopies(about, backends, trust, { signal })).map(({ judged }) => judged?.good.length ?? -1)
}

it('a proof is lent where two signers are wanted', async () => {
  expect(await goodIn(await trusting(2), holding('a', [alice, without(bob)]), holding('b', [alice, bob]))).toEqual([
    1, 1,
  ])
})

it('a proof is lent to a signature behind that of a stranger', async () => {
  expect(await goodIn(await trusting(1), holding('a', [eve, without(alice)]), holding('b', [alice]))).toEqual([1, 1])
})

it('a store that holds many false proofs of one signature leaves room for the true one of another', async () => {
  const false_ = Array.from({ length: 12 }, (_, i) => [{ ...without(alice), logEntries: [`{"a":${i}}`] }])
  const read = await goodIn(
    await trusting(1),
    holding('evil', ...false_),
    holding('a', [without(alice)]),
    holding('b', [alice]),
  )
  expect(read.slice(1)).toEqual([1, 1])
})
