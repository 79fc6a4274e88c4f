/** What goes wrong before a document is sent says at which backend and location, and keeps what it came from. */
import { expect, it } from 'vitest'
import { open } from '../../../backends/docdb/backend.ts'
import { sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { testContext } from '../../support/context.ts'

it('keeps the cause of an entry that cannot be written as a document', () => {
  const backend = open(testContext({ 'storage.docdb.url': 'sqlite:prov.db' }))
  const image = sampleImage('registry.example/acme/app', 'cause')
  const run = sampleRun('build-7x', image)
  const [slot] = backend.slots({ artifact: run, kind: 'dsse', subjects: [] })
  if (slot === undefined) throw new Error('docdb keeps every run')
  const entry = { ...sampleEntry('raw', run, image), signatures: [{ sig: undefined as never }] }
  let thrown: unknown
  try {
    backend.size(slot, entry)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toMatchObject({ code: 'internal', backend: 'docdb', operation: 'put', location: slot.key })
  expect((thrown as Error).cause).toBeInstanceOf(TypeError)
})
