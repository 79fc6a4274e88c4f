/** The GitHub action, run step by step as a runner does. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EXITS } from '../../src/report/text/verify-text.ts'
import { ROOT, run } from '../support/cli.ts'
import { damage, place } from '../support/outputs.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { ACTION, type Ran, useAction } from './action.ts'

const env = { COSIGN_PASSWORD: PASSWORD }

/** A workspace with a run, and the inputs that name its stores. */
function workspace(): {
  readonly cwd: string
  readonly at: ReturnType<typeof place>
  readonly inputs: Record<string, string>
} {
  const at = place()
  const args = ['--set=storage.docdb.url=sqlite:prov.db', '--set=storage.oci.layout=layout'].join('\n')
  return { cwd: at.folder, at, inputs: { storage: 'docdb,oci', args, input: basename(at.file) } }
}

const store = (inputs: Record<string, string>, cwd: string): Promise<Ran> =>
  useAction({ ...inputs, command: 'store', key: PRIVATE_KEY, password: PASSWORD }, { cwd })
const verify = (inputs: Record<string, string>, cwd: string): Promise<Ran> =>
  useAction({ ...inputs, command: 'verify', key: PUBLIC_KEY }, { cwd })

function report({ outputs }: Ran): {
  readonly command?: string
  readonly exit: number
  readonly error?: { readonly code: string }
} {
  return JSON.parse(readFileSync(outputs['json'] ?? '', 'utf8')) as ReturnType<typeof report>
}

describe('action.yml', () => {
  test('is a composite action that puts no input into a script', () => {
    expect(ACTION.runs.using).toBe('composite')
    for (const { run: script, shell } of ACTION.runs.steps) {
      expect(shell).toBe('bash')
      expect(script).not.toContain('${{')
      expect(existsSync(join(ROOT, /"\$GITHUB_ACTION_PATH\/(.+)"/.exec(script)?.[1] ?? 'nothing'))).toBe(true)
    }
    const read = ACTION.runs.steps.flatMap((step) => Object.values(step.env ?? {}))
    expect(read.sort()).toEqual(
      Object.keys(ACTION.inputs)
        .map((name) => `\${{ inputs.${name} }}`)
        .sort(),
    )
    for (const { description } of [...Object.values(ACTION.inputs), ...Object.values(ACTION.outputs)])
      expect(description).not.toBe('')
    expect(readFileSync(join(ROOT, 'action.yml'), 'utf8')).not.toMatch(/uses:/)
  })

  test('store, then verify: outputs, summary, log, exit 0', async () => {
    const { inputs, cwd } = workspace()
    const stored = await store(inputs, cwd)
    expect(stored, stored.log).toMatchObject({ code: 0, outputs: { exit: '0' } })
    expect(report(stored)).toMatchObject({ command: 'store', exit: 0 })
    expect(stored.summary).toMatch(/^## ✅ prov store: all well \(exit 0\)\n/)
    expect(stored.summary.match(/ \| written \| /g)).toHaveLength(4)
    expect(stored.log).toContain('prov store: all well\n')

    const verified = await verify(inputs, cwd)
    expect(verified, verified.log).toMatchObject({ code: 0, outputs: { exit: '0', verdict: 'agree' } })
    expect(verified.log).not.toContain('::error')
    expect(report(verified)).toMatchObject({ command: 'verify', exit: 0 })
    expect(verified.summary).toMatch(/^## ✅ prov verify: all that is required agrees\n/)
    expect(verified.summary.match(/ \| `=` \| /g)).toHaveLength(4)
    for (const exit of Object.keys(EXITS)) expect(verified.summary).toContain(`${exit === '0' ? '**0**' : exit} | `)
    expect(verified.summary).toContain(EXITS[7])
  })

  test('with a source of truth, store commits and delivers in the same step', async () => {
    const { inputs, cwd } = workspace()
    const given = { ...inputs, command: 'store', key: PRIVATE_KEY, password: PASSWORD }
    const stored = await useAction(given, { cwd, env: { PROV_TRUTH: 'sqlite:truth.db' } })
    expect(stored, stored.log).toMatchObject({ code: 0, outputs: { exit: '0' } })
    expect(report(stored)).toMatchObject({ truth: { committed: true, unserved: [] } })
    expect(stored.summary.match(/ \| written \| /g)).toHaveLength(4)
  })

  test('a damaged copy: the step fails with 3, and says so everywhere', async () => {
    const { inputs, cwd, at } = workspace()
    await store(inputs, cwd)
    damage(at)
    const verified = await verify(inputs, cwd)
    expect(verified, verified.log).toMatchObject({ code: 3, outputs: { exit: '3' } })
    expect(report(verified)).toMatchObject({ exit: 3 })
    expect(verified.summary).toMatch(/^## ❌ prov verify: not verified \(exit 3\)\n/)
    expect(verified.summary).toContain('**signature_invalid** ')
    expect(verified.summary.match(/^## /gm)).toHaveLength(1)
    expect(verified.summary).toContain('| **3** | ')
    expect(verified.log).toMatch(/^::error title=prov verify::exit 3: a copy does not verify/m)
    expect(verified.outputs['verdict']).toBe('invalid')
    const findings = verified.log.match(/^::error title=prov verify::(?!exit).*$/gm) ?? []
    expect(findings).toHaveLength(1)
    expect(findings[0]).toMatch(/::signature_invalid: docdb: (TaskRun|image) .+: .+/)
    expect(readFileSync(verified.outputs['report'] ?? '', 'utf8')).toMatch(/^<!doctype html>/i)
  })

  test('a wrong password: exit 2, and it is repeated nowhere', async () => {
    const { inputs, cwd } = workspace()
    const failed = await useAction(
      { ...inputs, command: 'store', key: PRIVATE_KEY, password: 'planted-secret' },
      { cwd },
    )
    expect(failed).toMatchObject({ code: 2 })
    expect(report(failed)).toMatchObject({ error: { code: 'key_password' } })
    expect(JSON.stringify([failed, report(failed)])).not.toContain('planted-secret')
  })

  test('nothing to verify with: exit 2, the failure in report and summary', async () => {
    const { inputs, cwd } = workspace()
    const failed = await useAction({ ...inputs, command: 'verify', key: 'nowhere.pub' }, { cwd })
    expect(failed).toMatchObject({ code: 2, outputs: { exit: '2' } })
    expect(report(failed)).toMatchObject({ exit: 2, error: { code: 'key_unreadable' } })
    expect(failed.summary).toContain('- **key_unreadable** ')
  })

  test('summary: false writes none; other commands than store and verify work as well', async () => {
    const { inputs, cwd } = workspace()
    const quiet = await useAction({ ...inputs, command: 'verify', key: PUBLIC_KEY, summary: 'false' }, { cwd })
    expect(quiet).toMatchObject({ code: 5, summary: '', outputs: { exit: '5' } })
    const checked = await useAction({ command: 'config check' }, { cwd })
    expect(checked, checked.log).toMatchObject({ code: 0, outputs: { exit: '0' } })
  })

  test('the key may stand in a variable of the job, and its password too', async () => {
    const { inputs, cwd } = workspace()
    const stored = await useAction(
      { ...inputs, command: 'store', key: 'env://SIGNING_KEY' },
      { cwd, env: { ...env, SIGNING_KEY: readFileSync(PRIVATE_KEY, 'utf8') } },
    )
    expect(stored, stored.log).toMatchObject({ code: 0 })
  })
})

describe('a hostile value', () => {
  const HOSTILE = [
    '$(touch owned)`touch owned`"; touch owned; "\'; touch owned; \'|touch owned||a #*',
    'a\ntouch owned\n::set-output name=exit::0\n::error::owned',
    '--key=owned.pub',
  ]

  test.each(
    ['command', 'storage', 'key', 'input', 'args', 'config', 'summary'].flatMap((name) =>
      HOSTILE.map((value) => [name, value] as const),
    ),
  )('%s: %j does nothing', { timeout: 30_000 }, async (name, value) => {
    const { inputs, cwd } = workspace()
    const before = readdirSync(cwd).sort()
    const ran = await useAction({ ...inputs, command: 'verify', key: PUBLIC_KEY, [name]: value }, { cwd })
    expect(ran.code).toBeGreaterThan(0)
    expect(readdirSync(cwd).sort()).toEqual(before)
    if (ran.outputs['exit'] !== '') expect(ran.outputs['exit']).toBe(String(ran.code))
    const commands = ran.log.split('\n').filter((line) => /^\s*::/.test(line))
    expect(
      commands.filter((line) => !/^::(error|warning) title=prov[ a-z]*::/.test(line) || line.includes('owned')),
    ).toEqual([])
  })

  const EVIL = 'x` | <img src=x> ``` | [a](http://evil.example)\n::error::owned\n# head'

  test('what a report says is shown, and is no Markdown, HTML or command', async () => {
    const file = join(scratch(), 'report.json')
    const summary = join(scratch(), 'summary')
    const error = { code: 'absent', message: EVIL, hint: EVIL }
    const copies = [{ backend: EVIL, outcome: 'failed', location: EVIL }]
    for (const one of [
      { command: 'store', dryRun: false, items: [{ artifact: EVIL, copies }], findings: [error] },
      { error },
    ]) {
      writeFileSync(file, JSON.stringify(one))
      const args = [join(ROOT, 'ci/github/summary.mjs'), 'store', '5', file, summary]
      const { code, stdout } = await run(process.execPath, args)
      expect(code).toBe(0)
      const [first, ...findings] = stdout.trimEnd().split('\n')
      expect(first).toBe('::error title=prov store::exit 5: a copy is missing (+)')
      expect(findings).toHaveLength('findings' in one ? 1 : 0)
      for (const line of findings) expect(line).toMatch(/^::error title=prov store::absent: x` \| <img [^\n]*# head$/)
    }
    const text = readFileSync(summary, 'utf8')
    expect(text.match(/<img src=x>/g)?.length).toBeGreaterThan(5)
    // CommonMark: a code span ends at a run of backticks as long as the one that began it.
    const outside = text.replaceAll(/(?<!`)(`+)(?!`)(?:.*?[^`])\1(?!`)/g, '')
    expect(outside).not.toMatch(/<img|\[a\]/)
    expect(text).not.toMatch(/^\s*(::|# )/m)
    for (const line of text.split('\n').filter((each) => each.startsWith('| `'))) {
      expect(line.match(/(?<!\\)\|/g)).toHaveLength(5)
    }
  })
})

describe('a checkout without a build', () => {
  /** The action as it is checked out, with an `npm` that installs what is here already. */
  function checkout(): { readonly action: string; readonly bin: string } {
    const action = join(scratch(), 'an action')
    mkdirSync(action)
    for (const name of [
      'action.yml',
      'bin',
      'ci',
      'src',
      'backends',
      'test/conformance',
      'test/conformance',
      'build.ts',
      'eager.ts',
      'package.json',
      'package-lock.json',
      'tsconfig.json',
      'tsconfig.build.json',
    ])
      cpSync(join(ROOT, name), join(action, name), { recursive: true })
    const bin = scratch()
    writeFileSync(
      join(bin, 'npm'),
      `#!/bin/sh\necho "npm $*" >> ${bin}/called\nln -s "${join(ROOT, 'node_modules')}" node_modules\n`,
    )
    chmodSync(join(bin, 'npm'), 0o755)
    return { action, bin }
  }

  test('is refused by name: nothing is built or installed in the job of a user', async () => {
    const { action, bin } = checkout()
    const { inputs, cwd } = workspace()
    const path = `${bin}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`
    const ran = await useAction({ ...inputs, command: 'verify', key: PUBLIC_KEY }, { cwd, action, env: { PATH: path } })
    expect(ran).toMatchObject({
      code: 2,
      log: '::error title=prov::this commit is not a release and has no bundle: name the commit of a release after the @\n',
    })
    expect(existsSync(join(bin, 'called'))).toBe(false)
    expect(existsSync(join(action, 'dist'))).toBe(false)
  })

  test('with the bundle of a release it runs from its own tree alone', async () => {
    const { action, bin } = checkout()
    cpSync(join(ROOT, 'dist'), join(action, 'dist'), { recursive: true })
    const { inputs, cwd } = workspace()
    const path = `${bin}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`
    const ran = await useAction({ ...inputs, command: 'verify', key: PUBLIC_KEY }, { cwd, action, env: { PATH: path } })
    expect(ran, ran.log).toMatchObject({ code: 5, outputs: { exit: '5', verdict: 'missing' } })
    expect(existsSync(join(bin, 'called'))).toBe(false)
  })

  test('on an old Node.js, or without any: one clear line, and nothing is installed', async () => {
    const { action, bin } = checkout()
    cpSync(join(ROOT, 'dist'), join(action, 'dist'), { recursive: true })
    const { inputs, cwd } = workspace()
    const old = scratch()
    writeFileSync(
      join(old, 'pretend.cjs'),
      `Object.defineProperty(process, 'versions', { value: Object.assign({}, process.versions, { node: '20.19.0' }) })\n`,
    )
    writeFileSync(
      join(old, 'node'),
      `#!/bin/sh\nexec "${process.execPath}" --require ${join(old, 'pretend.cjs')} "$@"\n`,
    )
    chmodSync(join(old, 'node'), 0o755)
    const use = (path: string): Promise<Ran> =>
      useAction({ ...inputs, command: 'verify', key: PUBLIC_KEY }, { cwd, action, env: { PATH: path } })
    const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } }
    const aged = await use(`${old}:${bin}:/usr/bin:/bin`)
    expect(aged).toMatchObject({
      code: 2,
      log: `::error title=prov::prov needs Node.js ${engines.node}, this is 20.19.0: put a step with setup-node before it\n`,
    })
    const tools = scratch()
    for (const name of ['bash', 'mktemp']) symlinkSync(`/bin/${name}`, join(tools, name))
    expect(await use(`${tools}:${bin}`)).toMatchObject({
      code: 2,
      log: '::error title=prov::prov needs Node.js: put a step with setup-node before it\n',
    })
    expect(existsSync(join(bin, 'called'))).toBe(false)
  })
})
