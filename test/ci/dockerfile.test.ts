/** The Dockerfile, as far as it can be tried without docker: its steps are carried out in folders, in place of layers. */
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT, run } from '../support/cli.ts'
import { scratch } from '../support/scratch.ts'

interface Instruction {
  readonly name: string
  readonly rest: string
}

interface Stage {
  readonly from: string
  readonly instructions: readonly Instruction[]
}

function stages(): readonly Stage[] {
  const lines = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').split('\n')
  const all = lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({
      name: line.slice(0, line.indexOf(' ')),
      rest: line.slice(line.indexOf(' ') + 1),
    }))
  const starts = all.flatMap(({ name }, i) => (name === 'FROM' ? [i] : []))
  return starts.map((at, i) => ({ from: all[at]?.rest ?? '', instructions: all.slice(at + 1, starts[i + 1]) }))
}

const [BUILD, FINAL] = stages()
const of = (stage: Stage | undefined, name: string): readonly string[] =>
  (stage?.instructions ?? []).filter((one) => one.name === name).map((one) => one.rest)

/** Sources that `.dockerignore` lets through: everything is left out but what is named with `!`. */
function context(): ReadonlySet<string> {
  const [first, ...rest] = readFileSync(join(ROOT, '.dockerignore'), 'utf8').trim().split('\n')
  expect(first).toBe('*')
  expect(rest.every((line) => line.startsWith('!'))).toBe(true)
  return new Set(rest.map((line) => line.slice(1)))
}

describe('Dockerfile', () => {
  test('two stages on a Node.js that prov supports, run by nobody special', async () => {
    expect(BUILD?.from).toBe('node:24-slim AS build')
    expect(FINAL?.from).toBe('node:24-slim')
    const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } }
    expect(engines.node.split(' || ')).toContainEqual(expect.stringMatching(/^\^24\./))
    expect(of(FINAL, 'USER')).toEqual(['1000:1000'])
    // An older 24 ends the build: prov says no to it.
    expect(of(FINAL, 'RUN').join()).toMatch(/&& prov --version$/)
  })

  test('labels say what it is, as package.json does', () => {
    const own = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Readonly<Record<string, string>>
    const labels = new Map(
      of(FINAL, 'LABEL').map((text) => /^([\w.]+)="([^"]+)"$/.exec(text)?.slice(1) as [string, string]),
    )
    const label = (name: string): string | undefined => labels.get(`org.opencontainers.image.${name}`)
    expect(label('version')).toBe(own['version'])
    expect(label('licenses')).toBe(own['license'])
    expect(label('url')).toBe(own['homepage'])
    expect(label('source')).toBe(`${own['homepage']}.git`)
    for (const name of ['title', 'description', 'documentation']) expect(label(name), name).toBeDefined()
  })

  test('every source is in the repository and let through; nothing else is', async () => {
    const sources = of(BUILD, 'COPY').flatMap((rest) => rest.split(' ').slice(0, -1))
    const { stdout } = await run('git', ['ls-files', ...sources], { cwd: ROOT })
    const tracked = stdout.trim().split('\n')
    for (const source of sources) {
      expect(
        tracked.some((path) => path === source || path.startsWith(`${source}/`)),
        source,
      ).toBe(true)
    }
    expect([...context()].sort()).toEqual([...sources].sort())
  })

  test('building it in folders gives a prov that starts, of dist, bin and package.json only', {
    timeout: 120_000,
  }, async () => {
    const files = { src: join(scratch(), 'src'), image: join(scratch(), 'image') }
    mkdirSync(files.src)
    for (const rest of of(BUILD, 'COPY')) {
      const words = rest.split(' ')
      const to = words.pop() ?? ''
      for (const source of words) {
        const target = to === './' ? join(files.src, source) : join(files.src, to)
        cpSync(join(ROOT, source), target, { recursive: true })
      }
    }
    const runs = of(BUILD, 'RUN')
    expect(runs).toEqual(['npm ci --ignore-scripts', 'node build.ts'])
    symlinkSync(realpathSync(join(ROOT, 'node_modules')), join(files.src, 'node_modules')) // npm ci
    const built = await run(process.execPath, ['build.ts'], { cwd: files.src, timeout: 100_000 })
    expect(built.code, built.stderr).toBe(0)

    for (const rest of of(FINAL, 'COPY')) {
      const [, from = '', to = ''] = /^--from=build \/src\/(\S+) (\/\S+)$/.exec(rest) ?? []
      expect(from, rest).not.toBe('')
      mkdirSync(dirname(join(files.image, to)), { recursive: true })
      cpSync(join(files.src, from), join(files.image, to), { recursive: true })
    }
    const [entrypoint = ''] = JSON.parse(of(FINAL, 'ENTRYPOINT')[0] ?? '[]') as string[]
    const [command = ''] = JSON.parse(of(FINAL, 'CMD')[0] ?? '[]') as string[]
    // The image's file, by its first line, with the node of this test in place of the image's.
    const path = `${dirname(process.execPath)}:/usr/bin:/bin`
    const started = await run(join(files.image, entrypoint), [command], { cwd: files.image, env: { PATH: path } })
    expect(started, started.stderr).toMatchObject({ code: 0, stderr: '' })
    expect(started.stdout).toMatch(/^Usage: prov/)
    const link = /ln -s (\S+) \/usr\/local\/bin\/prov/.exec(of(FINAL, 'RUN').join())?.[1]
    expect(link).toBe(entrypoint)
  })

  test('the entry point is in the package too', async () => {
    const env = { PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}` }
    const { stdout, stderr, code } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { env })
    expect(code, stderr).toBe(0)
    const [packed] = Object.values(JSON.parse(stdout) as Record<string, { files: readonly { path: string }[] }>)
    const paths = packed?.files.map(({ path }) => path) ?? []
    const [entrypoint = ''] = JSON.parse(of(FINAL, 'ENTRYPOINT')[0] ?? '[]') as string[]
    expect(paths).toContain(entrypoint.replace('/opt/prov/', ''))
    for (const rest of of(FINAL, 'COPY')) {
      const from = rest.split(' ')[1]?.replace('/src/', '') ?? ''
      expect(
        paths.some((path) => path === from || path.startsWith(`${from}/`)),
        from,
      ).toBe(true)
    }
    expect(existsSync(join(ROOT, 'dist/schemas/verify.json'))).toBe(true)
    expect(paths).toContain('dist/schemas/verify.json')
  })
})
