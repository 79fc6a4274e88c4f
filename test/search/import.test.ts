/** What real Chains and cosign left in a registry and a bucket is imported, found, and searched; strangers are refused with a reason. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { describeWith, registry } from '../servers/endpoints.ts'
import { provHere } from '../support/in-process.ts'
import { refer } from '../support/referrers.ts'
import { freshName, putBlob, putManifest } from '../support/registry.ts'
import { FIXTURES, PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { type FreshTruth, postgresTruth, sqliteTruth } from '../support/truth.ts'
import { DEV, placed, ROOT_FILE } from '../trust/live/recorded.ts'

const env = { COSIGN_PASSWORD: PASSWORD }
const fixture = (path: string): Buffer => readFileSync(join(FIXTURES, path))
const COSIGN_KEY = join(FIXTURES, 'bundles/cosign.pub')
const UID = 'b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9'

interface Lines {
  readonly code: number
  readonly items: readonly Record<string, unknown>[]
  // biome-ignore lint/suspicious/noExplicitAny: as it was printed
  readonly last: any
}

async function lines(...args: readonly string[]): Promise<Lines> {
  const { code, stdout, stderr } = await provHere([...args, '--json'], { env })
  const all = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line === '' ? '{}' : line))
  if (all.length === 1 && all[0].error !== undefined) throw new Error(`${stdout}${stderr}`)
  return { code, items: all.slice(0, -1), last: all.at(-1) }
}

const countsOf = ({ last }: Lines): Record<string, number> =>
  Object.fromEntries(Object.entries(last.counts as Record<string, number>).filter(([, n]) => n > 0))

/** A bucket in which Chains stored three runs. */
function bucket(): readonly string[] {
  const folder = scratch()
  for (const run of ['buildpacks-taskrun', 'images-list-taskrun', 'storefront-pipelinerun'])
    cpSync(join(FIXTURES, 'stored/gcs', run), folder, { recursive: true })
  return ['--set', `storage.gcs.directory=${folder}`]
}

function importLines(name: string, makeTruth: () => Promise<FreshTruth>): void {
  describe(`what Chains left in a bucket, in a truth of ${name}`, () => {
    const ready = async (): Promise<readonly string[]> => {
      const { flags, needsInit } = await makeTruth()
      expect((await provHere(['truth', 'init', ...flags], { env })).code, String(needsInit)).toBe(0)
      return flags
    }

    it('is missing, is imported with --repair, and is there when asked again; each is found', async () => {
      const [truth, gcs] = [await ready(), bucket()]
      const reconcile = (...more: string[]): Promise<Lines> =>
        lines('reconcile', '--from', 'gcs', ...gcs, '--key', PUBLIC_KEY, ...truth, ...more)
      const before = await reconcile()
      const { missing = 0, ...others } = countsOf(before)
      expect(missing).toBeGreaterThanOrEqual(6)
      expect(others).toEqual({})
      expect(before).toMatchObject({ code: 5, last: { repair: false, next: expect.stringContaining('--repair') } })
      expect((await lines('search', '--builder', 'https://tekton.dev/chains/v2', ...truth)).code).toBe(5)
      const repaired = await reconcile('--repair')
      expect(repaired.code).toBe(0)
      expect(countsOf(repaired)).toEqual({ imported: missing })
      expect(countsOf(await reconcile('--repair'))).toEqual({ present: missing })
      for (const flags of [
        ['--builder', 'https://tekton.dev/chains/v2'],
        ['--sha', '09e72cd4668214dcd3c5dae94efc1881970a315731be8837bc97164cf14da4f2'],
        [
          '--key',
          (await lines('search', '--builder', 'https://tekton.dev/chains/v2', ...truth)).items[0]?.['keyids'] as never,
        ],
      ]) {
        const { code, items } = await lines('search', flags[0] ?? '', String([flags[1]].flat(2)[0]), ...truth)
        expect(code, flags.join(' ')).toBe(0)
        for (const item of items) {
          expect(item).toMatchObject({ source: 'imported', state: 'good' })
          expect(item['copies']).toMatchObject([{ target: 'gcs', state: 'done', required: true }])
        }
      }
    })

    it('is refused under another key, and kept with the reason; under the right one it is imported after all', async () => {
      const [truth, gcs] = [await ready(), bucket()]
      const refused = await lines('reconcile', '--from', 'gcs', ...gcs, '--key', COSIGN_KEY, '--repair', ...truth)
      expect(refused.code).toBe(3)
      expect(Object.keys(countsOf(refused))).toEqual(['refused'])
      expect(refused.last.codes).toEqual({ key_untrusted: 3, signature_invalid: 3 }) // a DSSE envelope names its key
      const impact = async (): Promise<number> =>
        JSON.parse((await provHere(['search', '--run', UID, '--impact', '--json', ...truth], { env })).stdout).impact
          .unknown.refused
      expect(await impact()).toBe(refused.last.counts.refused)
      const taken = await lines('reconcile', '--from', 'gcs', ...gcs, '--key', PUBLIC_KEY, '--repair', ...truth)
      expect(countsOf(taken)).toEqual({ imported: refused.last.counts.refused })
      expect(await impact()).toBe(0)
    })

    it('that was damaged or swapped is refused, each with its own reason, and its neighbours are imported', async () => {
      const [truth, gcs] = [await ready(), bucket()]
      const folder = (gcs[1] ?? '').split('=')[1] ?? ''
      const place = join(folder, 'taskrun-frsca-demo-buildpacks-cache-7rk2v-build-trusted')
      writeFileSync(join(place, `taskrun-${UID}.signature`), '{"payload')
      cpSync(
        join(folder, 'taskrun-orders-orders-ko-publish-5tw9n/34d5d6d6093c.payload'),
        join(place, '09e72cd46682.payload'),
      )
      cpSync(
        join(folder, 'taskrun-orders-orders-ko-publish-5tw9n/34d5d6d6093c.signature'),
        join(place, '09e72cd46682.signature'),
      )
      const said = await lines('reconcile', '--from', 'gcs', ...gcs, '--key', PUBLIC_KEY, '--repair', ...truth)
      expect(said.code).toBe(3)
      expect(said.last.codes).toMatchObject({ wrong_artifact: 1 })
      expect(said.last.counts).toMatchObject({ refused: 2 })
      expect(said.last.counts.imported).toBeGreaterThanOrEqual(4)
    })

    it('is no matter to a store under another key, which signs by itself', async () => {
      const [truth, gcs] = [await ready(), bucket()]
      await lines('reconcile', '--from', 'gcs', ...gcs, '--key', PUBLIC_KEY, '--repair', ...truth)
      const folder = scratch()
      expect((await provHere(['keys', 'generate', '--output', join(folder, 'other')], { env })).code).toBe(0)
      const docdb = ['--storage', 'docdb', '--set', `storage.docdb.url=sqlite:${folder}/prov.db`]
      const key = ['--key', join(folder, 'other.key')]
      const stored = await provHere(['store', ...docdb, ...truth, ...key, runFixture('buildpacks-taskrun.yaml')], {
        env,
      })
      expect(stored.code, stored.stdout + stored.stderr).toBe(0)
      const { items } = await lines('search', '--run', UID, ...truth)
      expect(new Set(items.map(({ source }) => source))).toEqual(new Set(['signed']))
    })

    it('is adopted by a store of its run, and not signed again', async () => {
      const [truth, gcs] = [await ready(), bucket()]
      await lines('reconcile', '--from', 'gcs', ...gcs, '--key', PUBLIC_KEY, '--repair', ...truth)
      const file = runFixture('buildpacks-taskrun.yaml')
      const docdb = ['--storage', 'docdb', '--set', `storage.docdb.url=sqlite:${scratch()}/prov.db`]
      const stored = await provHere(
        ['store', ...docdb, ...truth, '--key', PRIVATE_KEY, '--wait', '60s', '--json', file],
        { env },
      )
      expect(stored.code, stored.stdout + stored.stderr).toBe(0)
      const { items } = await lines('search', '--run', UID, ...truth)
      expect(items.map(({ source }) => source)).toContain('adopted')
      const adopted = items.filter(({ source }) => source === 'adopted')
      for (const { copies } of adopted) {
        expect((copies as readonly Record<string, string>[]).map(({ target, state }) => `${target} ${state}`)).toEqual([
          'gcs done',
          'docdb done',
        ])
      }
      expect(items.filter(({ source }) => source === 'signed')).toEqual([])
    })
  })
}

importLines('SQLite', async () => sqliteTruth())
describeWith(['postgresql'], 'with a server', () => importLines('PostgreSQL', () => postgresTruth()))

interface StoredRow {
  readonly backend: string
  readonly tag: string
  readonly manifest: string
  readonly config: string
  readonly layers: readonly string[]
}

async function replay(endpoint: string, name: string): Promise<void> {
  const rows = JSON.parse(fixture('stored/index.json').toString()) as readonly StoredRow[]
  for (const row of rows.filter(({ backend }) => backend === 'oci')) {
    const manifest = JSON.parse(fixture(row.manifest).toString())
    await putBlob(endpoint, name, fixture(row.config), manifest.config.mediaType)
    for (const [i, layer] of manifest.layers.entries())
      await putBlob(endpoint, name, fixture(row.layers[i] ?? ''), layer.mediaType)
    await putManifest(endpoint, name, row.tag, fixture(row.manifest))
  }
}

async function replayBundles(endpoint: string, name: string): Promise<void> {
  for (const what of ['attest', 'sign']) {
    const manifest = JSON.parse(fixture(`bundles/${what}-manifest.json`).toString())
    await putBlob(endpoint, name, fixture(`bundles/${what}-bundle.json`), manifest.layers[0].mediaType)
    await putBlob(endpoint, name, Buffer.from('{}'), manifest.config.mediaType)
    await refer(endpoint, name, manifest.subject.digest, manifest)
  }
}

describeWith(['distribution'], 'what Chains and cosign left in a registry', () => {
  it('is imported under their keys, found by digest, key and builder; what strangers signed is refused with a reason', async () => {
    const [endpoint, name] = [registry('distribution'), freshName('reconciled')]
    await replay(endpoint, name)
    const { flags: truth } = sqliteTruth()
    const from = (...args: readonly string[]): Promise<Lines> =>
      lines('reconcile', '--from', 'oci', '--set', `storage.oci.repository=${endpoint}/${name}`, ...truth, ...args)
    const chains = await from('--key', PUBLIC_KEY, '--repair')
    // Two repositories of Chains hold one and the same attestation.
    expect(chains).toMatchObject({ code: 0, last: { counts: { imported: 6, present: 1, refused: 0, unread: 0 } } })
    const digest = '09e72cd4668214dcd3c5dae94efc1881970a315731be8837bc97164cf14da4f2'
    const { items } = await lines('search', '--sha', digest, ...truth)
    expect(items.map(({ format }) => format).toSorted()).toEqual(['simplesigning', 'slsa/v1'])
    const [keyid] = (items[0]?.['keyids'] ?? []) as readonly string[]
    expect((await lines('search', '--key', keyid ?? '', ...truth)).items).toHaveLength(6)
    expect((await lines('search', '--builder', 'https://tekton.dev/chains/v2', ...truth)).items).toHaveLength(3)
    expect(items[0]?.['copies']).toMatchObject([{ target: 'oci', state: 'done' }])
    expect(JSON.stringify(items[0])).toContain(`${endpoint}/${name}`)

    // cosign's bundles lie beside an image, which has to be named.
    await replayBundles(endpoint, name)
    const subject = JSON.parse(fixture('bundles/attest-manifest.json').toString()).subject.digest
    const bundles = (...args: readonly string[]): Promise<Lines> =>
      lines(
        ...['reconcile', '--from', 'oci', '--set', 'storage.oci.encoding-format=sigstore-bundle', ...truth, ...args],
        ...['--image', `${endpoint}/${name}@${subject}`],
      )
    const strangers = await bundles('--key', PUBLIC_KEY, '--repair')
    expect(strangers).toMatchObject({ code: 3, last: { counts: { imported: 0, refused: 2 } } })
    for (const { outcome, error } of strangers.items)
      expect({ outcome, error }).toMatchObject({ outcome: 'refused', error: { message: expect.any(String) } })
    expect((await lines('search', '--sha', subject, ...truth)).code).toBe(5)
    const cosign = await bundles('--key', COSIGN_KEY, '--repair')
    expect(cosign).toMatchObject({ code: 0, last: { counts: { imported: 2, refused: 0 } } })
    expect((await lines('search', '--sha', subject, ...truth)).items).toHaveLength(2)
  })
})

it('what was signed with a certificate is found by the name in it, however it is spelled, and only if it was verified', async () => {
  const file = join(scratch(), 'prov.db')
  await placed('cosign', file)
  const { flags: truth } = sqliteTruth()
  const from = ['reconcile', '--from', 'docdb', '--set', `storage.docdb.url=sqlite:${file}`, ...truth, '--repair']
  const proof = ['--trusted-root', ROOT_FILE, '--sct-threshold', '0', '--certificate-oidc-issuer', DEV.issuer]
  const other = await lines(...from, ...proof, '--certificate-identity', 'mallory@example.com')
  expect(other).toMatchObject({ code: 3, last: { codes: { identity_untrusted: 2 } } })
  expect((await lines('search', '--identity', DEV.identity, ...truth)).code).toBe(5)
  const mine = await lines(...from, ...proof, '--certificate-identity', DEV.identity)
  expect(mine).toMatchObject({ code: 0, last: { counts: { imported: 2 } } })
  for (const name of [DEV.identity, 'DEV@Example.COM'])
    expect((await lines('search', '--identity', name, ...truth)).items).toHaveLength(2)
})
