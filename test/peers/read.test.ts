/** What cosign writes into the tags, prov reads and verifies. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { describeWith, REGISTRIES, registry } from '../servers/endpoints.ts'
import { prov } from '../support/cli.ts'
import { attest, COSIGNS, newKeyPair, sign } from '../support/cosign.ts'
import { freshName, seedImage } from '../support/registry.ts'
import { marksOf, reportOf } from '../support/report.ts'
import { PUBLIC_KEY } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const PREDICATES = {
  slsaprovenance: {
    builder: { id: 'https://example.com/builder@v1' },
    buildType: 'https://example.com/bt@v1',
    materials: [],
  },
  slsaprovenance1: {
    buildDefinition: {
      buildType: 'https://example.com/bt@v1',
      externalParameters: {},
      internalParameters: {},
      resolvedDependencies: [],
    },
    runDetails: { builder: { id: 'https://example.com/builder@v1' }, metadata: { invocationId: '1' } },
  },
} as const

function predicate(type: keyof typeof PREDICATES): string {
  const file = join(scratch(), `${type}.json`)
  writeFileSync(file, JSON.stringify(PREDICATES[type]))
  return file
}

for (const name of REGISTRIES) {
  describeWith([name, ...COSIGNS], `what cosign stores on ${name}`, () => {
    let foreign: string
    beforeAll(async () => {
      foreign = await newKeyPair()
    })
    const verify = async (image: string, ...more: readonly string[]) =>
      prov(['verify', '--json', '--storage', 'oci', '--key', PUBLIC_KEY, '--image', image, ...more])

    describe.each(COSIGNS)('by %s', (version) => {
      it('is read and verified from the image reference alone', async () => {
        const image = await seedImage(registry(name), freshName('read'))
        await sign(version, image)
        await attest(version, image, 'slsaprovenance', predicate('slsaprovenance'))
        const outcome = await verify(image)
        expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0)
        expect(marksOf(reportOf(outcome))).toEqual(['oci dsse =', 'oci raw ='])
      })

      it('is refused under another key', async () => {
        const image = await seedImage(registry(name), freshName('read'))
        await sign(version, image, join(foreign, 'cosign.key'))
        await attest(version, image, 'slsaprovenance', predicate('slsaprovenance'), join(foreign, 'cosign.key'))
        const outcome = await verify(image)
        expect(outcome.code, outcome.stdout + outcome.stderr).toBe(3)
        expect(new Set(marksOf(reportOf(outcome)))).toEqual(new Set(['oci dsse #', 'oci raw #']))
      })
    })

    it('by both versions with two keys is one slot: ours verify, the others are strangers', async () => {
      const image = await seedImage(registry(name), freshName('read'))
      await sign('cosign-v2', image)
      await sign('cosign-v3', image, join(foreign, 'cosign.key'))
      const outcome = await verify(image)
      expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0)
      expect(reportOf(outcome).artifacts.flatMap(({ strangers }) => strangers)).toHaveLength(1)
      expect((await verify(image, '--strict')).code).toBe(3)
    })
  })
}
