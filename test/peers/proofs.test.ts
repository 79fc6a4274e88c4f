/** With proofs beside it, what prov stores in tags and bundles is verified by cosign as before; one layer a signature, each by its own key. */
import { createPublicKey, sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { open } from '../../backends/oci/backend.ts'
import { keyHint } from '../../src/keys/key-id.ts'
import { type Entry, SIMPLESIGNING_TYPE, type Signature, STATEMENT_TYPE } from '../../src/model/entry.ts'
import { signedBytes } from '../../src/model/envelope.ts'
import type { Proofs } from '../../src/model/proofs.ts'
import { LOG_ENTRY, LOG_ENTRY_V2, STAMPS } from '../conformance/proof-samples.ts'
import { aboutOf, sampleRun, simplesigning, statement } from '../conformance/samples.ts'
import { describeWith, registry } from '../servers/endpoints.ts'
import { type Certified, certified } from '../support/certified.ts'
import { testContext } from '../support/context.ts'
import { COSIGNS, emptyTrustedRoot, verify, verifyAttestation } from '../support/cosign.ts'
import { freshName, layersOf, seedImage } from '../support/registry.ts'
import { scratch } from '../support/scratch.ts'

const calm = { signal: new AbortController().signal }
/** Of no log and no authority: cosign is told to check none, and has to find its way past them. */
const BESIDE = { logEntries: [LOG_ENTRY_V2, LOG_ENTRY], timestamps: STAMPS }

function signedBy(kind: Entry['kind'], payload: Uint8Array, makers: readonly (Certified & Proofs)[]): Entry {
  const unsigned = { kind, payloadType: kind === 'dsse' ? STATEMENT_TYPE : SIMPLESIGNING_TYPE, payload }
  const signatures = makers.map(({ privateKey, ...proofs }): Signature => {
    const sig = new Uint8Array(sign('sha256', signedBytes(unsigned), privateKey))
    return { sig, keyHint: keyHint(createPublicKey(privateKey)), ...proofs }
  })
  return { ...unsigned, signatures }
}

function publicFile({ privateKey }: Certified): string {
  const file = join(scratch(), 'key.pub')
  writeFileSync(file, createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }))
  return file
}

async function imageAt(endpoint: string) {
  const image = await seedImage(endpoint, freshName('proofs'))
  const [repository = '', digest = ''] = image.split('@')
  return { image, ref: { repository, digest }, run: sampleRun('proofs', { repository, digest }) }
}

for (const name of ['distribution', 'cue-oci'] as const) {
  describeWith([name, ...COSIGNS], `proofs on ${name}`, () => {
    it('in tags: each certified signature is a layer that cosign verifies with its key', async () => {
      const { image, ref, run } = await imageAt(registry(name))
      const [alice, bob] = [certified('alice'), certified('bob')]
      const makers = [
        { ...alice, ...BESIDE },
        { ...bob, timestamps: STAMPS },
      ]
      const entries = [signedBy('dsse', statement(run, ref), makers), signedBy('raw', simplesigning(ref), makers)]
      const backend = open(testContext())
      for (const entry of entries) {
        for (const slot of backend.slots(aboutOf(entry.kind, run, ref))) await backend.put(slot, entry, calm)
      }
      await backend.close()
      const path = ref.repository.slice(ref.repository.indexOf('/') + 1)
      for (const suffix of ['att', 'sig'])
        expect(await layersOf(registry(name), path, `${ref.digest.replace(':', '-')}.${suffix}`)).toHaveLength(2)
      const trustedRoot = await emptyTrustedRoot()
      for (const version of COSIGNS) {
        for (const [who, ok] of [
          [alice, true],
          [bob, true],
          [certified('carol'), false],
        ] as const) {
          const check = { key: publicFile(who), image, trustedRoot }
          for (const outcome of [
            await verify(version, check),
            await verifyAttestation(version, check, 'slsaprovenance1'),
          ])
            expect(outcome.code === 0, `${version}: ${outcome.stderr}`).toBe(ok)
        }
      }
    })

    it('in bundles: log entries, and what lies beside the bundle, are no obstacle', async () => {
      const { image, ref, run } = await imageAt(registry(name))
      const { certificate: _, ...alice } = certified('alice')
      const entry = signedBy('dsse', statement(run, ref), [
        { ...alice, certificate: '', logEntries: [LOG_ENTRY, LOG_ENTRY_V2] },
      ])
      const { certificate: __, ...signature } = entry.signatures[0] ?? { sig: new Uint8Array() }
      const backend = open(testContext({ 'storage.oci.encoding-format': 'sigstore-bundle' }))
      const [slot] = backend.slots(aboutOf('dsse', run, ref))
      if (slot === undefined) throw new Error('no slot')
      await backend.put(slot, { ...entry, signatures: [signature] }, calm)
      const [found] = await backend.get(slot, calm)
      expect(found?.entry?.signatures[0]?.logEntries).toEqual([LOG_ENTRY, LOG_ENTRY_V2])
      await backend.close()
      const trustedRoot = await emptyTrustedRoot()
      for (const version of COSIGNS) {
        const check = { key: publicFile({ ...alice, certificate: '' }), image, trustedRoot }
        const outcome = await verifyAttestation(version, check, 'slsaprovenance1')
        expect(outcome.code, `${version}: ${outcome.stderr}`).toBe(0)
      }
    })
  })
}
