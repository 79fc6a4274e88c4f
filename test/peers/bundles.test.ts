/** Bundles: what prov stores as referrers cosign finds, what cosign 3 and Chains stored prov reads; with and without the referrers API. */
import { createHash, createPublicKey, generateKeyPairSync, sign as signBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { simplesigning } from '../conformance/samples.ts'
import { describeWith, registry } from '../servers/endpoints.ts'
import { type Outcome, prov } from '../support/cli.ts'
import { COSIGNS, cosign, emptyTrustedRoot, newKeyPair, verify, verifyAttestation } from '../support/cosign.ts'
import { refer, referrersOf } from '../support/referrers.ts'
import { freshName, layersOf, OCI_MANIFEST, putBlob, seedImage, tagsOf } from '../support/registry.ts'
import { marksOf, reportOf } from '../support/report.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runOfImage, runWithImage } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
const BUNDLES = ['--set', 'storage.oci.encoding-format=sigstore-bundle']
const BOTH = ['--set', 'storage.oci.encoding-format=dsse,sigstore-bundle']

const store = (...args: readonly string[]): Promise<Outcome> =>
  prov(['store', '--key', PRIVATE_KEY, ...args], { env: { COSIGN_PASSWORD: PASSWORD } })
const check = (...args: readonly string[]): Promise<Outcome> => prov(['verify', '--json', ...args])

async function well(outcome: Promise<Outcome>): Promise<Outcome> {
  const { code, stdout, stderr } = await outcome
  expect(code, stderr + stdout).toBe(0)
  return outcome
}

/** cosign 3 as it stores by default, without services: bundles. */
async function cosignStores(image: string, trustedRoot: string): Promise<void> {
  const config = join(scratch(), 'signing-config.json')
  const none = ['--no-default-rekor', '--no-default-fulcio', '--no-default-oidc', '--no-default-tsa']
  await well(cosign('cosign-v3', ['signing-config', 'create', ...none, '--out', config]))
  const flags = ['--key', PRIVATE_KEY, '--signing-config', config, '--trusted-root', trustedRoot, '--yes', image]
  const predicate = join(scratch(), 'predicate.json')
  writeFileSync(predicate, JSON.stringify({ builder: { id: 'https://example.com/b' }, buildType: 'x' }))
  await well(cosign('cosign-v3', ['sign', ...flags]))
  await well(cosign('cosign-v3', ['attest', '--type', 'slsaprovenance', '--predicate', predicate, ...flags]))
}

const SPKI = { type: 'spki', format: 'der' } as const

interface Envelope {
  readonly payload: string
  readonly signatures: readonly { readonly sig: string; readonly keyid?: string }[]
}

interface Bundle {
  readonly verificationMaterial: { readonly publicKey: { readonly hint: string } }
  readonly dsseEnvelope: Envelope
}

async function getJson<T>(endpoint: string, name: string, digest = ''): Promise<T> {
  return (await fetch(`http://${endpoint}/v2/${name}/blobs/${digest}`)).json() as Promise<T>
}

/** Every bundle that refers to the image. */
async function bundlesOf(endpoint: string, name: string, digest: string): Promise<readonly Bundle[]> {
  const { index } = await referrersOf(endpoint, name, digest)
  const layers = await Promise.all(index.manifests.map((item) => layersOf(endpoint, name, item.digest)))
  return Promise.all(layers.flat().map((layer) => getJson<Bundle>(endpoint, name, layer.digest)))
}

for (const name of ['distribution', 'cue-oci'] as const) {
  describeWith([name, ...COSIGNS], `bundles on ${name}`, () => {
    it('of prov are found and verified by cosign, and once stored are not stored again', async () => {
      const { file, image, name: repository, digest } = await runWithImage(registry(name))
      const args = ['--storage', 'tekton,oci', ...BUNDLES, file]
      await well(store(...args))
      const before = await referrersOf(registry(name), repository, digest)
      expect(before.api).toBe(name === 'cue-oci')
      expect(before.index.manifests).toHaveLength(2)

      const trustedRoot = await emptyTrustedRoot()
      const foreign = join(await newKeyPair(), 'cosign.pub')
      for (const version of COSIGNS) {
        for (const key of [PUBLIC_KEY, foreign]) {
          const outcomes = [
            await verify(version, { key, image, trustedRoot }),
            await verifyAttestation(version, { key, image, trustedRoot }),
          ]
          const said = outcomes.map(({ stderr }) => stderr).join('\n')
          // cosign takes any Statement for a signature: that ours is among them, only its type says.
          if (key === PUBLIC_KEY) expect(outcomes[0]?.stdout).toContain('https://sigstore.dev/cosign/sign/v1')
          expect(
            outcomes.map(({ code }) => code === 0),
            `${version}: ${said}`,
          ).toEqual(key === PUBLIC_KEY ? [true, true] : [false, false])
        }
      }
      const verdict = await well(check('--storage', 'tekton,oci', ...BUNDLES, '--key', PUBLIC_KEY, file))
      expect(marksOf(reportOf(verdict))).toEqual(['oci dsse =', 'oci dsse =', 'tekton dsse =', 'tekton raw ='])
      expect((await check('--storage', 'oci', ...BUNDLES, '--key', foreign, file)).code).toBe(3)

      await well(store(...args))
      expect(await referrersOf(registry(name), repository, digest)).toEqual(before)
    })

    it('of cosign 3 are read and verified from the image reference alone', async () => {
      const image = await seedImage(registry(name), freshName('bundles'))
      await cosignStores(image, await emptyTrustedRoot())
      const args = ['--storage', 'oci', ...BUNDLES, '--image', image, '--key']
      const verdict = reportOf(await well(check(...args, PUBLIC_KEY)))
      const rows = verdict.artifacts.flatMap((one) => one.rows.map(({ mark, format }) => `${mark} ${format}`))
      expect(rows).toEqual(['= cosign-sign', '= slsa/v1'])
      expect((await check(...args, join(await newKeyPair(), 'cosign.pub'))).code).toBe(3)
      // Signed already: nothing is signed or stored anew.
      await well(store('--storage', 'oci', ...BUNDLES, '--image', image))
      const [, repository = '', digest = ''] = /^[^/]+\/(.*)@(.*)$/.exec(image) ?? []
      expect(await bundlesOf(registry(name), repository, digest)).toHaveLength(2)
    })

    it('take over the signature that a tag holds, and name its key', async () => {
      const { file, image, name: repository, digest } = await runWithImage(registry(name))
      await well(store('--storage', 'oci', '--image', image))
      await well(store('--storage', 'oci', file))
      await well(store('--storage', 'oci', ...BOTH, file))
      expect((await referrersOf(registry(name), repository, digest)).index.manifests).toHaveLength(2)
      for (const suffix of ['sig', 'att']) {
        expect(await layersOf(registry(name), repository, `${digest.replace(':', '-')}.${suffix}`)).toHaveLength(1)
      }
      const verdict = await well(check('--storage', 'oci', ...BOTH, '--key', PUBLIC_KEY, file))
      expect(marksOf(reportOf(verdict))).toEqual(['oci dsse =', 'oci dsse =', 'oci dsse =', 'oci raw ='])
      const [layer] = await layersOf(registry(name), repository, `${digest.replace(':', '-')}.att`)
      const envelope = await getJson<Envelope>(registry(name), repository, layer?.digest)
      const bundles = await bundlesOf(registry(name), repository, digest)
      const provenance = bundles.find(({ dsseEnvelope }) => dsseEnvelope.payload === envelope.payload)
      expect(provenance?.dsseEnvelope.signatures).toEqual(envelope.signatures)
      const hint = createHash('sha256')
        .update(createPublicKey(readFileSync(PUBLIC_KEY)).export(SPKI))
        .digest('base64')
      expect(bundles.map(({ verificationMaterial }) => verificationMaterial.publicKey.hint)).toEqual([hint, hint])
      const trustedRoot = await emptyTrustedRoot()
      for (const version of COSIGNS) {
        const outcome = await verifyAttestation(version, { key: PUBLIC_KEY, image, trustedRoot })
        expect(outcome.code, outcome.stderr).toBe(0)
      }
    })

    it('of Chains, with a raw signature in an envelope, count as the image signature they are', async () => {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const key = join(scratch(), 'chains.pub')
      writeFileSync(key, publicKey.export({ type: 'spki', format: 'pem' }))
      const { file, name: repository, digest, endpoint } = await runWithImage(registry(name))
      const payload = Buffer.from(simplesigning({ repository: `${endpoint}/${repository}`, digest }))
      const bundle = {
        mediaType: BUNDLE,
        verificationMaterial: { publicKey: { hint: 'aGludA==' } },
        dsseEnvelope: {
          payload: payload.toString('base64'),
          payloadType: 'application/vnd.dev.cosign.simplesigning.v1+json',
          signatures: [{ sig: signBytes('sha256', payload, privateKey).toString('base64') }],
        },
      }
      const layer = await putBlob(endpoint, repository, Buffer.from(JSON.stringify(bundle)), BUNDLE)
      const config = await putBlob(endpoint, repository, Buffer.from('{}'), 'application/vnd.oci.empty.v1+json')
      const subject = { mediaType: OCI_MANIFEST, digest, size: 7 }
      const manifest = {
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        config,
        layers: [layer],
        subject,
        artifactType: BUNDLE,
      }
      await refer(endpoint, repository, digest, manifest)
      const report = reportOf(await check('--storage', 'oci', ...BUNDLES, '--key', key, file))
      const rows = report.artifacts.flatMap((one) => one.rows.map(({ mark, format }) => `${mark} ${format}`))
      // The run's attestation is absent, not damaged: what signs its image rightly lies in the same list.
      expect(rows).toEqual(['+ undefined', '= simplesigning'])
      expect(report.exit).toBe(5)
    })

    it('leave alone what others let refer to the image', async () => {
      const { file, name: repository, digest, endpoint } = await runWithImage(registry(name))
      const layer = await putBlob(endpoint, repository, Buffer.from('{"sbom":1}'), 'application/spdx+json')
      const config = await putBlob(endpoint, repository, Buffer.from('{}'), 'application/vnd.oci.empty.v1+json')
      const subject = { mediaType: OCI_MANIFEST, digest, size: 7 }
      const sbom = {
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        config,
        layers: [layer],
        subject,
        artifactType: 'application/spdx+json',
      }
      const theirs = await refer(endpoint, repository, digest, sbom)
      await well(store('--storage', 'oci', ...BUNDLES, file))
      const { index } = await referrersOf(endpoint, repository, digest)
      expect(index.manifests.map((item) => item.digest)).toContain(theirs.digest)
      expect(index.manifests).toHaveLength(3)
      await well(check('--storage', 'oci', ...BUNDLES, '--strict', '--key', PUBLIC_KEY, file))
    })

    it('need an image that is there; tags do not', async () => {
      const endpoint = registry(name)
      const run = { endpoint, name: freshName('bundles'), digest: `sha256:${'5'.repeat(64)}` }
      const { file } = runOfImage(run)
      const outcome = await store('--storage', 'oci', ...BUNDLES, file)
      expect(outcome.code, outcome.stderr + outcome.stdout).toBe(7)
      expect(outcome.stdout).toContain('the image is not in its repository')
      expect(await tagsOf(endpoint, run.name)).toEqual([])
      await well(store('--storage', 'oci', file))
    })

    it('lie with their image, even where another repository is named for the tags', async () => {
      const { file, name: repository, digest } = await runWithImage(registry(name))
      const elsewhere = freshName('elsewhere')
      const set = ['--set', `storage.oci.repository=${registry(name)}/${elsewhere}`]
      const { stderr } = await well(store('--storage', 'oci', ...BOTH, ...set, file))
      expect(stderr).toContain('storage.oci.repository does not hold bundles')
      expect((await referrersOf(registry(name), repository, digest)).index.manifests).toHaveLength(2)
      expect((await tagsOf(registry(name), elsewhere)).toSorted()).toEqual(
        ['att', 'sig'].map((suffix) => `${digest.replace(':', '-')}.${suffix}`),
      )
      await well(check('--storage', 'oci', ...BOTH, ...set, '--key', PUBLIC_KEY, file))
    })
  })
}
