/** `prov explain`, `prov --version` and the manual page. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { program } from '../../src/cli/program.ts'
import { ERRORS } from '../../src/errors.ts'
import type { Io } from '../../src/platform/io.ts'
import { MARKS } from '../../src/report/text/verify-text.ts'
import { prov, ROOT } from '../support/cli.ts'
import { provHere } from '../support/in-process.ts'

const NAMES = [...Object.keys(MARKS), ...Object.keys(ERRORS)]

describe('explain', () => {
  test.each(NAMES)('%s: meaning, exit, cause, action', async (name) => {
    const { code, stdout } = await provHere(['explain', name])
    expect(code).toBe(0)
    const [head = '', exit = '', cause = '', action = ''] = stdout.trimEnd().split('\n')
    expect(head.startsWith(`${name}: `)).toBe(true)
    expect(exit).toMatch(/^ {2}exit: {3}[0-7]/)
    for (const line of [cause, action]) expect(line).toMatch(/^ {2}(cause|action): +[A-Z].{6,}\.$/)
  })

  test('without a name it lists them all, and as JSON', async () => {
    const { stdout } = await provHere(['explain'])
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual(NAMES)
    const { explained } = JSON.parse((await provHere(['explain', '--json'])).stdout)
    expect(explained.map(({ name }: { name: string }) => name)).toEqual(NAMES)
  })

  test('an unknown name ends with 2 and the nearest one', async () => {
    const { code, stderr } = await provHere(['explain', 'unreachble'])
    expect(code).toBe(2)
    expect(stderr).toContain('did you mean unreachable?')
  })
})

test('--version --json names version, commit, Node and platform', async () => {
  const { code, stdout } = await prov(['--version', '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual({
    version: JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version,
    commit: expect.stringMatching(/^([0-9a-f]{12}|unknown)$/),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
  })
})

test('the flags of verify stand in groups, those that are required first', async () => {
  const { stdout } = await provHere(['verify', '--help'])
  const groups = stdout.split('\n').filter((line) => /^[A-Z][\w -]*:$/.test(line))
  expect(groups.slice(0, 3)).toEqual(['Arguments:', 'Required:', 'Who may have signed it:'])
  const required = stdout.slice(stdout.indexOf('Required:'), stdout.indexOf('Who may have signed it:'))
  expect(required.match(/--[a-z-]+(?= <)/g)).toEqual(['--storage', '--key'])
})

test('the manual page has every command and flag, and nothing that roff would read in another way', () => {
  const page = readFileSync(join(ROOT, 'dist/prov.1'), 'utf8')
  const root = program({ stdout: { columns: 80 }, env: {} } as unknown as Io, () => undefined)
  const text = page.replaceAll('\\-', '-')
  const leaves = (command: Command): readonly Command[] =>
    command.commands.length === 0 ? [command] : command.commands.flatMap(leaves)
  for (const command of leaves(root)) {
    expect(text).toMatch(new RegExp(`^\\.SS "prov ([a-z]+ )?${command.name()}[ "]`, 'm'))
    for (const { flags } of command.options) expect(text).toContain(`.B ${flags}`)
  }
  expect(page.split('\n')[0]).toMatch(/^\.TH PROV 1 /)
  const odd = page.split('\n').filter((line) => /^[.']/.test(line) && !/^\.(TH|SH|SS|TP|B|I)\b/.test(line))
  expect(odd).toEqual([])
  expect(page.match(/\\(?![-e&]|\(dq|f[BIR])/g)).toBe(null)
})
