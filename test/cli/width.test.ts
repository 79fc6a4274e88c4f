/** Every text that prov prints fits 60 columns, or breaks where it can: a path or a digest may stand alone on a longer line. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { program } from '../../src/cli/program.ts'
import type { Io } from '../../src/platform/io.ts'
import { ROOT } from '../support/cli.ts'
import { provHere, type Said } from '../support/in-process.ts'
import { fixtureKey } from '../support/key-site.ts'
import { damage, place } from '../support/outputs.ts'
import { regionPlace } from '../support/region-outputs.ts'
import { FIXTURES, PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { SPOIL, sql, truthPlace } from '../support/truth-outputs.ts'

const COLUMNS = 60
const env = { COSIGN_PASSWORD: PASSWORD }
const IMAGE = 'ttl.sh/slsapoc@sha256:09e72cd4668214dcd3c5dae94efc1881970a315731be8837bc97164cf14da4f2'

/** Lines that are too long and have a space to break at, behind the indent and behind a bullet or a mark. */
function tooLong(text: string): readonly string[] {
  const lines = text.split('\n').filter((line) => line.length > COLUMNS)
  return lines.filter((line) => /\S/.test(line) && /\S{2,} +\S/.test(line.trim()))
}

function paths(command: Command, path: readonly string[] = []): readonly (readonly string[])[] {
  return [path, ...command.commands.flatMap((child) => paths(child, [...path, child.name()]))]
}

const ROOT_COMMAND = program({ stdout: { columns: 80 }, env: {} } as unknown as Io, () => undefined)
const PATHS = paths(ROOT_COMMAND).map((path) => path.join(' '))
/** Commands that said something beside their help. */
const ran = new Set<string>()
const on60 = (args: readonly string[]): Promise<Said> => {
  const own = PATHS.filter((path) => `${args.join(' ')} `.startsWith(`${path} `)).toSorted(
    (a, b) => b.length - a.length,
  )
  if (!args.includes('--help')) ran.add(own[0] ?? '')
  return provHere(args, { columns: COLUMNS, env })
}

describe('help', () => {
  test.each(paths(ROOT_COMMAND).map((path) => [path.join(' '), path] as const))(
    'prov %s --help',
    async (_name, path) => {
      const { code, stdout } = await on60([...path, '--help'])
      expect({ code, long: tooLong(stdout) }).toEqual({ code: 0, long: [] })
      expect(stdout.split('\n').length).toBeGreaterThan(5)
    },
  )

  test('examples can still be copied: a line that goes on ends in a backslash or a pipe', async () => {
    for (const path of paths(ROOT_COMMAND)) {
      const { stdout } = await on60([...path, '--help'])
      const examples = stdout.slice(stdout.indexOf('Examples:')).split('\n').slice(1)
      const broken = examples.filter((line, i) => /^ {3,}\S/.test(line) && !/[\\|]$/.test(examples[i - 1] ?? ''))
      expect(broken).toEqual([])
    }
  })
})

/** Every command's text, results as well as failures. */
const SAYINGS: Readonly<Record<string, () => Promise<readonly Said[]>>> = {
  async 'store, verify, get, list'() {
    const at = place()
    const store = (...more: string[]): Promise<Said> =>
      on60(['store', ...at.storage, '--key', PRIVATE_KEY, ...more, at.file])
    const verify = (...more: string[]): Promise<Said> =>
      on60(['verify', ...at.storage, '--key', PUBLIC_KEY, ...more, at.file])
    const said = [await store('--dry-run'), await verify(), await store(), await store(), await verify()]
    damage(at)
    said.push(await verify('--strict'), await store('--dry-run'), await store('--require', '9'))
    said.push(await on60(['list', ...at.storage, '--storage', 'docdb,oci']))
    said.push(await on60(['get', 'chain', ...at.storage, '--storage', 'docdb', at.file]))
    said.push(await on60(['verify', ...at.storage, '--key', PUBLIC_KEY, '--image', IMAGE, '--verbose']))
    writeFileSync(join(at.folder, 'prov.db'), 'no database')
    said.push(await verify(), await store(), await on60(['list', ...at.storage, '--storage', 'docdb']))
    return said
  },
  async 'migrate, repair'() {
    const at = place()
    await on60(['store', ...at.storage, '--key', PRIVATE_KEY, at.file])
    const set = at.storage.slice(2)
    const flags = ['--from', 'docdb', '--to', 'docdb', '--to-set', `storage.docdb.url=sqlite:${at.folder}/other.db`]
    const move = (...more: string[]): Promise<Said> => on60(['migrate', ...flags, ...set, '--key', PUBLIC_KEY, ...more])
    const whole = (command: string, ...more: string[]): Promise<Said> =>
      on60([command, ...at.storage, '--storage', 'docdb,oci', '--key', PUBLIC_KEY, '--all', ...more])
    const said = [await move('--dry-run', '--verbose'), await whole('verify', '--verbose'), await whole('repair')]
    damage(at)
    said.push(await move('--verbose'), await whole('verify'), await whole('repair'), await whole('repair', '--apply'))
    said.push(await on60(['repair', ...at.storage, '--key', PUBLIC_KEY, '--verbose', at.file]))
    said.push(await on60(['migrate', '--from', 'nope', '--to', 'oci']))
    return said
  },
  async doctor() {
    const set = ['--set', `storage.docdb.url=sqlite:${join(scratch(), 'prov.db')}`]
    return [
      await on60(['doctor', '--storage', 'docdb,gcs,tekton', ...set, '--key', PUBLIC_KEY]),
      await on60(['doctor', '--storage', 'docdb', ...set, '--key', 'nowhere.key', '--read-only']),
    ]
  },
  async conform() {
    const module = join(ROOT, 'test/conform/backends/memory.mjs')
    return [await on60(['conform', module, '--only', 'put']), await on60(['conform', module, '--only', 'denied'])]
  },
  async payload() {
    const none = runFixture('no-results-taskrun.yaml')
    return [
      await on60(['payload', '--format', 'simplesigning', none]),
      await on60(['payload', '--format', 'slsa/v3', none]),
      await on60(['payload', runFixture('kaniko-taskrun.json'), none]),
    ]
  },
  async keys() {
    const prefix = join(scratch(), 'new')
    return [await on60(['keys', 'generate', '--output', prefix]), await on60(['keys', 'generate', '--output', prefix])]
  },
  async 'keys: a journal'() {
    const [at, folder] = [truthPlace(), join(scratch(), 'keys')]
    mkdirSync(folder)
    const keys = (command: string, ...more: string[]): Promise<Said> =>
      on60(['keys', command, ...at.truth, '--store', `folder:${folder}`, ...more])
    await on60(['truth', 'init', ...at.truth])
    const said = [await keys('rotate'), await keys('doctor'), await keys('init'), await keys('init')]
    said.push(await keys('rotate'), await keys('rotate', '--unsafe'), await keys('rotate', '--step', 'activate'))
    said.push(await keys('journal'), await keys('doctor'), await keys('import', '--from', at.file), await keys('prune'))
    said.push(await keys('revoke', 'nobody', '--reason', 'a test', '--since', '2026-01-01T00:00:00Z'))
    said.push(await on60(['store', ...at.storage, ...at.truth, '--key', 'journal:', at.file]))
    sql(at, "UPDATE journal_key SET spki = x'00'")
    return [...said, await keys('journal'), await keys('doctor'), await keys('prune'), await keys('rotate')]
  },
  async 'keys: sets of regions'() {
    const { at, regions, folder } = regionPlace()
    const set = join(folder, 'set.json')
    writeFileSync(set, JSON.stringify({ keys: [(await fixtureKey()).jwk] }))
    const publish = (...more: string[]): Promise<Said> =>
      on60(['keys', 'publish', '--to', at, '--publisher-key', PRIVATE_KEY, '--from', set, ...more])
    const merge = (): Promise<Said> => on60(['keys', 'merge', '--at', at, '--regions', regions])
    const status = (age: string): Promise<Said> =>
      on60(['keys', 'status', '--at', at, '--max-age', age, '--regions', regions])
    const said = [await merge(), await status('1h'), await publish('--region', 'eu'), await publish('--region', '../x')]
    said.push(await publish('--region', 'eu'), await merge(), await merge(), await status('1h'), await status('1s'))
    writeFileSync(join(folder, 'jwks/keys/eu.json'), '{')
    said.push(await merge(), await status('1h'))
    return [...said, await on60(['verify', ...place().storage, '--key', 'http://keys.example/keys.json', set])]
  },
  async config() {
    const file = join(scratch(), 'prov.yaml')
    writeFileSync(file, 'builder.idd: x\nstorage.oci.tag-writes: never\nstorage.retries: many\n')
    const map = join(scratch(), 'map.yaml')
    writeFileSync(map, 'kind: ConfigMap\napiVersion: v1\ndata:\n  artifacts.oci.format: "nonsense"\n')
    return [
      await on60(['config', 'show', '--all']),
      await on60(['config', 'check', '--config', file]),
      await on60(['config', 'check', '--config', map]),
      await on60(['config', 'check']),
    ]
  },
  async explain() {
    return [await on60(['explain']), await on60(['explain', 'drift']), await on60(['explain', 'drfit'])]
  },
  async 'a source of truth: store, worker, outbox, truth'() {
    const at = truthPlace()
    const store = (...more: string[]): Promise<Said> =>
      on60(['store', ...at.storage, ...at.truth, '--key', PRIVATE_KEY, ...more, at.file])
    const worker = (): Promise<Said> => on60(['worker', ...at.storage, ...at.truth, '--key', PUBLIC_KEY, '--once'])
    const outbox = (...args: string[]): Promise<Said> => on60(['outbox', ...args, ...at.truth])
    const truth = (...args: string[]): Promise<Said> => on60(['truth', ...args, ...at.truth])
    const said = [await truth('check'), await truth('init'), await store(), await truth('check'), await outbox('ls')]
    sql(at, SPOIL)
    said.push(await worker(), await outbox('ls'), await outbox('ls', '--count'), await outbox('retry', '1'))
    said.push(await outbox('drop', '2', '--reason', 'a test'), await outbox('forget', '--run', 'odd'))
    said.push(await outbox('prune', ...at.storage, '--key', PUBLIC_KEY, '--older-than', '0d'))
    said.push(await outbox('retry', '--quarantined', '--key', PUBLIC_KEY), await truth('migrate'), await truth('adopt'))
    said.push(await truth('backup', join(at.folder, 'copy.db')), await store('--set', 'truth.max-pending=1'))
    return said
  },
  async 'search and reconcile'() {
    const [at, other] = [truthPlace(), truthPlace()]
    await on60(['store', ...at.storage, ...at.truth, '--key', PRIVATE_KEY, at.file])
    await on60(['worker', ...at.storage, ...at.truth, '--key', PUBLIC_KEY, '--once'])
    const builder = ['--builder', 'https://tekton.dev/chains/v2']
    const search = (...args: string[]): Promise<Said> => on60(['search', ...args, ...at.truth])
    const from = (...args: string[]): Promise<Said> =>
      on60(['reconcile', '--from', 'docdb', ...at.storage.slice(2), ...args, ...other.truth])
    const said = [
      await search(...builder),
      await search(...builder, '--limit', '1'),
      await search(...builder, '--impact'),
    ]
    sql(at, "UPDATE entry SET state = 'quarantined'")
    said.push(await search(...builder), await search('--run', 'none'), await search('--sha', 'odd'), await search())
    await on60(['truth', 'init', ...other.truth])
    said.push(await from('--key', PUBLIC_KEY), await from('--key', join(FIXTURES, 'bundles/cosign.pub'), '--repair'))
    said.push(await from('--key', PUBLIC_KEY, '--repair'), await from('--key', PUBLIC_KEY, '-v'), await from())
    return said
  },
  async 'serve, its check'() {
    const at = place()
    const flags = [...at.storage, '--storage', 'docdb', '--key', PUBLIC_KEY, '--check']
    return [
      await on60(['serve', ...flags]),
      await on60(['serve', ...flags, '--cache', 'memory', ...truthPlace().truth]),
      await on60(['serve', ...flags, '--listen', '0.0.0.0:1']),
      await on60(['serve', '--storage', 'oci', '--key', PUBLIC_KEY, '--check']),
      await on60(['serve', ...flags, '--tls-cert', at.file, '--tls-key', at.file]),
    ]
  },
  async 'schema and usage'() {
    return [
      await on60(['schema']),
      await on60(['stroe']),
      await on60(['verify', '--storag', 'oci']),
      await on60(['get', 'x']),
      await on60([]),
      await on60(['keys']),
    ]
  },
}

test.each(Object.keys(SAYINGS))('%s', async (name) => {
  const said = (await SAYINGS[name]?.()) ?? []
  expect(said.flatMap(({ stdout, stderr }) => tooLong(`${stdout}\n${stderr}`))).toEqual([])
  expect(said.map(({ stdout, stderr }) => stdout + stderr).filter((text) => text === '')).toEqual([])
})

test('every command is among those that were run', () => {
  const silent = ['completion', 'config schema', 'truth grants'] // print scripts and a document, not text
  const groups = new Set(PATHS.map((path) => path.slice(0, Math.max(0, path.lastIndexOf(' ')))))
  const missing = PATHS.filter((path) => !silent.includes(path) && !groups.has(path) && !ran.has(path))
  expect(missing).toEqual([])
})
