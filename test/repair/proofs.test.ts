/** Proofs that one copy has and another lacks are brought to it, and nothing else is touched. */
import { beforeAll, expect, test } from 'vitest'
import { open as openDocdb } from '../../backends/docdb/backend.ts'
import { openMemory } from '../../backends/memory/backend.ts'
import { open as openS3 } from '../../backends/s3/backend.ts'
import type { Backend } from '../../src/backend/backend.ts'
import type { Entry } from '../../src/model/entry.ts'
import type { Proofs } from '../../src/model/proofs.ts'
import { type Repaired, repair } from '../../src/repair/repair.ts'
import type { KeySigner } from '../../src/signing/signer.ts'
import type { Trust } from '../../src/trust/trust.ts'
import { joinTrust, trustOf } from '../../src/trust/trusted-keys.ts'
import { LOG_ENTRY_V2, LOG_PROOF, STAMPS } from '../conformance/proof-samples.ts'
import { testContext } from '../support/context.ts'
import { aboutRun, attest, retrying, signer, taskRun } from '../support/makers.ts'
import { scratch } from '../support/scratch.ts'

const { signal } = new AbortController()
const run = taskRun('proofs')
const about = aboutRun(run)
let key: KeySigner
let other: KeySigner
let trust: Trust
let entry: Entry

beforeAll(async () => {
  key = await signer()
  other = await signer()
  trust = joinTrust([trustOf(key), trustOf(other)])
  entry = await attest(run, key)
})

const proven = (proofs: Proofs, of = entry): Entry => ({
  ...of,
  signatures: of.signatures.map((signature) => ({ ...signature, ...proofs })),
})

function stores(): readonly Backend[] {
  const folder = scratch()
  const context = testContext({
    'storage.docdb.url': `sqlite:${folder}/copies.db`,
    'storage.s3.directory': `${folder}/copies`,
  })
  return [openDocdb(context), openS3(context), openMemory(context)]
}

async function put(backend: Backend, one: Entry): Promise<void> {
  for (const slot of backend.slots(about)) await backend.put(slot, one, { signal })
}

async function proofsIn(backend: Backend): Promise<Proofs | undefined> {
  const [slot] = backend.slots(about)
  const [found] = slot === undefined ? [] : await backend.get(slot, { signal })
  return found?.entry?.signatures[0]
}

function repaired(backends: readonly Backend[], apply = true): Promise<Repaired> {
  return repair(about, { backends, trust, apply, signal, retry: retrying(3, signal) })
}

const actions = ({ copies }: Repaired): readonly string[] => copies.map(({ action, done }) => `${action} ${done}`)

test('each copy is given what any other has of the same signature; a second run has nothing to do', async () => {
  const backends = stores()
  const own = [{ timestamps: STAMPS }, { logEntries: [LOG_ENTRY_V2] }, { logProof: LOG_PROOF }]
  for (const [i, backend] of backends.entries()) await put(backend, proven(own[i] ?? {}))
  expect(actions(await repaired(backends, false))).toEqual(Array(3).fill('write false'))
  const done = await repaired(backends)
  expect(actions(done)).toEqual(Array(3).fill('write true'))
  expect(done.exit).toBe(0)
  for (const backend of backends) {
    expect(await proofsIn(backend)).toMatchObject({
      timestamps: STAMPS,
      logEntries: [LOG_ENTRY_V2],
      logProof: LOG_PROOF,
    })
  }
  expect(actions(await repaired(backends))).toEqual(Array(3).fill('ok false'))
})

test('a copy that is missing is written with the proofs of all', async () => {
  const [first, second, empty] = stores() as [Backend, Backend, Backend]
  await put(first, proven({ timestamps: STAMPS }))
  await put(second, proven({ logEntries: [LOG_ENTRY_V2] }))
  await repaired([first, second, empty])
  expect(await proofsIn(empty)).toMatchObject({ timestamps: STAMPS, logEntries: [LOG_ENTRY_V2] })
})

test('another signature of the same payload gets none, and a copy that does not verify gives none', async () => {
  const [first, second, third] = stores() as [Backend, Backend, Backend]
  await put(first, proven({ timestamps: STAMPS }))
  await put(second, await attest(run, other, entry.payload))
  const forged = { ...proven({ logEntries: [LOG_ENTRY_V2] }), payloadType: 'text/plain' }
  await put(third, {
    ...forged,
    envelope: Buffer.from(
      JSON.stringify({
        payloadType: 'text/plain',
        payload: Buffer.from(entry.payload).toString('base64'),
        signatures: [{ keyid: '', sig: Buffer.from(entry.signatures[0]?.sig ?? []).toString('base64') }],
      }),
    ),
  })
  await repaired([first, second, third])
  expect(await proofsIn(second)).not.toHaveProperty('timestamps')
  expect(await proofsIn(first)).not.toHaveProperty('logEntries')
})
