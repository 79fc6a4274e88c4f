/** Bad input: one line with a code and a hint, exit 2, and neither a file nor a registry has been touched. */
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { describeWith, registry } from '../servers/endpoints.ts'
import { prov } from '../support/cli.ts'
import { startProxy } from '../support/proxy.ts'
import { FIXTURES, type RunWithImage, runWithImage } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { type KeyFiles, newKey } from '../support/stage.ts'

let key: KeyFiles
let good: string
beforeAll(() => {
  key = newKey()
  good = readFileSync(join(FIXTURES, 'runs/buildpacks-taskrun.yaml'), 'utf8')
})

interface Bad {
  readonly what: string
  readonly code: string
  readonly bytes: () => string | Uint8Array
  /** Default: run.yaml. */
  readonly name?: string
}

interface RunObject {
  apiVersion: string
  kind: string
  metadata: Record<string, unknown> & { name: string }
  status: Record<string, unknown>
}

/** The good run with a change, as JSON. */
const changed = (change: (run: RunObject) => void) => (): string => {
  const run = parse(good) as RunObject
  change(run)
  return JSON.stringify(run)
}

const MB = 1024 * 1024

const BAD: readonly Bad[] = [
  { what: 'an empty file', code: 'input_empty', bytes: () => '' },
  { what: 'white space', code: 'input_empty', bytes: () => ' \n\t\n' },
  { what: 'comments and markers only', code: 'input_empty', bytes: () => '# nothing\n---\n# more\n---\n' },
  { what: 'an empty List', code: 'input_empty', bytes: () => '{"apiVersion":"v1","kind":"List","items":[]}' },
  { what: 'YAML cut short', code: 'input_invalid', bytes: () => good.slice(0, good.indexOf('frsca-demo') + 3) },
  { what: 'YAML cut within quotes', code: 'input_invalid', bytes: () => good.slice(0, good.indexOf('2026-11-18') + 3) },
  {
    what: 'JSON cut short',
    code: 'input_invalid',
    bytes: () => changed(() => undefined)().slice(0, -20),
    name: 'run.json',
  },
  {
    what: 'JSON and more',
    code: 'input_invalid',
    bytes: () => `${changed(() => undefined)()} and more`,
    name: 'run.json',
  },
  {
    what: 'random bytes',
    code: 'input_invalid',
    bytes: () => Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919) % 251)),
  },
  { what: 'a program', code: 'input_invalid', bytes: () => readFileSync('/proc/self/exe').subarray(0, 65_536) },
  {
    what: 'text that is not UTF-8',
    code: 'input_invalid',
    bytes: () => Buffer.concat([Buffer.from(good), Buffer.from([0xff, 0xfe, 0x0a])]),
  },
  { what: 'UTF-16', code: 'input_invalid', bytes: () => Buffer.from(`\ufeff${good}`, 'utf16le') },
  { what: 'a NUL within', code: 'input_invalid', bytes: () => good.replace('frsca', 'fr\u0000sca') },
  { what: '50 MB of text', code: 'input_too_large', bytes: () => Buffer.alloc(50 * MB, 'a') },
  { what: '50 MB of a run', code: 'input_too_large', bytes: () => `${good}\n# ${'x'.repeat(50 * MB)}` },
  {
    what: 'JSON 100,000 deep',
    code: 'input_too_large',
    bytes: () => `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    name: 'run.json',
  },
  {
    what: 'JSON objects 100,000 deep',
    code: 'input_too_large',
    bytes: () => `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
    name: 'run.json',
  },
  {
    what: 'YAML flow 100,000 deep',
    code: 'input_too_large',
    bytes: () => `a: ${'['.repeat(100_000)}${']'.repeat(100_000)}`,
  },
  {
    what: 'YAML blocks 2,000 deep',
    code: 'input_too_large',
    bytes: () => Array.from({ length: 2000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
  },
  { what: 'a YAML bomb', code: 'input_too_large', bytes: bomb },
  { what: 'a YAML alias of itself', code: 'input_invalid', bytes: () => 'a: &a [*a]\nkind: TaskRun\n' },
  {
    what: 'a YAML tag that wants code',
    code: 'input_invalid',
    bytes: () => `${good}\nextra: !!js/function "() => 1"\n`,
  },
  { what: 'a scalar', code: 'input_invalid', bytes: () => '42' },
  { what: 'an array', code: 'input_invalid', bytes: () => '[1, 2]' },
  {
    what: 'another kind',
    code: 'input_empty',
    bytes: () => 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, uid: b}\n',
  },
  {
    what: 'another kind of Tekton',
    code: 'input_empty',
    bytes: changed((run) => Object.assign(run, { kind: 'Task' })),
  },
  {
    what: 'a List of other kinds',
    code: 'input_empty',
    bytes: () => '{"kind":"List","items":[{"apiVersion":"v1","kind":"Pod"}]}',
  },
  {
    what: "somebody else's TaskRun",
    code: 'input_empty',
    bytes: changed((run) => Object.assign(run, { apiVersion: 'example.com/v1' })),
  },
  {
    what: 'a version that is gone',
    code: 'input_invalid',
    bytes: changed((run) => Object.assign(run, { apiVersion: 'tekton.dev/v1alpha1' })),
  },
  { what: 'no kind', code: 'input_invalid', bytes: changed((run) => Reflect.deleteProperty(run, 'kind')) },
  { what: 'no metadata', code: 'input_invalid', bytes: changed((run) => Reflect.deleteProperty(run, 'metadata')) },
  {
    what: 'metadata that is text',
    code: 'input_invalid',
    bytes: changed((run) => Object.assign(run, { metadata: 'text' })),
  },
  { what: 'no uid', code: 'input_invalid', bytes: changed((run) => Reflect.deleteProperty(run.metadata, 'uid')) },
  { what: 'an empty uid', code: 'input_invalid', bytes: changed((run) => Object.assign(run.metadata, { uid: '' })) },
  {
    what: 'a uid that is a number',
    code: 'input_invalid',
    bytes: changed((run) => Object.assign(run.metadata, { uid: 7 })),
  },
  {
    what: 'a uid that is a path',
    code: 'input_invalid',
    bytes: changed((run) => Object.assign(run.metadata, { uid: '../../etc/passwd' })),
  },
  { what: 'no name', code: 'input_invalid', bytes: changed((run) => Reflect.deleteProperty(run.metadata, 'name')) },
  {
    what: 'a status that is a list',
    code: 'input_invalid',
    bytes: changed((run) => Object.assign(run, { status: [1] })),
  },
  {
    what: 'results that are text',
    code: 'input_invalid',
    bytes: changed((run) => Object.assign(run.status, { results: 'none' })),
  },
  {
    what: 'annotations that are numbers',
    code: 'input_invalid',
    bytes: changed((run) => Object.assign(run.metadata, { annotations: { a: 1 } })),
  },
  {
    what: 'a key twice in YAML',
    code: 'input_invalid',
    bytes: () => good.replace('  namespace: frsca-demo', '  namespace: frsca-demo\n  namespace: other'),
  },
  {
    what: 'a key twice in JSON',
    code: 'input_invalid',
    bytes: () => changed(() => undefined)().replace('"kind":"TaskRun"', '"kind":"TaskRun","kind":"TaskRun"'),
    name: 'run.json',
  },
  { what: 'a good run followed by a bad document', code: 'input_invalid', bytes: () => `${good}\n---\na: [1\n` },
  {
    what: 'a good run followed by one without a uid',
    code: 'input_invalid',
    bytes: () => `${good}\n---\n${good.replace(/ {2}uid: b0a4c3c0.*\n/, '')}`,
  },
]

function bomb(): string {
  const lines = ['a0: &a0 ["lol","lol","lol","lol","lol","lol","lol","lol","lol"]']
  for (let i = 1; i < 12; i++) lines.push(`a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(',')}]`)
  return lines.join('\n')
}

/** `prov: CODE: what is wrong (what to do)`, a `next:` line, and nothing else. */
const oneLine = (code: string): RegExp =>
  new RegExp(`^prov: ${code}: [^\\n]+ \\([^\\n]+\\)\\nnext: prov explain ${code}\\n$`)

interface Tree {
  readonly [name: string]: string
}

const treeOf = (folder: string): Tree =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(folder, name)).isFile())
      .map((name) => [name, `${statSync(join(folder, name)).mtimeMs} ${statSync(join(folder, name)).ino}`]),
  )

describeWith(['distribution'], 'bad input', () => {
  const refused = async (args: readonly string[], folder: string, code: string): Promise<void> => {
    await using proxy = await startProxy(registry('distribution'))
    const where = ['--storage', 'tekton,oci', '--set', `storage.oci.repository=${proxy.endpoint}/prov/input`]
    const before = treeOf(folder)
    const outcome = await prov(['store', ...where, '--key', key.private, ...args], { cwd: folder, timeout: 30_000 })
    expect(outcome.stderr.slice(0, 1000)).toMatch(oneLine(code))
    expect([outcome.code, outcome.stdout]).toEqual([2, ''])
    expect(treeOf(folder)).toEqual(before)
    expect(proxy.seen).toEqual([])
  }

  it.each(BAD)('$what: $code', async ({ bytes, code, name = 'run.yaml' }) => {
    const folder = scratch()
    writeFileSync(join(folder, name), bytes())
    await refused([name], folder, code)
  })

  it('a file that is not there, and a folder without a run', async () => {
    const folder = scratch()
    await refused(['nothing.yaml'], folder, 'input_unreadable')
    mkdirSync(join(folder, 'empty'))
    await refused(['empty'], folder, 'input_empty')
  })

  it('beside good input, which is not stored either', async () => {
    const folder = scratch()
    writeFileSync(join(folder, 'a.yaml'), good)
    writeFileSync(join(folder, 'b.yaml'), 'a: [1\n')
    await refused(['a.yaml', 'b.yaml'], folder, 'input_invalid')
    await refused(['.'], folder, 'input_invalid')
  })

  it('images and Statements that are none', async () => {
    const folder = scratch()
    await refused(['--image', 'ghcr.io/acme/app:v1'], folder, 'image_invalid')
    await refused(['--image', `ghcr.io/acme/app@sha256:${'g'.repeat(64)}`], folder, 'image_invalid')
    await refused(['--image', `Not An Image@sha256:${'a'.repeat(64)}`], folder, 'image_invalid')
    writeFileSync(join(folder, 'statement.json'), '{"_type":"https://in-toto.io/Statement/v1","subject":[]}')
    await refused(['--statement', 'statement.json'], folder, 'input_invalid')
    writeFileSync(join(folder, 'other.json'), '{"hello":"world"}')
    await refused(['--statement', 'other.json'], folder, 'input_invalid')
  })

  it('is told in JSON as well', async () => {
    const folder = scratch()
    writeFileSync(join(folder, 'run.yaml'), 'a: [1\n')
    const { code, stdout, stderr } = await prov(
      ['verify', '--json', '--storage', 'tekton', '--key', key.public, 'run.yaml'],
      { cwd: folder },
    )
    expect(JSON.parse(stdout)).toMatchObject({
      exit: 2,
      error: { code: 'input_invalid', hint: expect.stringMatching(/./) },
    })
    expect([code, stderr.split('\n').length]).toEqual([2, 3])
  })
})

describeWith(['distribution'], 'results that name no image', () => {
  const withResults = (run: RunWithImage, results: Readonly<Record<string, string>>): void => {
    const object = parse(readFileSync(run.file, 'utf8')) as { status: { results: object[] } }
    for (const [name, value] of Object.entries(results)) object.status.results.push({ name, type: 'string', value })
    writeFileSync(run.file, stringify(object))
  }

  it('are reported, and the rest of the run is stored', async () => {
    const run = await runWithImage(registry('distribution'))
    withResults(run, {
      other_IMAGE_URL: `${run.endpoint}/prov/other`,
      other_IMAGE_DIGEST: 'sha256:tooshort',
      third_IMAGE_URL: `${run.endpoint}/prov/third`,
      third_IMAGE_DIGEST: `md5:${'a'.repeat(32)}`,
    })
    const copy = `${run.file}.copy.yaml`
    cpSync(run.file, copy)
    const args = ['store', '--storage', 'tekton,oci', '--key', key.private]
    const text = await prov([...args, run.file])
    expect(text.code, text.stderr + text.stdout).toBe(0)
    expect(text.stderr).toMatch(/^prov: .*other_IMAGE.*\n(.*\n)*prov: .*third_IMAGE.*$/m)
    const json = await prov([...args, '--json', copy])
    expect(json.code, json.stderr).toBe(0)
    const { notes } = JSON.parse(json.stdout) as { notes: readonly string[] }
    expect(notes).toEqual([expect.stringContaining('other_IMAGE'), expect.stringContaining('third_IMAGE')])
  })
})

describe('input that is good', () => {
  it.each([
    ['with a byte order mark', () => `\ufeff${good}`],
    ['with CRLF', () => good.replaceAll('\n', '\r\n')],
    ['without a last line break', () => good.trimEnd()],
  ] as const)('%s is stored', async (_, bytes) => {
    const folder = scratch()
    writeFileSync(join(folder, 'run.yaml'), bytes())
    const where = ['--storage', 'tekton', '--key']
    const { code, stderr } = await prov(['store', ...where, key.private, 'run.yaml'], { cwd: folder })
    expect([code, stderr]).toEqual([0, ''])
    expect((await prov(['verify', ...where, key.public, 'run.yaml'], { cwd: folder })).code).toBe(0)
  })

  it('of a run that has not ended is stored, with a word about it', async () => {
    const folder = scratch()
    const unended = good.replace(/^ {2}completionTime: .*\n/m, '')
    expect(unended).not.toBe(good)
    writeFileSync(join(folder, 'run.yaml'), unended)
    const args = ['store', '--storage', 'tekton', '--key', key.private]
    const { code, stderr } = await prov([...args, 'run.yaml'], { cwd: folder })
    expect(code).toBe(0)
    expect(stderr).toMatch(/^prov: TaskRun .* has not ended: what is signed now will not say how it did\n$/)
  })

  it('of a run that asks for a log entry is refused only where the configuration leaves that to it', async () => {
    const folder = scratch()
    const asking = good.replace(/^( {2}annotations:)\n/m, '$1\n    chains.tekton.dev/transparency-upload: "true"\n')
    expect(asking).not.toBe(good)
    writeFileSync(join(folder, 'run.yaml'), good)
    writeFileSync(join(folder, 'asking.yaml'), asking)
    const args = ['store', '--storage', 'tekton', '--key', key.private, '--set', 'transparency.enabled=manual']
    expect((await prov([...args, 'run.yaml'], { cwd: folder })).code).toBe(0)
    const { code, stderr } = await prov([...args, 'asking.yaml'], { cwd: folder })
    expect(code).toBe(2)
    expect(stderr).toContain('does not have transparency.enabled=manual yet')
    expect(readFileSync(join(folder, 'asking.yaml'), 'utf8')).toBe(asking)
  })
})
