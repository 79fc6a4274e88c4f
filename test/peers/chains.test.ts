/** What Tekton Chains stored (fixtures/stored), prov reads and verifies, and completes with Chains' own bytes. */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseDocument } from 'yaml'
import { describeWith, REGISTRIES, registry } from '../servers/endpoints.ts'
import { prov } from '../support/cli.ts'
import { freshName, getManifest, OCI_MANIFEST, putBlob, putManifest } from '../support/registry.ts'
import { marksOf, reportOf } from '../support/report.ts'
import { FIXTURES, PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

interface StoredRow {
  readonly backend: string
  readonly input: string
  readonly files: readonly string[]
  readonly storedInput: string
  readonly repository: string
  readonly tag: string
  readonly manifestDigest: string
  readonly manifest: string
  readonly config: string
  readonly layers: readonly string[]
}

const fixture = (path: string): Buffer => readFileSync(join(FIXTURES, path))
const rows = JSON.parse(fixture('stored/index.json').toString()) as readonly StoredRow[]
const inputs = [...new Set(rows.map(({ input }) => basename(input)))]

/** The run as it stood in the cluster once Chains had signed it. */
function signedByChains(input: string): string {
  const file = runFixture(input)
  const stored = JSON.parse(
    fixture(`stored/tekton/${input.replace('.yaml', '')}/annotations.json`).toString(),
  ) as Record<string, string>
  const document = parseDocument(readFileSync(file, 'utf8'))
  const path = document.getIn(['kind']) === 'List' ? ['items', 0] : []
  for (const [key, value] of Object.entries(stored)) document.setIn([...path, 'metadata', 'annotations', key], value)
  writeFileSync(file, document.toString())
  return file
}

/** Puts every tag that Chains wrote for an input into one repository, byte for byte. */
async function replay(endpoint: string, name: string, input: string): Promise<string> {
  const ours = rows.filter((row) => row.backend === 'oci' && basename(row.input) === input)
  for (const row of ours) {
    const manifest = fixture(row.manifest)
    const { config, layers } = JSON.parse(manifest.toString()) as Record<'config', { mediaType: string }> & {
      layers: { mediaType: string }[]
    }
    await putBlob(endpoint, name, fixture(row.config), config.mediaType)
    for (const [i, layer] of layers.entries())
      await putBlob(endpoint, name, fixture(row.layers[i] ?? ''), layer.mediaType)
    expect(await putManifest(endpoint, name, row.tag, manifest)).toBe(row.manifestDigest)
  }
  const input0 = ours[0]?.storedInput ?? ''
  const file = join(scratch(), basename(input0))
  writeFileSync(file, fixture(input0))
  return file
}

describe.each(inputs)("Chains' annotations on %s", (input) => {
  it('verify', async () => {
    const outcome = await prov([
      'verify',
      '--json',
      '--storage',
      'tekton',
      '--key',
      PUBLIC_KEY,
      '--run',
      runOf(input),
      signedByChains(input),
    ])
    expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0)
    expect(new Set(marksOf(reportOf(outcome)).map((line) => line.at(-1)))).toEqual(new Set(['=']))
  })
})

/** Chains was run on this one; a PipelineRun's children were not signed on their own. */
function runOf(input: string): string {
  const document = parseDocument(fixture(`runs/${input}`).toString())
  const path = document.getIn(['kind']) === 'List' ? ['items', 0] : []
  return String(document.getIn([...path, 'metadata', 'uid']))
}

for (const name of REGISTRIES) {
  describeWith([name], `Chains' tags on ${name}`, () => {
    it.each(inputs)('verify: %s', async (input) => {
      const repository = freshName('chains')
      const file = await replay(registry(name), repository, input)
      const setting = `storage.oci.repository=${registry(name)}/${repository}`
      const args = ['--storage', 'oci', '--set', setting, '--key', PUBLIC_KEY]
      const outcome = await prov(['verify', '--json', ...args, '--run', runOf(input), file])
      expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0)
      expect(new Set(marksOf(reportOf(outcome)).map((line) => line.at(-1)))).toEqual(new Set(['=']))
    })
  })
}

describeWith(['distribution'], 'a run that Chains signed into its annotations', () => {
  it("is completed in the registry with Chains' own envelope, without a new signature", async () => {
    const file = signedByChains('buildpacks-taskrun.yaml')
    const stored = JSON.parse(fixture('stored/tekton/buildpacks-taskrun/annotations.json').toString()) as Record<
      string,
      string
    >
    const repository = freshName('completed')
    const setting = `storage.oci.repository=${registry('distribution')}/${repository}`
    const args = ['store', '--json', '--storage', 'tekton,oci', '--set', setting, '--key', PRIVATE_KEY, file]
    const outcome = await prov(args, { env: { COSIGN_PASSWORD: PASSWORD } })
    expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0)

    const tag = 'sha256-09e72cd4668214dcd3c5dae94efc1881970a315731be8837bc97164cf14da4f2'
    const manifest = await getManifest(registry('distribution'), repository, `${tag}.att`)
    const { mediaType, layers } = JSON.parse(manifest?.toString() ?? '{}') as {
      mediaType: string
      layers: { digest: string }[]
    }
    expect([mediaType, layers.length]).toEqual([OCI_MANIFEST, 1])
    const blob = await fetch(`http://${registry('distribution')}/v2/${repository}/blobs/${layers[0]?.digest}`)
    const envelope = stored['chains.tekton.dev/signature-taskrun-b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9'] ?? ''
    expect(await blob.text()).toBe(Buffer.from(envelope, 'base64').toString())
  })
})
