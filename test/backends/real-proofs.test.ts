/** Real bundles of Rekor v1 and v2, taken through each backend alone, come out with every proof. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openBackend } from '../../backends/index.ts'
import { bundlesOf } from '../../backends/oci/bundles/layout.ts'
import { readBundle } from '../../backends/oci/bundles/read.ts'
import type { Backend } from '../../src/backend/backend.ts'
import { writeCopy } from '../../src/copies/write-copy.ts'
import { aboutOf, sampleImage, sampleRun } from '../conformance/samples.ts'
import { testContext } from '../support/context.ts'
import { retrying } from '../support/makers.ts'
import { scratch } from '../support/scratch.ts'

/** Test data of sigstore-conformance, where it lies beside the project. */
const REAL = '../shared/sigstore-conformance/assets/bundle-verify'
const CASES = ['happy-path-intoto-in-dsse-v3', 'rekor2-dsse-happy-path']
const { signal } = new AbortController()
const image = sampleImage('registry.example/acme/app', 'real')
const run = sampleRun('real', image)

const PLACES: Readonly<Record<string, () => Promise<Backend>>> = {
  tekton: () => {
    const file = join(scratch(), 'run.json')
    writeFileSync(file, JSON.stringify(run.object))
    return openBackend('tekton', testContext({ 'storage.tekton.file': file }))
  },
  docdb: () => openBackend('docdb', testContext({ 'storage.docdb.url': `sqlite:${join(scratch(), 'copies.db')}` })),
  gcs: () => openBackend('gcs', testContext({ 'storage.gcs.directory': scratch() })),
  s3: () => openBackend('s3', testContext({ 'storage.s3.directory': scratch() })),
  'oci tags': () => openBackend('oci', testContext({ 'storage.oci.layout': join(scratch(), 'layout') })),
  memory: () => openBackend('memory', testContext()),
}

describe.skipIf(!existsSync(REAL))('real proofs', () => {
  describe.each(CASES)('%s', (name) => {
    const bytes = existsSync(REAL) ? readFileSync(`${REAL}/${name}/bundle.sigstore.json`) : Buffer.from('{}')

    test.each(Object.keys(PLACES))('%s', async (place) => {
      const entry = readBundle(bytes)
      const backend = await PLACES[place]?.()
      const [slot] = backend?.slots(aboutOf('dsse', run, image)) ?? []
      if (backend === undefined || slot === undefined) throw new Error('no slot')
      const copy = await writeCopy(backend, slot, entry, { signal, retry: retrying(1, signal) })
      expect(copy).toMatchObject({ outcome: 'written', confirmed: true })
      const [found] = await backend.get(slot, { signal })
      await backend.close()
      if (found?.entry === undefined) throw new Error('nothing found')
      // The bundle made of the copy says what the first one said.
      const [again] = bundlesOf(found.entry)
      const material = (text: string) => JSON.parse(text).verificationMaterial
      const [was, is] = [material(bytes.toString()), material(Buffer.from(again?.bytes ?? []).toString())]
      expect(is.tlogEntries).toEqual(was.tlogEntries)
      expect(is.certificate).toEqual(was.certificate)
      expect(is.timestampVerificationData?.rfc3161Timestamps ?? []).toEqual(
        was.timestampVerificationData?.rfc3161Timestamps ?? [],
      )
      expect(again).not.toHaveProperty('proofs')
    })
  })
})
