/** Log entries, log proofs and time-stamps come through every store that can be read, whatever its form. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { open } from '../../backends/oci/backend.ts'
import type { Entry } from '../../src/model/entry.ts'
import { LOG_ENTRY, LOG_ENTRY_V2 } from '../conformance/proof-samples.ts'
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
  logEntries: [LOG_ENTRY_V2, LOG_ENTRY],
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

it("go from tags through Chains' documents and objects into tags again, and a second run only adds what is new", async () => {
  const image = sampleImage('registry.example/acme/app', 'proofs')
  const run = sampleRun('build-1', image)
  const folder = scratch()
  const key = join(folder, 'key.pub')
  writeFileSync(key, SAMPLE_KEY.export({ type: 'spki', format: 'pem' }))
  const stops = [
    ['oci', `storage.oci.layout=${join(folder, 'first')}`],
    ['docdb', `storage.docdb.url=sqlite:${join(folder, 'copies.db')}`],
    ['s3', `storage.s3.directory=${join(folder, 'copies')}`],
    ['oci', `storage.oci.layout=${join(folder, 'last')}`],
  ] as const
  const entries: readonly Entry[] = [
    signed('dsse', statement(run, image), PROOFS),
    signed('raw', simplesigning(image), PROOFS),
  ]
  const { signal } = new AbortController()
  const put = async (all: readonly Entry[]): Promise<void> => {
    const source = open(testContext({ 'storage.oci.layout': join(folder, 'first') }))
    for (const entry of all) {
      for (const slot of source.slots(aboutOf(entry.kind, run, image))) await source.put(slot, entry, { signal })
    }
  }
  const moveAll = async (): Promise<readonly string[]> => {
    const said: string[] = []
    for (const [i, [to, toSet]] of stops.slice(1).entries()) {
      const [from, fromSet] = stops[i] ?? ['', '']
      const ends = ['--from', from, '--from-set', fromSet, '--to', to, '--to-set', toSet]
      const outcome = await prov(['migrate', ...ends, '--key', key])
      expect(outcome.code, outcome.stderr + outcome.stdout).toBe(0)
      said.push(/(\d+) moved/.exec(outcome.stdout)?.[1] ?? '0')
    }
    return said
  }
  const proofs = async () => {
    const target = open(testContext({ 'storage.oci.layout': join(folder, 'last') }))
    const found = await Promise.all(
      entries.map(async ({ kind }) => {
        const [slot] = target.slots(aboutOf(kind, run, image))
        const items = slot === undefined ? [] : await target.get(slot, { signal })
        expect(items).toHaveLength(1)
        const { logEntries, logProof, timestamps } = items[0]?.entry?.signatures[0] ?? {}
        return { logEntries, logProof, timestamps: timestamps?.map((stamp) => Buffer.from(stamp).toString('hex')) }
      }),
    )
    return found
  }
  const hex = (stamps: readonly Uint8Array[]): readonly string[] =>
    stamps.map((one) => Buffer.from(one).toString('hex'))
  await put(entries)
  expect(await moveAll()).toEqual(['2', '2', '2'])
  expect(await proofs()).toEqual(Array(2).fill({ ...PROOFS, timestamps: hex(PROOFS.timestamps) }))
  expect(await moveAll()).toEqual(['0', '0', '0'])
  const second = Buffer.from('3003020101', 'hex')
  await put(
    entries.map((entry) => ({
      ...entry,
      signatures: entry.signatures.map((one) => ({ ...one, timestamps: [second] })),
    })),
  )
  expect(await moveAll()).toEqual(['2', '2', '2'])
  expect(await proofs()).toEqual(Array(2).fill({ ...PROOFS, timestamps: hex([...PROOFS.timestamps, second]) }))
})
