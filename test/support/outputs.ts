/** Real outputs of every command, good and bad, on embedded backends: what the schemas are held against. */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseYaml } from '../../src/platform/text/strict-yaml.ts'
import type { SchemaName } from '../../src/report/schemas/index.ts'
import { DEV, placed, RUN as RECORDED_RUN, ROOT_FILE } from '../trust/live/recorded.ts'
import { ROOT } from './cli.ts'
import { provHere, type Said, type World } from './in-process.ts'
import { JOURNAL_OUTPUTS } from './journal-outputs.ts'
import { REGION_OUTPUTS } from './region-outputs.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from './runs.ts'
import { scratch } from './scratch.ts'
import { SERVE_OUTPUTS } from './serve-outputs.ts'
import { TRUTH_OUTPUTS } from './truth-outputs.ts'

const RUN = 'buildpacks-taskrun.yaml'
const NONE = 'no-results-taskrun.yaml'
const IMAGE = 'ttl.sh/slsapoc@sha256:09e72cd4668214dcd3c5dae94efc1881970a315731be8837bc97164cf14da4f2'
const env = { COSIGN_PASSWORD: PASSWORD }

interface Place {
  readonly file: string
  readonly folder: string
  readonly storage: readonly string[]
}

/** A run in a folder of its own, with an SQLite file and an image layout beside it. */
export function place(name = RUN): Place {
  const file = runFixture(name)
  const folder = dirname(file)
  const set = ['--set', `storage.docdb.url=sqlite:${folder}/prov.db`, '--set', `storage.oci.layout=${folder}/layout`]
  return { file, folder, storage: ['--storage', 'tekton,docdb,oci', ...set] }
}

/** What a command printed, and how it was called. */
export interface Output extends Said {
  readonly args: readonly string[]
}

async function ask(args: readonly string[], world: World = {}): Promise<Output> {
  return { args, ...(await provHere([...args, '--json'], { env, ...world })) }
}

const store = (at: Place, ...more: string[]): Promise<Output> =>
  ask(['store', ...at.storage, '--key', PRIVATE_KEY, ...more, at.file])
const verify = (at: Place, ...more: string[]): Promise<Output> =>
  ask(['verify', ...at.storage, '--key', PUBLIC_KEY, ...more, at.file])

/** Alters the image's signature in the document, so that the copy is there and does not verify. */
export function damage({ folder }: Place): void {
  const db = new DatabaseSync(join(folder, 'prov.db'))
  db.exec("update documents set Signature = 'MEQA' || substr(Signature, 5) where Name not like '%run-%'")
  db.close()
}

async function stored(name = RUN): Promise<Place> {
  const at = place(name)
  await store(at)
  return at
}

/** By schema: everything that its command printed. */
export const OUTPUTS: Readonly<Record<SchemaName, () => Promise<readonly Output[]>>> = {
  ...TRUTH_OUTPUTS,
  ...JOURNAL_OUTPUTS,
  ...REGION_OUTPUTS,
  ...SERVE_OUTPUTS,
  async store() {
    const at = place()
    const aborted = AbortSignal.abort(new Error('stopped'))
    const foreign = place()
    const said = [
      await store(at, '--dry-run'),
      await store(at),
      await store(at),
      await store(at, '--resign'),
      await store(place(NONE), '--storage', 'tekton,docdb', '--dry-run'),
      await store(at, '--optional', 'nope'),
      await ask(['store', ...foreign.storage, '--key', PRIVATE_KEY, foreign.file], { signal: aborted }),
    ]
    damage(at)
    said.push(await store(at))
    writeFileSync(join(foreign.folder, 'prov.db'), 'no database')
    said.push(await store(foreign))
    return said
  },
  async verify() {
    const keyless = scratch()
    await placed('cosign', join(keyless, 'copies.db'))
    const certified = ['--certificate-identity', DEV.identity, '--certificate-oidc-issuer', DEV.issuer]
    const at = await stored()
    const said = [
      await verify(at),
      await verify(at, '--require', '9'),
      await verify(place()),
      await verify(at, '--run', 'x'),
    ]
    const all = (): Promise<Output> =>
      ask(['verify', ...at.storage, '--storage', 'docdb,oci', '--key', PUBLIC_KEY, '--all'])
    said.push(await all())
    damage(at)
    const from = ['--storage', 'docdb', '--set', `storage.docdb.url=sqlite:${keyless}/copies.db`]
    said.push(
      await ask(['verify', ...from, ...certified, '--trusted-root', ROOT_FILE, '--sct-threshold', '0', RECORDED_RUN]),
    )
    said.push(await verify(at), await verify(at, '--strict'), await all())
    writeFileSync(join(at.folder, 'prov.db'), 'no database')
    said.push(await verify(at))
    said.push(await ask(['verify', ...at.storage, '--key', PUBLIC_KEY, '--image', IMAGE]))
    said.push(await verify(at, '--cache', 'memory'), await verify(at, '--cache', 'nowhere'))
    return said
  },
  async migrate() {
    const at = await stored()
    const set = at.storage.slice(2)
    const other = ['--to-set', `storage.docdb.url=sqlite:${at.folder}/other.db`, '--key', PUBLIC_KEY]
    const move = (...more: string[]): Promise<Output> =>
      ask(['migrate', '--from', 'docdb', '--to', 'docdb', ...set, ...other, ...more])
    const said = [await move('--dry-run'), await move(), await move('--format', 'simplesigning')]
    damage(at)
    said.push(await move(), await move('--include-unverified', '--delete-source'))
    said.push(await ask(['migrate', '--from', 'tekton', '--to', 'oci', ...set, '--key', PUBLIC_KEY, at.file]))
    said.push(await ask(['migrate', '--from', 'nope', '--to', 'oci', '--key', PUBLIC_KEY]))
    return said
  },
  async repair() {
    const at = await stored()
    const mend = (...more: string[]): Promise<Output> =>
      ask(['repair', ...at.storage, '--key', PUBLIC_KEY, ...more, at.file])
    const all = (...more: string[]): Promise<Output> =>
      ask(['repair', ...at.storage, '--storage', 'docdb,oci', '--key', PUBLIC_KEY, '--all', ...more])
    const said = [await mend()]
    damage(at)
    said.push(await mend(), await all(), await mend('--apply'), await mend('--prefer', 'nope'))
    writeFileSync(join(at.folder, 'prov.db'), 'no database')
    said.push(await mend(), await all())
    return said
  },
  async payload() {
    const file = runFixture(RUN)
    return [
      await ask(['payload', file]),
      await ask(['payload', '--format', 'simplesigning', file]),
      await ask(['payload', '--format', 'simplesigning', runFixture(NONE)]),
      await ask(['payload', '--format', 'slsa/v3', file]),
      await ask(['payload', '--nonsense', file]),
    ]
  },
  async get() {
    const at = await stored()
    const from = (backend: string): readonly string[] => ['payload', ...at.storage, '--storage', backend]
    return [
      await ask(['get', ...from('docdb'), at.file]),
      await ask(['get', ...from('oci'), '--format', 'simplesigning', at.file]),
      await ask(['get', ...from('tekton'), '--key', PUBLIC_KEY, at.file]),
      await ask(['get', ...from('oci'), runFixture(NONE)]),
    ]
  },
  async list() {
    const at = await stored()
    const bad = place()
    writeFileSync(join(bad.folder, 'prov.db'), 'no database')
    return [
      await ask(['list', ...at.storage, '--storage', 'docdb,oci']),
      await ask(['list', ...at.storage, '--storage', 'tekton', '--tekton-file', at.file]),
      await ask(['list', ...bad.storage, '--storage', 'oci,docdb']),
    ]
  },
  async 'keys-generate'() {
    const prefix = join(scratch(), 'new')
    const generate = (): Promise<Output> => ask(['keys', 'generate', '--output', prefix])
    return [await generate(), await generate()]
  },
  async 'config-show'() {
    return [
      await ask(['config', 'show', '--all', '--set', 'builder.id=x']),
      await ask(['config', 'show', '--set', 'bulder.id=x']),
    ]
  },
  async 'config-check'() {
    const ignored = join(scratch(), 'chains-config.yaml')
    writeFileSync(
      ignored,
      'kind: ConfigMap\napiVersion: v1\nmetadata: {name: chains-config}\ndata:\n  transparency.enabled: "perhaps"\n',
    )
    return [await ask(['config', 'check', '--config', ignored]), await ask(['config', 'check', '--set', 'bulder.id=x'])]
  },
  async doctor() {
    const flags = ['doctor', '--storage', 'docdb,gcs', '--key', PUBLIC_KEY, '--key', 'nowhere.key']
    const db = ['--set', `storage.docdb.url=sqlite:${join(scratch(), 'prov.db')}`]
    return [
      await ask([...flags, ...db, '--set', `storage.gcs.directory=${join(scratch(), 'gcs')}`]),
      await ask([...flags, ...db]),
      await ask(['doctor', '--storage', 'docdb,']),
    ]
  },
  async conform() {
    const module = join(ROOT, 'test/conform/backends/memory.mjs')
    return [
      await ask(['conform', module, '--only', 'putTwice']),
      await ask(['conform', module, '--only', 'denied']),
      await ask(['conform', module, '--only', 'no such line']),
      await ask(['conform', 'nowhere.mjs']),
    ]
  },
  async explain() {
    return [await ask(['explain', 'denied']), await ask(['explain']), await ask(['explain', 'deneid'])]
  },
  /** Not printed: the keyring that docs/trust.md shows, as JSON. */
  async keyring() {
    const page = readFileSync(join(ROOT, 'docs/trust.md'), 'utf8')
    const yaml = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? ''
    const [ring] = parseYaml('docs/trust.md', yaml)
    return [{ args: [], code: 0, stdout: JSON.stringify(ring), stderr: '' }]
  },
  /** Not printed: the file that docs/key-sets.md shows, as JSON. */
  async regions() {
    const page = readFileSync(join(ROOT, 'docs/key-sets.md'), 'utf8')
    const yaml = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? ''
    const [regions] = parseYaml('docs/key-sets.md', yaml)
    return [{ args: [], code: 0, stdout: JSON.stringify(regions), stderr: '' }]
  },
  async failure() {
    return [await ask(['stroe']), await ask(['verify']), await ask(['get', 'nothing'])]
  },
}
