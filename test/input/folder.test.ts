/** What a folder stands for, and that what was not read is said. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { inputText } from '../../src/input/count.ts'
import { loadInputs } from '../../src/input/index.ts'
import { provHere } from '../support/in-process.ts'
import { PRIVATE_KEY, PUBLIC_KEY } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const run = (name: string, more: object = {}): string =>
  JSON.stringify({
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: { name, namespace: 'ci', uid: `uid-${name}` },
    status: { completionTime: '2026-01-01T00:00:00Z' },
    ...more,
  })

function tree(files: Readonly<Record<string, string>>): string {
  const root = scratch()
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  return root
}

const names = async (...paths: string[]): Promise<readonly string[]> =>
  (await loadInputs(paths)).runs.map((one) => one.name)

describe('a folder', () => {
  test('is walked to the last one, in the order of the names', async () => {
    const root = tree({
      'b/x.yaml': run('bx'),
      'a/deep/er/y.json': run('ay'),
      'c.yml': run('c'),
      'a/z.yaml': run('az'),
    })
    expect(await names(root)).toEqual(['c', 'az', 'ay', 'bx'])
    const { count } = await loadInputs([root])
    expect(count).toEqual({ files: 4, runs: 4, withoutRun: 0, notRead: {} })
    expect(inputText(count)).toBe('read 4 files, 4 runs')
  })

  test('what is not read is counted, with the reason', async () => {
    const outside = tree({ 'out.yaml': run('out') })
    const root = tree({
      'run.yaml': run('a'),
      '.hidden.yaml': run('h1'),
      '.git/run.yaml': run('h2'),
      'node_modules/x/run.yaml': run('n'),
      'sub/node_modules/run.yaml': run('n2'),
      'README.md': '#',
      'package.json': '{"name": "x"}',
      'sub/values.yaml': '{{ not yaml: [',
      'sub/pod.yaml': 'apiVersion: v1\nkind: Pod\n',
      'template.yaml': 'apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {generateName: x-}\nspec: {}\n',
      'task.yaml': 'apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: x}\n',
      'list.json': '{"apiVersion": "v1", "kind": "List", "items": []}',
    })
    symlinkSync(outside, join(root, 'out'))
    symlinkSync(join(outside, 'out.yaml'), join(root, 'link.yaml'))
    symlinkSync('nowhere.yaml', join(root, 'dangling.yaml'))
    symlinkSync('/', join(root, 'sub/root'))
    execFileSync('mkfifo', [join(root, 'pipe.yaml'), join(root, 'sub/pipe.json')])
    const { runs, count } = await loadInputs([root])
    expect(runs.map((one) => one.name)).toEqual(['a'])
    expect(count).toEqual({
      files: 7,
      runs: 1,
      withoutRun: 6,
      notRead: { hidden: 2, node_modules: 2, links: 4, special: 2, others: 1 },
    })
    expect(inputText(count)).toBe(
      'read 7 files, 1 run; 6 of the files hold no run; not read: 2 hidden, 2 node_modules, 4 links that lead out or nowhere, 2 no regular files, 1 neither YAML nor JSON',
    )
  })

  test('links within it are followed once, rings end, and a mounted ConfigMap is read', async () => {
    const root = tree({ '..2026_01/run.yaml': run('mounted'), 'sub/b.yaml': run('b') })
    symlinkSync('..2026_01', join(root, '..data'))
    symlinkSync('..data/run.yaml', join(root, 'run.yaml'))
    symlinkSync('..', join(root, 'sub/up'))
    symlinkSync('sub', join(root, 'again'))
    symlinkSync('b.yaml', join(root, 'sub/c.yaml'))
    const { runs, count } = await loadInputs([root])
    expect(runs.map((one) => one.name).toSorted()).toEqual(['b', 'mounted'])
    expect(count.files).toBe(2)
  })

  test('a link that was named is followed, wherever it leads', async () => {
    const root = tree({ 'a.yaml': run('a') })
    const link = join(scratch(), 'link')
    symlinkSync(root, link)
    expect(await names(link)).toEqual(['a'])
    expect((await loadInputs([link])).runs[0]?.source?.file).toBe(join(link, 'a.yaml'))
  })

  test('what claims to be a run and is damaged is never passed over', async () => {
    const damaged = [
      run('a').slice(0, 80),
      run('a').replace('"name":"a"', '"name":"a b"'),
      run('a').replace('"uid":"uid-a"', '"uid":""'),
      run('a').replace('tekton.dev/v1', 'tekton.dev/v9'),
      run('a').replace('tekton.dev/v1', 'tekton.dev\\/v9'),
    ]
    for (const text of damaged) {
      const root = tree({ 'good.yaml': run('good'), 'sub/bad.json': text })
      await expect(loadInputs([root]), text).rejects.toMatchObject({ code: 'input_invalid' })
    }
    const wide = tree({ 'good.yaml': run('good') })
    writeFileSync(join(wide, 'wide.yaml'), Buffer.from(`\ufeff${run('w')}`, 'utf16le'))
    await expect(loadInputs([wide])).rejects.toMatchObject({ code: 'input_invalid' })
  })

  test('more than 100,000 files are refused', async () => {
    const root = scratch()
    execFileSync('bash', ['-c', 'for i in {1..100001}; do echo "$i.json"; done | xargs touch'], { cwd: root })
    await expect(loadInputs([root])).rejects.toMatchObject({
      code: 'input_too_large',
      message: expect.stringContaining('more than 100000 files'),
    })
  })
})

test.each([
  ['apiVersion: v1\nkind: Pod\n', 'Pod'],
  ['{"apiVersion": "v1", "kind": "List", "items": []}', 'no TaskRun'],
  ['', 'no TaskRun'],
])('a file that was named must hold a run, whatever stands beside it: %s', async (text, says) => {
  const root = tree({ 'good.yaml': run('good'), 'other.yaml': text })
  await expect(loadInputs([join(root, 'good.yaml'), join(root, 'other.yaml')])).rejects.toMatchObject({
    code: 'input_empty',
    location: join(root, 'other.yaml'),
    message: expect.stringContaining(says),
  })
})

describe('every command says what it read', () => {
  const root = tree({ 'a/run.yaml': run('a'), 'b/c/run.yaml': run('b'), '.x': '', 'pod.yaml': 'kind: Pod\n' })
  const env = { PROV_PASSWORD: 'prov' }
  const said = 'read 3 files, 2 runs; 1 of the files holds no run; not read: 1 hidden'
  const count = { files: 3, runs: 2, withoutRun: 1, notRead: { hidden: 1 } }
  const storage = ['--storage', 'tekton']

  test.each([
    ['store', ...storage, '--key', PRIVATE_KEY, root],
    ['verify', ...storage, '--key', PUBLIC_KEY, root],
    ['repair', ...storage, '--key', PUBLIC_KEY, root],
    [
      'migrate',
      '--from',
      'tekton',
      '--to',
      's3',
      '--to-set',
      `storage.s3.directory=${join(scratch(), 's3')}`,
      '--key',
      PUBLIC_KEY,
      root,
    ],
    ['doctor', ...storage, '--read-only', root],
  ])('%s', async (...args) => {
    const text = await provHere(args, { env })
    expect(text.stdout.split('\n'), text.stderr).toContain(said)
    const json = await provHere([...args, '--json'], { env })
    const last = json.stdout.startsWith('{\n') ? json.stdout : json.stdout.trim().split('\n').at(-1)
    expect(JSON.parse(last ?? '')).toMatchObject({ input: count })
    const quiet = await provHere([...args, '--quiet'], { env })
    expect(quiet.code === 0 ? quiet.stdout : '').toBe('')
  })

  test('payload and get say it beside their bytes', async () => {
    const one = ['--run', 'a', root]
    const payload = await provHere(['payload', ...one])
    expect(payload).toMatchObject({ code: 0, stderr: `prov: ${said}\n` })
    expect(JSON.parse((await provHere(['payload', '--json', ...one])).stdout)).toMatchObject({ input: count })
    const got = await provHere(['get', 'payload', ...storage, ...one])
    expect(got).toMatchObject({ code: 0, stdout: payload.stdout, stderr: `prov: ${said}\n` })
    expect(JSON.parse((await provHere(['get', 'payload', '--json', ...storage, ...one])).stdout)).toMatchObject({
      input: count,
    })
  })

  test('where there is no run, what was read is said all the same', async () => {
    const { code, stderr } = await provHere([
      'verify',
      ...storage,
      '--key',
      PUBLIC_KEY,
      tree({ 'a/b.txt': '', 'c.yaml': '' }),
    ])
    expect(code).toBe(2)
    expect(stderr).toContain('read 1 file, 0 runs; 1 of the files holds no run; not read: 1 neither YAML nor JSON')
  })
})
