import { expect, onTestFinished, test } from 'vitest'
import { open } from '../../../backends/grafeas/backend.ts'
import { foundOf, noteBody, occurrenceOf, slotsOf } from '../../../backends/grafeas/layout.ts'
import { calm, collect, expectCode, expectSame } from '../../conformance/checks.ts'
import { aboutOf, envelope, LEAF, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { testContext } from '../../support/context.ts'
import { fakeGrafeas } from '../../support/grafeas-server.ts'

const image = sampleImage('ghcr.io/acme/app', 'app')
const run = sampleRun('build-1', image)
const about = aboutOf('dsse', run, image)
const names = { project: 'acme', noteid: undefined, hint: 'a hint' }
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

test("notes and URIs are Chains', and the note of one namespace does not stick", () => {
  const uri = `ghcr.io/acme/app@${image.digest}`
  expect(slotsOf(about, names).map(({ address }) => address)).toEqual([
    { note: 'projects/acme/notes/tekton-ci-taskrun-intoto', uri },
  ])
  const other = { ...run, namespace: 'other', kind: 'PipelineRun' as const }
  expect(slotsOf({ ...about, artifact: other }, names)[0]?.address['note']).toBe(
    'projects/acme/notes/tekton-other-pipelinerun-intoto',
  )
  expect(slotsOf(aboutOf('raw', run, image), names)[0]?.address).toEqual({
    note: 'projects/acme/notes/tekton-ci-simplesigning',
    uri,
  })
  expect(slotsOf(about, { ...names, noteid: 'mine' })[0]?.address['note']).toBe(
    'projects/acme/notes/mine-taskrun-intoto',
  )
  const two = [...about.subjects, { name: 'lib', digest: { sha512: 'b'.repeat(128), sha1: 'a'.repeat(40) } }]
  expect(slotsOf({ ...about, subjects: two }, names).map(({ address }) => address['uri'])).toEqual([
    uri,
    `lib@sha1:${'a'.repeat(40)}`,
    `lib@sha512:${'b'.repeat(128)}`,
  ])
  expect(slotsOf({ ...about, subjects: [] }, names)).toEqual([])
})

test("notes are created with Chains' words", () => {
  expect(noteBody('projects/p/notes/n-simplesigning', names)).toEqual({
    kind: 'ATTESTATION',
    shortDescription: 'OCI Artifact Attestation Note',
    attestation: { hint: { humanReadableName: 'a hint' } },
  })
  expect(noteBody('projects/p/notes/n-pipelinerun-intoto', names)).toEqual({
    kind: 'BUILD',
    shortDescription: 'Build Provenance Note for TaskRun',
    build: { builderVersion: 'tekton.dev/v1/PipelineRun' },
  })
})

test('the envelope of an occurrence is one that any reader of DSSE can verify', () => {
  const entry = sampleEntry('dsse', run, image)
  const [slot] = slotsOf(about, names)
  if (slot === undefined) throw new Error('no slot')
  const occurrence = JSON.parse(JSON.stringify(occurrenceOf(slot, entry)))
  const own = JSON.parse(Buffer.from(envelope(entry)).toString())
  expect(occurrence.envelope).toEqual(own)
  expect(occurrence).toMatchObject({ kind: 'BUILD', noteName: slot.address['note'], resourceUri: slot.address['uri'] })
  expect(occurrence.build.inTotoSlsaProvenanceV1.predicate.runDetails.metadata.invocationId).toBe(run.uid)
})

test("Chains' own occurrence, with a whole envelope in place of the signature, is read; a false one is damage", () => {
  const entry = sampleEntry('dsse', run, image)
  const [slot] = slotsOf(about, names)
  if (slot === undefined) throw new Error('no slot')
  const stored = (inside: Uint8Array) => ({
    name: 'projects/acme/occurrences/1',
    envelope: {
      payload: base64(entry.payload),
      payloadType: entry.payloadType,
      signatures: [{ sig: base64(inside), keyid: 'gcpkms://key' }],
    },
  })
  expectSame(foundOf(slot, stored(envelope(entry))).entry, entry)
  const other = envelope(sampleEntry('dsse', run, image, 'another'))
  expect(foundOf(slot, stored(other)).damage).toMatchObject({ code: 'copy_malformed', backend: 'grafeas' })
  expect(foundOf(slot, { name: 'x' }).damage?.code).toBe('copy_malformed')
})

test('two namespaces have a note each; a note that exists is used; certificates are refused; list knows namespaces', async () => {
  const server = await fakeGrafeas({ pageSize: 1 })
  const settings = {
    'storage.grafeas.endpoint': `http://${server.endpoint}`,
    'storage.grafeas.projectid': 'acme',
  }
  const [one, two] = [open(testContext(settings)), open(testContext(settings))]
  onTestFinished(async () => {
    await one.close()
    await two.close()
    await server.close()
  })
  for (const [backend, namespace] of [
    [one, 'ci'],
    [one, 'prod'],
    [two, 'ci'],
  ] as const) {
    const own = { ...run, namespace }
    const [slot] = backend.slots(aboutOf('dsse', own, image))
    if (slot === undefined) throw new Error('no slot')
    const entry = sampleEntry('dsse', own, image, `${namespace} ${backend === one}`)
    expect((await backend.put(slot, entry, calm())).location).toMatch(/^projects\/acme\/occurrences\//)
    const kept = sampleEntry('dsse', own, image, 'c', { certificate: LEAF })
    await expectCode(backend.put(slot, kept, calm()), 'not_supported')
  }
  expect([...server.notes.keys()]).toEqual([
    'projects/acme/notes/tekton-ci-taskrun-intoto',
    'projects/acme/notes/tekton-prod-taskrun-intoto',
  ])
  expect(server.occurrences.size).toBe(3)
  expect(await collect(one.list?.({ namespace: 'prod' }, calm()) ?? fail())).toHaveLength(1)
  expect(await collect(one.list?.({ subject: image.digest.slice(7) }, calm()) ?? fail())).toHaveLength(3)
})

test('a project must be named', () => {
  expect(() => open(testContext()).slots(about)).toThrow(expect.objectContaining({ code: 'config_invalid' }))
  const odd = testContext({ 'storage.grafeas.projectid': 'a/b' })
  expect(() => open(odd).slots(about)).toThrow(expect.objectContaining({ code: 'config_invalid' }))
})

function fail(): never {
  throw new Error('it cannot list')
}
