/** Typed options for programs that embed prov: the examples, compiled, and what the settings of the same meaning make. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Backend } from '../../src/index.ts'
import {
  openArchivista,
  openBackend,
  openDocdb,
  openGcs,
  openGrafeas,
  openOci,
  openPubsub,
  openS3,
  openTekton,
} from '../../src/index.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../conformance/samples.ts'
import { testContext } from '../support/context.ts'
import { scratch } from '../support/scratch.ts'

/** As the comments have them. */
const EXAMPLES: Readonly<Record<string, () => Promise<Backend>>> = {
  gcs: () => openGcs({ bucket: 'provenance' }),
  s3: () => openS3({ bucket: 'provenance', region: 'eu-central-1' }),
  oci: () => openOci({ repository: 'ghcr.io/acme/provenance', tagWrites: 'markers' }),
  docdb: () => openDocdb({ url: 'sqlite:prov.db' }),
  tekton: () => openTekton({ file: 'runs.yaml' }),
  archivista: () => openArchivista({ url: 'https://archivista.example' }),
  grafeas: () => openGrafeas({ project: 'acme' }),
  pubsub: () => openPubsub({ provider: 'google', topic: 'provenance', project: 'acme' }),
}

test.each(Object.entries(EXAMPLES))('%s opens with its options, as its comment shows', async (name, open) => {
  const backend = await open()
  expect(backend.name).toBe(name)
  await backend.close()
  const source = readFileSync(`backends/${name}/options.ts`, 'utf8')
  const example = /@example const backend = await (.*)/.exec(source)?.[1] ?? 'none'
  expect(readFileSync('test/backends/options.test.ts', 'utf8')).toContain(`() => ${example},`)
})

test('options are the settings of the same meaning', async () => {
  const directory = join(scratch(), 'copies')
  const image = sampleImage('registry.example/acme/app', 'app')
  const run = sampleRun('build-1', image)
  const options = { signal: new AbortController().signal }
  const written = await openS3({ directory, timeoutMs: 1500 })
  const [slot] = written.slots(aboutOf('dsse', run, image))
  if (slot === undefined) throw new Error('no slot')
  await written.put(slot, sampleEntry('dsse', run, image), options)
  const read = await openBackend('s3', testContext({ 'storage.s3.directory': directory }))
  expect(await read.get(slot, options)).toHaveLength(1)
  const { capabilities } = await openOci({ layout: directory, encodings: ['dsse', 'sigstore-bundle'] })
  expect(capabilities.imageFormats).toEqual(['simplesigning', 'cosign-sign'])
  await expect(openDocdb({ url: 'nonsense' })).rejects.toMatchObject({ code: 'config_invalid' })
})
