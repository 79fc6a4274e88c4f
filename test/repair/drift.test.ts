/** One copy in a hundred tampered with: whole backends against each other find just those, and repair heals just what can be healed. */
import { createPublicKey } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Backend } from '../../src/backend/backend.ts'
import { artifactName } from '../../src/model/artifact.ts'
import { prov } from '../support/cli.ts'
import { attest, signer } from '../support/makers.ts'
import { scratch } from '../support/scratch.ts'
import { calm, type EntrySet, embedded, entrySet, fill, type Item, opened, slotOf } from '../support/stored-set.ts'

const RUNS = 100
const STORES = ['docdb', 'gcs', 's3', 'oci']

interface Row {
  readonly backend: string
  readonly mark: string
  readonly error?: { readonly code: string }
}
interface Line {
  readonly artifact: string
  readonly exit: number
  readonly rows: readonly Row[]
  readonly copies: readonly { readonly backend: string; readonly action: string; readonly kept?: string }[]
  readonly command?: string
}

let set: EntrySet
let settings: Readonly<Record<string, string>>
let flags: readonly string[]
let runsFile: string
const stores = new Map<string, Backend>()

const isRun = ({ about }: Item): boolean => about.kind === 'dsse'
const at = (n: number): Item => {
  const item = set.items[n]
  if (item === undefined) throw new Error('no such item')
  return item
}
const store = (name: string): Backend => {
  const backend = stores.get(name)
  if (backend === undefined) throw new Error('no such store')
  return backend
}

async function removed(name: string, item: Item): Promise<void> {
  const slot = await slotOf(store(name), item)
  for (const found of await store(name).get(slot, calm)) await store(name).remove?.(slot, found, calm)
}

async function replaced(name: string, item: Item, entry: Item['entry']): Promise<void> {
  const slot = await slotOf(store(name), item)
  const [found] = await store(name).get(slot, calm)
  if (found === undefined) throw new Error('nothing to replace')
  await store(name).replace?.(slot, found, entry, calm)
}

/** Turns a byte of the payload object over, as a disk would. */
function altered(directory: string, item: Item): void {
  const folder = join(directory, `taskrun-ci-${item.run.name}`)
  const name = readdirSync(folder).find(
    (file) => file.endsWith('.payload') && file.startsWith('taskrun-') === isRun(item),
  )
  const path = join(folder, name ?? '')
  const bytes = readFileSync(path)
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
  writeFileSync(path, bytes)
}

async function command(args: readonly string[]): Promise<{ code: number | null; lines: readonly Line[]; end: Line }> {
  const { code, stdout, stderr } = await prov(args, { timeout: 120_000 })
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
  const end = lines.at(-1)
  if (end?.command === undefined) throw new Error(`no summary: ${stdout}${stderr}`)
  return { code, lines: lines.slice(0, -1), end }
}

/** `artifact backend mark` of everything that is not `=` and rightly kept. */
function odd(lines: readonly Line[]): readonly string[] {
  const rows = lines.flatMap(({ artifact, rows }) =>
    rows
      .filter(({ mark }) => mark !== '=' && mark !== 'x')
      .map(({ backend, mark }) => `${idOf(artifact)} ${backend} ${mark}`),
  )
  return rows.sort()
}

/** A run by its uid, an image by its digest: names differ with what the stores know. */
function idOf(artifact: string): string {
  return /\(([0-9a-f-]{36})\)/.exec(artifact)?.[1] ?? /@(sha256:[0-9a-f]{64})/.exec(artifact)?.[1] ?? artifact
}
const id = (item: Item): string => idOf(artifactName(item.about.artifact))

beforeAll(async () => {
  set = await entrySet(RUNS)
  settings = embedded()
  const folder = scratch()
  const key = join(folder, 'key.pub')
  writeFileSync(
    key,
    createPublicKey(set.by.publicKey.export({ type: 'spki', format: 'pem' })).export({ type: 'spki', format: 'pem' }),
  )
  runsFile = join(folder, 'runs.json')
  const runs = set.items.filter(isRun).map(({ run }) => run.object)
  writeFileSync(runsFile, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: runs }))
  flags = [
    '--storage',
    STORES.join(','),
    '--key',
    key,
    ...Object.entries(settings).flatMap(([k, v]) => ['--set', `${k}=${v}`]),
  ]
  for (const name of STORES) {
    const backend = await opened(name, settings)
    stores.set(name, backend)
    await fill(backend, set.items)
  }
})

afterAll(async () => {
  for (const backend of stores.values()) await backend.close()
})

describe('copies that went astray', () => {
  const expected: string[] = []
  let forged: Item

  test('before: everything agrees', async () => {
    const { code, lines, end } = await command(['verify', '--all', '--json', ...flags])
    expect(odd(lines)).toEqual([])
    expect(lines).toHaveLength(2 * RUNS)
    expect(code).toBe(0)
    expect(end).toMatchObject({ artifacts: 2 * RUNS, whole: true, complete: true })
  })

  test('verify --all finds just those', async () => {
    forged = at(40)
    await removed('docdb', at(0))
    await removed('gcs', at(11))
    await removed('oci', at(22))
    altered(settings['storage.gcs.directory'] ?? '', at(30))
    altered(settings['storage.s3.directory'] ?? '', at(33))
    await replaced('docdb', forged, await attest(forged.run, await signer()))
    await replaced('gcs', at(50), await attest(at(50).run, set.by, at(50).entry.payload)) // deterministic: the same bytes
    expected.push(`${id(at(0))} docdb +`, `${id(at(11))} gcs +`, `${id(at(22))} oci +`)
    expected.push(`${id(at(30))} gcs #`, `${id(at(33))} s3 #`, `${id(forged)} docdb #`)
    const { code, lines } = await command(['verify', '--all', '--json', ...flags])
    expect(odd(lines)).toEqual(expected.toSorted())
    expect(code).toBe(3)
    expect(lines).toHaveLength(2 * RUNS)
  })

  test('the order of --storage changes nothing of what is found', async () => {
    const turned = flags.with(1, STORES.toReversed().join(','))
    const { lines } = await command(['verify', '--all', '--json', ...turned])
    expect(odd(lines)).toEqual(expected.toSorted())
  })

  test('with --fail-fast it stops at one of them', async () => {
    const { code, lines, end } = await command(['verify', '--all', '--json', '--fail-fast', ...flags])
    expect(lines.filter(({ exit }) => exit !== 0)).toHaveLength(1)
    expect([3, 5]).toContain(code)
    expect(end).toMatchObject({ complete: false })
  })

  test('shards find them together', async () => {
    const parts = await Promise.all(
      ['0/3', '1/3', '2/3'].map((shard) => command(['verify', '--all', '--json', '--shard', shard, ...flags])),
    )
    const found = parts.flatMap(({ lines }) => odd(lines))
    // What the walked store itself lacks, nobody can list there.
    expect(found.toSorted()).toEqual(expected.filter((line) => !line.endsWith('gcs +')).toSorted())
  })

  test('repair says what it would do, and writes nothing', async () => {
    const { code, lines } = await command(['repair', '--all', '--json', ...flags])
    const planned = lines.flatMap(({ artifact, copies }) =>
      copies
        .filter(({ action }) => action !== 'ok')
        .map(({ backend, action }) => `${idOf(artifact)} ${backend} ${action}`),
    )
    const as = (line: string) => line.replace(/ \+$/, ' write').replace(/ #$/, ' replace')
    expect(planned.toSorted()).toEqual(expected.map(as).toSorted())
    expect(code).toBe(3)
    const after = await command(['verify', '--all', '--json', ...flags])
    expect(odd(after.lines)).toEqual(expected.toSorted())
  })

  test('repair --apply heals them, and keeps what it replaced', async () => {
    const { code, lines } = await command(['repair', '--all', '--apply', '--json', ...flags])
    expect(code).toBe(0)
    const kept = lines.flatMap(({ copies }) => copies.flatMap((copy) => copy.kept ?? []))
    expect(kept).toHaveLength(3)
    const files = kept.filter((location) => !location.startsWith('sqlite:'))
    expect(files.every((file) => existsSync(file))).toBe(true)
    const [, key = ''] = /#(.*)$/.exec(kept.find((location) => location.startsWith('sqlite:')) ?? '') ?? []
    const db = new DatabaseSync((settings['storage.docdb.url'] ?? '').slice('sqlite:'.length), { readOnly: true })
    const row = db.prepare('SELECT Signed FROM documents WHERE Name = ?').get(key)
    db.close()
    expect(Buffer.from((row?.['Signed'] as Uint8Array | undefined) ?? []).toString()).toContain('"Signature"')
    const after = await command(['verify', '--all', '--json', ...flags])
    expect(odd(after.lines)).toEqual([])
    expect(after.lines).toHaveLength(2 * RUNS)
  })

  test('two runs swapped: drift without the runs at hand, and nobody decides it; with them it is told who is wrong', async () => {
    const [a, b] = [at(60), at(62)]
    await replaced('docdb', a, b.entry)
    await replaced('docdb', b, a.entry)
    const all = await command(['verify', '--all', '--json', ...flags])
    expect(all.code).toBe(4)
    expect(new Set(odd(all.lines).map((line) => line.split(' ')[0]))).toEqual(new Set([id(a), id(b)]))
    const undecided = await command(['repair', '--all', '--apply', '--json', ...flags])
    expect(undecided.code).toBe(4)
    const { stdout } = await prov(['verify', '--json', ...flags, runsFile], { timeout: 120_000 })
    const report = JSON.parse(stdout) as { readonly artifacts: readonly Line[] }
    expect(odd(report.artifacts)).toEqual([`${id(a)} docdb #`, `${id(b)} docdb #`].toSorted())
    const healed = await command(['repair', '--apply', '--json', ...flags, runsFile])
    expect(healed.code).toBe(0)
    expect((await command(['verify', '--all', '--json', ...flags])).code).toBe(0)
  })

  test('drift is decided by --prefer alone', async () => {
    const [a, b] = [at(70), at(72)]
    await replaced('gcs', a, b.entry)
    const { code } = await command(['repair', '--all', '--apply', '--json', '--prefer', 's3', ...flags])
    expect(code).toBe(0)
    const after = await command(['verify', '--all', '--json', ...flags])
    expect(odd(after.lines)).toEqual([])
  })

  test('a preferred backend that has no copy of its own decides nothing, and gets none', async () => {
    const [a, b] = [at(74), at(76)]
    await replaced('gcs', a, b.entry)
    await removed('s3', a)
    const before = await command(['verify', '--all', '--json', ...flags])
    const { code, lines } = await command(['repair', '--all', '--apply', '--json', '--prefer', 's3', ...flags])
    expect(code).toBe(4)
    expect(lines.flatMap(({ copies }) => copies.filter(({ action }) => action !== 'ok' && action !== 'keep'))).toEqual(
      [],
    )
    const after = await command(['verify', '--all', '--json', ...flags])
    expect(odd(after.lines)).toEqual(odd(before.lines))
    expect(odd(after.lines).filter((line) => line.endsWith('*')).length).toBeGreaterThan(1)
  })
})
