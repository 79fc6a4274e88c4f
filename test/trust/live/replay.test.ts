/**
 * What cosign and sigstore-js signed with certificates is moved into each store and verified from each alone, by the commands that people have. Also the
 * commands that docs/trust.md shows.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, test } from 'vitest'
import { provCommands } from '../../docs/shell.ts'
import { ROOT } from '../../support/cli.ts'
import { provHere, type Said } from '../../support/in-process.ts'
import { digestOf } from '../../support/registry.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY } from '../../support/runs.ts'
import { scratch } from '../../support/scratch.ts'
import { DEV, FOLDER, placed, type Recording, ROOT_FILE, RUN } from './recorded.ts'

const BY_CERTIFICATE = [
  '--certificate-identity',
  DEV.identity,
  '--certificate-oidc-issuer',
  DEV.issuer,
  '--trusted-root',
  ROOT_FILE,
  '--sct-threshold',
  '0',
]

const STORES = ['tekton', 'docdb', 'gcs', 's3', 'oci', 'bundles'] as const
type Store = (typeof STORES)[number]

/** Settings of each store in one folder; `bundles` is oci in its other encoding. */
function settings(folder: string, store: Store): readonly string[] {
  const set = {
    tekton: [],
    docdb: [`storage.docdb.url=sqlite:${folder}/copy.db`],
    gcs: [`storage.gcs.directory=${folder}/gcs`],
    s3: [`storage.s3.directory=${folder}/s3`],
    oci: [`storage.oci.layout=${folder}/tags`],
    bundles: [`storage.oci.layout=${folder}/bundles`, 'storage.oci.encoding-format=sigstore-bundle'],
  }[store]
  return set.flatMap((one) => ['--set', one])
}

const nameOf = (store: Store): string => (store === 'bundles' ? 'oci' : store)

/** An image layout that holds the image already, as a pull into one leaves it: a bundle refers to it. */
function withImage(directory: string): void {
  const blobs = join(directory, 'blobs', 'sha256')
  mkdirSync(blobs, { recursive: true })
  const manifest = readFileSync(join(FOLDER, 'image-manifest.json'))
  for (const blob of [manifest, Buffer.from('{}')]) writeFileSync(join(blobs, digestOf(blob).slice(7)), blob)
}

async function migrated(folder: string, store: Store, signers: readonly string[]): Promise<Said> {
  const run = join(folder, `${store}.json`)
  copyFileSync(RUN, run)
  if (store === 'bundles') withImage(join(folder, store))
  const to = settings(folder, store)
    .filter((word) => word !== '--set')
    .flatMap((one) => ['--to-set', one])
  const from = ['--from', 'docdb', '--from-set', `storage.docdb.url=sqlite:${folder}/source.db`]
  // cosign makes no bundle of a raw image signature, and neither does prov.
  const kind = store === 'bundles' ? ['--kind', 'dsse'] : []
  return provHere(['migrate', ...from, '--to', nameOf(store), ...to, ...kind, ...signers, run])
}

function verified(
  folder: string,
  store: Store,
  signers: readonly string[],
  more: readonly string[] = [],
): Promise<Said> {
  const args = ['verify', '--storage', nameOf(store), ...settings(folder, store), ...signers, ...more]
  return provHere([...args, join(folder, `${store}.json`)])
}

describe.each<Recording>(['cosign', 'sigstore-js'])('an entry that %s signed', (name) => {
  it.each(STORES)('is moved to %s, and verified from there alone', async (store) => {
    const folder = scratch()
    await placed(name, join(folder, 'source.db'))
    const moved = await migrated(folder, store, BY_CERTIFICATE)
    expect(moved.code, moved.stdout + moved.stderr).toBe(0)
    const { code, stdout } = await verified(folder, store, BY_CERTIFICATE, ['--json'])
    const report = JSON.parse(stdout) as {
      artifacts: readonly { identities: unknown; exit: number; rows: readonly { mark: string }[] }[]
    }
    const [run] = report.artifacts
    // The image's own signature is in no bundle: nothing was verified of it.
    expect([code, run?.exit], stdout).toEqual([store === 'bundles' ? 5 : 0, 0])
    expect(run?.identities).toEqual([DEV])
    expect(run?.rows.map(({ mark }) => mark)).toEqual(['='])

    const stranger = BY_CERTIFICATE.map((word) => (word === DEV.identity ? 'ev@example.com' : word))
    const other = await verified(folder, store, stranger)
    expect([other.code, /identity_untrusted/.test(other.stdout) || other.stdout]).toEqual([3, true])
    expect((await verified(folder, store, ['--key', PUBLIC_KEY])).code).toBe(3)
  })
})

describe('a proof that one store lacks and another holds', () => {
  async function twice(): Promise<string> {
    const folder = scratch()
    await placed('cosign', join(folder, 'source.db'))
    for (const store of ['docdb', 'gcs'] as const) {
      expect(await migrated(folder, store, BY_CERTIFICATE)).toMatchObject({ code: 0 })
    }
    const db = new DatabaseSync(join(folder, 'copy.db'))
    expect(db.prepare("delete from documents where Name like '%proofs%'").run().changes).toBe(2)
    db.close()
    return folder
  }
  const both = (folder: string, command: string, more: readonly string[] = []): Promise<Said> => {
    const where = [...settings(folder, 'docdb'), ...settings(folder, 'gcs')]
    return provHere([
      command,
      '--storage',
      'docdb,gcs',
      ...where,
      ...BY_CERTIFICATE,
      ...more,
      join(folder, 'docdb.json'),
    ])
  }

  it('counts, and the report says whose it is; alone the copy does not verify; repair brings it back', async () => {
    const folder = await twice()
    const alone = await verified(folder, 'docdb', BY_CERTIFICATE)
    expect([alone.code, /log_proof_missing/.test(alone.stdout) || alone.stdout]).toEqual([3, true])

    const { code, stdout } = await both(folder, 'verify', ['--json'])
    const [run] = (
      JSON.parse(stdout) as { artifacts: readonly { lent: readonly { from: string; backend: string }[] }[] }
    ).artifacts
    expect([code, run?.lent]).toMatchObject([0, [{ backend: 'docdb', from: 'gcs' }]])
    expect((await both(folder, 'verify')).stdout).toMatch(/docdb .* lacks a proof that gcs\s+holds/)

    expect(await both(folder, 'repair', ['--apply'])).toMatchObject({ code: 0 })
    expect(await verified(folder, 'docdb', BY_CERTIFICATE)).toMatchObject({ code: 0 })
  })
})

test('store completes what was signed with a certificate, and a worker delivers it, each without a signature of its own', async () => {
  const folder = scratch()
  await placed('cosign', join(folder, 'copy.db'))
  copyFileSync(RUN, join(folder, 'run.json'))
  const where = [...settings(folder, 'docdb'), ...settings(folder, 'gcs'), ...settings(folder, 's3')]
  const truth = ['--truth', `sqlite:${folder}/truth.db`]
  const key = ['--key', PRIVATE_KEY, ...BY_CERTIFICATE]
  const at = (storage: string) => ['--storage', storage, ...where]
  const run = join(folder, 'run.json')
  const env = { COSIGN_PASSWORD: PASSWORD }
  expect(await provHere(['store', ...at('docdb,gcs'), ...key, run], { env })).toMatchObject({ code: 0 })
  expect(await provHere(['store', ...at('docdb,gcs,s3'), ...truth, ...key, run], { env })).toMatchObject({ code: 0 })
  const stranger = BY_CERTIFICATE.map((word) => (word === DEV.identity ? 'ev@example.com' : word))
  expect(await provHere(['worker', '--once', ...at('s3'), ...truth, ...stranger])).toMatchObject({ code: 3 })
  expect(await provHere(['worker', '--once', ...at('s3'), ...truth, ...BY_CERTIFICATE])).toMatchObject({ code: 0 })
  const all = await provHere(['verify', ...at('docdb,gcs,s3'), ...BY_CERTIFICATE, '--json', run])
  const { artifacts } = JSON.parse(all.stdout) as { artifacts: readonly { rows: readonly { mark: string }[] }[] }
  expect([all.code, artifacts.flatMap(({ rows }) => rows.map(({ mark }) => mark))]).toEqual([0, Array(6).fill('=')])
})

test('what docs/trust.md shows works as it stands there', async () => {
  const folder = scratch()
  const page = readFileSync(join(ROOT, 'docs/trust.md'), 'utf8')
  const runs = ['run', 'logged', 'keyless'] as const
  for (const [i, recording] of (['key', 'key', 'cosign'] as const).entries()) {
    const json = JSON.parse(readFileSync(RUN, 'utf8')) as { metadata: { uid: string } }
    writeFileSync(join(folder, `${runs[i]}.json`), JSON.stringify(json))
    if (recording !== 'key' || i === 0) await placed(recording, join(folder, i === 2 ? 'keyless.db' : 'key.db'))
  }
  copyFileSync(PUBLIC_KEY, join(folder, 'build.pub'))
  copyFileSync(ROOT_FILE, join(folder, 'root.json'))
  writeFileSync(join(folder, 'keyring.yaml'), /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '')
  const commands = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => provCommands(block))
  expect(commands.length).toBeGreaterThan(6)
  for (const args of commands) {
    const here = args.map((word) =>
      /^(?:root|run|logged|keyless)\.json$|^keyring\.yaml$|^build\.pub$/.test(word) ? join(folder, word) : word,
    )
    const db = args.includes('keyless.json') ? 'keyless.db' : 'key.db'
    const set = args[0] === 'verify' ? ['--set', `storage.docdb.url=sqlite:${join(folder, db)}`] : []
    const said = await provHere([...here, ...set])
    expect(said, args.join(' ')).toMatchObject({ code: 0 })
  }
})
