/** What prov writes, cosign accepts: the FRSCA dual-storage guide's commands on every registry, with cosign 2 and 3. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { describeWith, REGISTRIES, registry } from '../servers/endpoints.ts'
import { prov } from '../support/cli.ts'
import {
  COSIGNS,
  emptyTrustedRoot,
  newKeyPair,
  verify,
  verifyAttestation,
  verifyBlobAttestation,
} from '../support/cosign.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, type RunWithImage, runWithImage } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

async function store(file: string, more: readonly string[] = []): Promise<void> {
  const args = ['store', '--storage', 'tekton,oci', '--key', PRIVATE_KEY, ...more, file]
  const { code, stderr, stdout } = await prov(args, { env: { COSIGN_PASSWORD: PASSWORD } })
  expect(code, stderr + stdout).toBe(0)
}

/** The guide's own extraction: the annotation of the run's signature, base64-decoded into a file. */
function signatureFile({ file, uid }: RunWithImage): string {
  const { metadata } = parse(readFileSync(file, 'utf8')) as { metadata: { annotations: Record<string, string> } }
  const path = join(scratch(), 'signature')
  writeFileSync(path, Buffer.from(metadata.annotations[`chains.tekton.dev/signature-taskrun-${uid}`] ?? '', 'base64'))
  return path
}

for (const name of REGISTRIES) {
  describeWith([name, ...COSIGNS], `what prov stores on ${name}`, () => {
    let stored: RunWithImage
    let trustedRoot: string
    let foreignKey: string

    beforeAll(async () => {
      stored = await runWithImage(registry(name))
      trustedRoot = await emptyTrustedRoot()
      foreignKey = join(await newKeyPair(), 'cosign.pub')
      await store(stored.file)
    })

    describe.each(COSIGNS)('judged by %s', (version) => {
      it('passes verify, verify-attestation and verify-blob-attestation', async () => {
        const check = { key: PUBLIC_KEY, image: stored.image, trustedRoot }
        const image = await verify(version, check)
        expect(image.code, image.stderr).toBe(0)
        expect(JSON.parse(image.stdout)).toMatchObject([
          { critical: { image: { 'docker-manifest-digest': stored.digest } } },
        ])
        const attestation = await verifyAttestation(version, check)
        expect(attestation.code, attestation.stderr).toBe(0)
        const { payload } = JSON.parse(attestation.stdout) as { payload: string }
        expect(JSON.parse(Buffer.from(payload, 'base64').toString())).toMatchObject({
          predicateType: 'https://slsa.dev/provenance/v0.2',
          subject: [{ digest: { sha256: stored.digest.replace('sha256:', '') } }],
        })
        const blob = await verifyBlobAttestation(version, PUBLIC_KEY, signatureFile(stored))
        expect(blob.code, blob.stderr).toBe(0)
      })

      it('fails all three with another key', async () => {
        const check = { key: foreignKey, image: stored.image, trustedRoot }
        expect((await verify(version, check)).code).not.toBe(0)
        expect((await verifyAttestation(version, check)).code).not.toBe(0)
        expect((await verifyBlobAttestation(version, foreignKey, signatureFile(stored))).code).not.toBe(0)
      })
    })

    it('verifies in prov as well, and fails there with another key', async () => {
      const args = ['verify', '--storage', 'tekton,oci', stored.file, '--key']
      const good = await prov([...args, PUBLIC_KEY])
      expect(good.code, good.stderr + good.stdout).toBe(0)
      expect((await prov([...args, foreignKey])).code).toBe(3)
    })

    it('gives the signature that the annotation holds, for the same cosign command', async () => {
      const signature = await prov([
        'get',
        'signature',
        '--storage',
        'tekton',
        '--run',
        stored.uid,
        '--format',
        'slsa/v1',
        stored.file,
      ])
      expect(signature.code, signature.stderr).toBe(0)
      expect(signature.bytes.equals(readFileSync(signatureFile(stored)))).toBe(true)
    })
  })

  describeWith([name, ...COSIGNS], `what prov stores on ${name} in other ways`, () => {
    it.each([
      ['markers', { 'storage.oci.tag-writes': 'markers' }, {}],
      [
        'a repository of its own',
        { 'storage.oci.repository': `${registry(name)}/prov/signatures` },
        { COSIGN_REPOSITORY: `${registry(name)}/prov/signatures` },
      ],
    ] as const)('passes with %s', async (_, settings, env) => {
      const { file, image } = await runWithImage(registry(name))
      await store(
        file,
        Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
      )
      const check = { key: PUBLIC_KEY, image, trustedRoot: await emptyTrustedRoot(), env }
      for (const version of COSIGNS) {
        const outcomes = [await verify(version, check), await verifyAttestation(version, check)]
        expect(
          outcomes.map(({ code }) => code),
          outcomes.map(({ stderr }) => stderr).join('\n'),
        ).toEqual([0, 0])
      }
    })
  })
}

describeWith(['distribution', ...COSIGNS], 'what prov stores with keys of its own making', () => {
  it('passes with a pair of prov keys generate', async () => {
    const cwd = scratch()
    const made = await prov(['keys', 'generate'], { cwd, env: { COSIGN_PASSWORD: 'a pass word' } })
    expect(made.code, made.stderr).toBe(0)
    const { file, image } = await runWithImage(registry('distribution'))
    const key = join(cwd, 'cosign.pub')
    const stored = await prov(['store', '--storage', 'oci', '--key', join(cwd, 'cosign.key'), file], {
      env: { COSIGN_PASSWORD: 'a pass word' },
    })
    expect(stored.code, stored.stderr).toBe(0)
    for (const version of COSIGNS) {
      const outcome = await verify(version, { key, image, trustedRoot: await emptyTrustedRoot() })
      expect(outcome.code, outcome.stderr).toBe(0)
    }
  })
})

describeWith(['distribution', ...COSIGNS], 'an image without any run', () => {
  it('is signed by its reference, and cosign verifies it', async () => {
    const { image } = await runWithImage(registry('distribution'))
    const stored = await prov(['store', '--storage', 'oci', '--key', PRIVATE_KEY, '--image', image], {
      env: { COSIGN_PASSWORD: PASSWORD },
    })
    expect(stored.code, stored.stderr).toBe(0)
    for (const version of COSIGNS) {
      const outcome = await verify(version, { key: PUBLIC_KEY, image, trustedRoot: await emptyTrustedRoot() })
      expect(outcome.code, outcome.stderr).toBe(0)
    }
  })
})
