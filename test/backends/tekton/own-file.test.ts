import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { openTekton } from '../../../backends/tekton/backend.ts'
import { annotationsOf } from '../../../backends/tekton/layout.ts'
import { type RunArtifact, runKey } from '../../../src/model/artifact.ts'
import { calm, entries, expectCode, expectSame } from '../../conformance/checks.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { testContext } from '../../support/context.ts'
import { testFolder } from '../../support/tekton.ts'

const image = sampleImage('registry.example/acme/app', 'app')

function open(file: string) {
  return openTekton(testContext({ 'storage.tekton.file': file }))
}

function slotOf(backend: ReturnType<typeof open>, run: RunArtifact) {
  const [slot] = backend.slots(aboutOf('dsse', run, image))
  if (slot === undefined) throw new Error('no slot')
  return slot
}

test('runs from standard input are written to the file that is named, each once', async () => {
  const file = join(testFolder(), 'out.yaml')
  const runs = Array.from({ length: 20 }, (_, i) => ({
    ...sampleRun(`build-${i}`, image),
    source: { file: '-', document: i },
  }))
  const backend = open(file)
  expect(await backend.get(slotOf(backend, runs[0] ?? sampleRun('x', image)), calm())).toEqual([])
  expect(existsSync(file)).toBe(false)
  for (const half of [runs.slice(0, 12), runs.slice(8)]) {
    await Promise.all(half.map((run) => backend.put(slotOf(backend, run), sampleEntry('dsse', run, image), calm())))
  }
  for (const run of runs) {
    await backend.seal?.(run, calm())
    expect(await entries(backend, slotOf(backend, run))).toHaveLength(1)
  }
  const documents = parseAllDocuments(readFileSync(file, 'utf8')).map((d) => d.toJS())
  expect(documents.map((d) => d.metadata.uid)).toEqual(runs.map((run) => run.uid))
  expect(documents.every((d) => d.metadata.annotations['chains.tekton.dev/signed'] === 'true')).toBe(true)
  expect(documents.every((d) => d.metadata.annotations['build.acme.example/ticket'] === 'ORD-4471')).toBe(true)
  expect(readdirSync(join(file, '..'))).toEqual(['out.yaml'])
})

test('a run that brings copies of its own keeps them in the new file', async () => {
  const file = join(testFolder(), 'out.json')
  const bare = sampleRun('build-1', image)
  const chains = sampleEntry('dsse', bare, image, 'by Chains')
  const annotations = annotationsOf(chains, runKey(bare))
  const metadata = { ...(bare.object['metadata'] as object), annotations }
  const run: RunArtifact = { ...bare, object: { ...bare.object, metadata } }
  const backend = open(file)
  const slot = slotOf(backend, run)
  const receipt = await backend.put(slot, sampleEntry('dsse', run, image, 'ours'), calm())
  expect(receipt.outcome).toBe('occupied')
  expectSame((await entries(backend, slot))[0], chains)
})

test('without the run at hand, nothing can be added', async () => {
  const file = join(testFolder(), 'out.yaml')
  const run = sampleRun('build-1', image)
  const slot = slotOf(open(file), run)
  await expectCode(open(file).put(slot, sampleEntry('dsse', run, image), calm()), 'run_not_found')
  expect(existsSync(file)).toBe(false)
})
