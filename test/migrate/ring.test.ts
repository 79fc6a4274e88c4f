/** One set of entries goes through every kind of store and comes back as it was, byte for byte. */
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { describeWith, registry, server } from '../servers/endpoints.ts'
import { type Outcome, prov } from '../support/cli.ts'
import { COSIGNS, emptyTrustedRoot, verify, verifyAttestation } from '../support/cosign.ts'
import { freshBucket as gcsBucket } from '../support/gcs.ts'
import { verdictOf } from '../support/lines.ts'
import { freshName } from '../support/registry.ts'
import { PUBLIC_KEY } from '../support/runs.ts'
import { account, freshBucket as s3Bucket } from '../support/s3.ts'
import { scratch } from '../support/scratch.ts'
import { copiesIn, type RingSet, ringSet } from './ring-set.ts'

interface Stop {
  readonly what: string
  readonly backend: string
  readonly set: readonly string[]
  /** The source cannot be listed, or an entry alone does not say where it belongs here: the runs are named. */
  readonly needsRuns?: boolean
}

interface Counts {
  readonly moved: number
  readonly unchanged: number
  readonly left: number
  readonly failed: number
}

const BUNDLES = 'storage.oci.encoding-format=dsse,sigstore-bundle'

describeWith(['cue-oci', 'distribution', 'mongo-java', 'fake-gcs', 'versitygw', ...COSIGNS], 'the ring', () => {
  let set: RingSet
  let tags: string
  let env: Readonly<Record<string, string>>
  let stops: readonly Stop[]

  beforeAll(async () => {
    set = await ringSet(registry('cue-oci'))
    tags = `${registry('distribution')}/${freshName('ring')}`
    const [gcs, s3] = [await gcsBucket(), await account('versitygw')]
    env = { ...s3.env, MONGO_SERVER_URL: (await server('mongo-java'))['MONGO_JAVA'] ?? '' }
    stops = [
      { what: 'tekton files', backend: 'tekton', set: [] },
      { what: 'oci tags', backend: 'oci', set: [`storage.oci.repository=${tags}`] },
      {
        what: 'docdb (SQLite)',
        backend: 'docdb',
        set: [`storage.docdb.url=sqlite:${join(scratch(), 'prov.db')}`],
        needsRuns: true,
      },
      {
        what: 'docdb (mongo-java-server)',
        backend: 'docdb',
        set: [`storage.docdb.url=mongo://ring/${freshName('c').replaceAll('/', '-')}?id_field=Name`],
      },
      {
        what: 'gcs',
        backend: 'gcs',
        set: [`storage.gcs.bucket=${gcs.name}`, `storage.gcs.endpoint=${gcs.endpoint}`],
        needsRuns: true,
      },
      {
        what: 's3',
        backend: 's3',
        set: [`storage.s3.bucket=${(await s3Bucket(s3)).name}`, `storage.s3.endpoint=${s3.endpoint}`],
      },
      { what: 'oci tags and bundles, beside the images', backend: 'oci', set: [BUNDLES] },
      { what: 'tekton files again', backend: 'tekton', set: [], needsRuns: true },
    ]
  })

  const flags = (flag: string, values: readonly string[]): readonly string[] => values.flatMap((value) => [flag, value])

  async function hop(from: Stop, to: Stop): Promise<Counts> {
    const runs = from.backend === 'tekton' ? [set.annotated] : to.needsRuns === true ? [set.bare] : []
    const ends = [
      '--from',
      from.backend,
      ...flags('--from-set', from.set),
      '--to',
      to.backend,
      ...flags('--to-set', to.set),
    ]
    const outcome = await prov(['migrate', ...ends, '--key', PUBLIC_KEY, '--json', ...runs], { env })
    expect(outcome.code, `${from.what} to ${to.what}: ${outcome.stderr}${outcome.stdout.slice(-3000)}`).toBe(0)
    return (JSON.parse(outcome.stdout.trim().split('\n').at(-1) ?? '') as { counts: Counts }).counts
  }

  it('moves 300 entries through seven stores and back into the files they came from', {
    timeout: 240_000,
  }, async () => {
    for (const [i, to] of stops.slice(1).entries()) {
      const from = stops[i] as Stop
      const counts = await hop(from, to)
      expect([to.what, counts.moved + counts.unchanged, counts.left, counts.failed]).toEqual([
        to.what,
        expect.any(Number),
        0,
        0,
      ])
      // Bundles and tags are two places of one entry.
      expect([to.what, counts.moved]).toEqual([to.what, 300])
    }
    const [first, last] = [copiesIn(set.annotated), copiesIn(set.bare)]
    expect(first.size).toBe(4 * 300)
    expect([...last].filter(([name, value]) => first.get(name) !== value).map(([name]) => name)).toEqual([])
    expect(last.size).toBe(first.size)
  })

  it('leaves nothing to do for a second time around', { timeout: 240_000 }, async () => {
    for (const [i, to] of stops.slice(1).entries()) {
      expect([to.what, (await hop(stops[i] as Stop, to)).moved]).toEqual([to.what, 0])
    }
  })

  it('is marked = in every store', { timeout: 240_000 }, async () => {
    const runs = set.bare
    const settings = stops.filter(({ backend }) => backend !== 'oci').flatMap(({ set }) => set)
    const others = settings.filter((one) => !one.includes('sqlite:'))
    const all = ['--storage', 'tekton,oci,docdb,gcs,s3', '--key', PUBLIC_KEY, '--json']
    const verdicts: Outcome[] = [
      await prov(['verify', ...all, ...flags('--set', [...others, BUNDLES]), runs], { env }),
      await prov(
        [
          'verify',
          ...all,
          ...flags('--set', [...settings.filter((one) => !one.includes('mongo:')), `storage.oci.repository=${tags}`]),
          runs,
        ],
        { env },
      ),
    ]
    for (const [i, verdict] of verdicts.entries()) {
      const { artifacts, exit } = verdictOf(verdict)
      const odd = artifacts.flatMap(({ artifact, kind, rows }) =>
        rows.flatMap(({ mark, slot = '', error }) =>
          mark === '=' ? [] : [{ what: `${kind} ${mark} ${error?.code}`, artifact, slot }],
        ),
      )
      const strangers = artifacts.flatMap((one) => one.strangers)
      // An image signature in a bundle is a Statement of its own, which no migration can sign.
      const unsigned = odd.filter(({ what, slot }) => what === 'dsse + absent' && slot.endsWith(' (referrers)'))
      const isFirst = i === 0
      expect([odd.filter((one) => !unsigned.includes(one)), strangers]).toEqual([[], []])
      expect([exit, unsigned.length, artifacts.length]).toEqual(isFirst ? [5, 140, 440] : [0, 0, 300])
    }
  })

  it('is verified by cosign where it lies in registries', { timeout: 240_000 }, async () => {
    const trustedRoot = await emptyTrustedRoot()
    for (const { image, type } of set.sample) {
      for (const version of COSIGNS) {
        for (const elsewhere of [{}, { COSIGN_REPOSITORY: tags }]) {
          const check = { key: PUBLIC_KEY, image, trustedRoot, env: elsewhere }
          const attested = await verifyAttestation(version, check, type)
          expect(attested.code, `${version} ${image} ${attested.stderr}`).toBe(0)
          // cosign looks at tags no more once there is a bundle, and the set has no signature in one.
          if (!('COSIGN_REPOSITORY' in elsewhere)) continue
          const signed = await verify(version, check)
          expect(signed.code, `${version} ${image} ${signed.stderr}`).toBe(0)
        }
      }
    }
  })
})
