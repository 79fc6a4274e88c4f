/** Every `prov …` of the documents and of the help texts is a command line that prov understands. Nothing is run. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, CommanderError } from 'commander'
import { describe, expect, test } from 'vitest'
import { pages } from '../readme/pages.ts'
import { commandLine } from '../readme/tables.ts'
import { ROOT } from '../support/cli.ts'
import { provCommands } from './shell.ts'

/** What commander says against it; nothing when it understands. */
async function against(args: readonly string[]): Promise<string> {
  const root = commandLine()
  const silence = (command: Command): void => {
    command.action(() => undefined).configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    for (const each of command.commands) silence(each)
  }
  for (const command of root.commands) silence(command)
  try {
    await root.parseAsync(args, { from: 'user' })
    return ''
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return ''
    return `prov ${args.join(' ')}: ${error instanceof Error ? error.message : String(error)}`
  }
}

const examples = pages().flatMap(({ name, text }) => {
  const shell = [...text.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)].flatMap(([, block = '']) => provCommands(block))
  const help = [...text.matchAll(/\nExamples:\n((?: {2}.*\n)+)/g)].flatMap(([, block = '']) =>
    provCommands(block.replaceAll(/^ {2}/gm, '')),
  )
  return [...shell, ...help].map((args) => ({ name, args }))
})

test('there are examples, in most pages', () => {
  expect(examples.length).toBeGreaterThan(60)
  expect(new Set(examples.map(({ name }) => name)).size).toBeGreaterThan(18)
})

test('every code block names its language, so that none with a command is passed over', () => {
  const nameless = pages().flatMap(({ name, text }) =>
    [...text.matchAll(/^ *```(.*)\n[\s\S]*?^ *```$/gm)]
      .filter(([, lang]) => lang === '')
      .map(([block]) => [name, block]),
  )
  expect(nameless).toEqual([])
})

test('every npm script that is named exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object }
  const named = pages().flatMap(({ text }) =>
    [...text.matchAll(/\bnpm run ([a-z:]+)/g)].map(([, script = '']) => script),
  )
  expect(named.length).toBeGreaterThan(4)
  expect(named.filter((script) => !(script in scripts))).toEqual([])
})

test('every example is understood', async () => {
  const said = await Promise.all(examples.map(async ({ name, args }) => [name, await against(args)] as const))
  expect(said.filter(([, message]) => message !== '')).toEqual([])
})

test('an example that is not understood is told', async () => {
  expect(await against(['verify', '--nonsense'])).toContain('unknown option')
  expect(await against(['repare'])).toContain('unknown command')
})

describe('commands in a shell example', () => {
  test.each([
    ['prov list # all', [['list']]],
    ["A=1 prov get payload --set 'a=b c' > x && prov list | head", [['get', 'payload', '--set', 'a=b c'], ['list']]],
    ['prov store \\\n  --key k run.yaml; echo "exit $?"', [['store', '--key', 'k', 'run.yaml']]],
    ["cat > x <<'END'\nprov nothing\nEND\nprov list", [['list']]],
    ['source <(prov completion bash)', [['completion', 'bash']]],
    ['echo prov list', []],
  ])('%j', (example, commands) => {
    expect(provCommands(example)).toEqual(commands)
  })
})
