/** Log proofs and time-stamps, which only some stores can hold, come through those that can. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { open } from '../../backends/oci/backend.ts'
import type { Entry } from '../../src/model/entry.ts'
import {
  aboutOf,
  SAMPLE_KEY,
  sampleImage,
  sampleRun,
  signed,
  simplesigning,
  statement,
} from '../conformance/samples.ts'
import { describeWith, registry } from '../servers/endpoints.ts'
import { prov } from '../support/cli.ts'
import { testContext } from '../support/context.ts'
import { freshName } from '../support/registry.ts'
import { scratch } from '../support/scratch.ts'

const PROOFS = {
  logProof: '{"SignedEntryTimestamp":"MEUC","Payload":{"logIndex":7}}',
  timestamps: [Buffer.from('3003020100', 'hex')],
}

describeWith(['distribution'], 'proofs', () => {
  it('go from an image layout into a registry and back, byte for byte', async () => {
    const image = sampleImage(`${registry('distribution')}/${freshName('proofs')}`, 'app')
    const run = sampleRun('build-1', image)
    const key = join(scratch(), 'key.pub')
    writeFileSync(key, SAMPLE_KEY.export({ type: 'spki', format: 'pem' }))
    const entries: readonly Entry[] = [
      signed('dsse', statement(run, image), PROOFS),
      signed('raw', simplesigning(image), PROOFS),
    ]
    const [first, last] = [join(scratch(), 'first'), join(scratch(), 'last')]
    const stops = [`layout=${first}`, `repository=${image.repository}`, `layout=${last}`]
    const { signal } = new AbortController()
    const source = open(testContext({ 'storage.oci.layout': first, 'storage.oci.tag-writes': 'readback' }))
    for (const entry of entries) {
      for (const slot of source.slots(aboutOf(entry.kind, run, image))) await source.put(slot, entry, { signal })
    }
    for (const [i, to] of stops.slice(1).entries()) {
      const ends = ['--from-set', `storage.oci.${stops[i]}`, '--to-set', `storage.oci.${to}`]
      const outcome = await prov(['migrate', '--from', 'oci', '--to', 'oci', ...ends, '--key', key])
      expect(outcome.code, outcome.stderr + outcome.stdout).toBe(0)
      expect(outcome.stdout).toContain('2 moved')
    }
    const target = open(testContext({ 'storage.oci.layout': last }))
    for (const entry of entries) {
      const [slot] = target.slots(aboutOf(entry.kind, run, image))
      const found = slot === undefined ? [] : await target.get(slot, { signal })
      const [item, ...others] = found
      expect(others).toEqual([])
      expect(Buffer.from(item?.entry?.envelope ?? [])).toEqual(Buffer.from(entry.envelope ?? []))
      const [signature] = item?.entry?.signatures ?? []
      expect(signature?.logProof).toBe(PROOFS.logProof)
      expect(signature?.timestamps?.map((stamp) => Buffer.from(stamp))).toEqual(PROOFS.timestamps)
      expect(Buffer.from(signature?.sig ?? [])).toEqual(Buffer.from(entry.signatures[0]?.sig ?? []))
    }
  })
})
