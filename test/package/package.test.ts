import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { ROOT, run } from '../support/cli.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const BIN_FOLDER = join(ROOT, 'node_modules/.bin')
const env = { PATH: `${BIN_FOLDER}:${process.env['PATH'] ?? ''}`, HOME: process.env['HOME'] ?? '' }

interface Packed {
  readonly filename: string
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string; readonly mode: number }[]
}

describe('the package', () => {
  const consumer = join(scratch(), 'consumer')
  const installed = join(consumer, 'node_modules/.bin/prov')
  let packed: Packed

  beforeAll(async () => {
    mkdirSync(consumer)
    const pack = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', consumer], { env })
    expect(pack.code, pack.stderr).toBe(0)
    // npm 11 prints a list, npm 12 an object by name
    packed = Object.values(JSON.parse(pack.stdout) as Record<string, Packed>)[0] as Packed
    writeFileSync(join(consumer, 'package.json'), '{"private":true,"type":"module"}')
    const flags = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts']
    const install = await run('npm', ['install', ...flags, join(consumer, packed.filename)], {
      env,
      cwd: consumer,
      timeout: 240_000,
    })
    expect(install.code, install.stderr).toBe(0)
  })

  it('holds what runs and what a reader needs, and nothing else', () => {
    const paths = packed.files.map(({ path }) => path)
    for (const wanted of [
      'package.json',
      'README.md',
      'LICENSE',
      'bin/prov.js',
      'dist/cli.js',
      'dist/index.js',
      'dist/types/src/index.d.ts',
    ]) {
      expect(paths).toContain(wanted)
    }
    expect(
      paths.filter((path) => !/^(package\.json|README\.md|LICENSE|bin\/prov\.js|dist\/.+\.(js|d\.ts))$/.test(path)),
    ).toEqual([])
    expect(packed.unpackedSize).toBeLessThan(20_000_000)
  })

  it('runs where it was installed, and knows its version', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    expect(await run(installed, ['--version'], { env, cwd: consumer })).toMatchObject({
      code: 0,
      stdout: `${version}\n`,
      stderr: '',
    })
  })

  it('stores and verifies a run where it was installed', async () => {
    const file = runFixture('buildpacks-taskrun.yaml')
    const args = ['--storage', 'tekton', '--key']
    const store = await run(installed, ['store', ...args, PRIVATE_KEY, file], {
      env: { ...env, COSIGN_PASSWORD: PASSWORD },
      cwd: consumer,
    })
    expect(store.code, store.stderr).toBe(0)
    const verify = await run(installed, ['verify', ...args, PUBLIC_KEY, file], { env, cwd: consumer })
    expect(verify.code, verify.stderr + verify.stdout).toBe(0)
  })

  it('gives a library with types', async () => {
    const source = `import { ERRORS, type ErrorCode, ProvError } from 'prov'
const code: ErrorCode = new ProvError('absent', 'none').code
console.log(code, ERRORS[code].exit)
// @ts-expect-error: the codes are a closed union
new ProvError('no such code', '')
`
    writeFileSync(join(consumer, 'consumer.ts'), source)
    const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')]
    const flags = [
      '--noEmit',
      '--strict',
      '--target',
      'es2024',
      '--module',
      'nodenext',
      '--skipLibCheck',
      'false',
      ...types,
    ]
    const check = await run(join(BIN_FOLDER, 'tsc'), [...flags, 'consumer.ts'], { env, cwd: consumer })
    expect(check.code, check.stdout).toBe(0)
    writeFileSync(
      join(consumer, 'consumer.mjs'),
      "import { ERRORS, ProvError } from 'prov'\nconsole.log(ERRORS[new ProvError('absent', '').code].exit)\n",
    )
    expect(await run(process.execPath, ['consumer.mjs'], { cwd: consumer })).toMatchObject({ code: 0, stdout: '5\n' })
  })
})
