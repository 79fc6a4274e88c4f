/** Every JSON output is what its published schema says, and every command that prints JSON has one. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { program } from '../../../src/cli/program.ts'
import { ERRORS } from '../../../src/errors.ts'
import type { Io } from '../../../src/platform/io.ts'
import { SCHEMAS, type SchemaName, type SchemaRow } from '../../../src/report/schemas/index.ts'
import { MARKS } from '../../../src/report/text/verify-text.ts'
import { ROOT } from '../../support/cli.ts'
import { provHere } from '../../support/in-process.ts'
import { damage, OUTPUTS, type Output, place } from '../../support/outputs.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY } from '../../support/runs.ts'

const ROWS = Object.entries(SCHEMAS) as readonly [SchemaName, SchemaRow][]
const NAMES = ROWS.map(([name]) => name)

const printed = new Map<SchemaName, Promise<readonly unknown[]>>()

/** Every value that the command printed, run once for all tests. */
function valuesOf(name: SchemaName): Promise<readonly unknown[]> {
  const made = printed.get(name) ?? OUTPUTS[name]().then((said) => said.flatMap((one) => values(name, one)))
  printed.set(name, made)
  return made
}

/** What prints JSON lines. */
const LINES: readonly SchemaName[] = [
  'list',
  'migrate',
  'repair',
  'worker',
  'search',
  'reconcile',
  'outbox-ls',
  'outbox-prune',
]

/** What people or Gatekeeper write, and what Gatekeeper is answered: no command prints it, and no failure is among it. */
const FILES: readonly SchemaName[] = ['serve-request', 'serve-response', 'keyring', 'regions']

/** What the service answers over HTTP. */
const ANSWERS: readonly SchemaName[] = ['serve-verify', 'serve-search', 'serve-artifact', 'serve-outbox']

async function validator(name: SchemaName): Promise<ValidateFunction> {
  const ajv = new Ajv2020({ strict: true, strictRequired: true, allErrors: true, allowUnionTypes: false })
  return ajv.compile((await SCHEMAS[name].load()).schema)
}

/** Every value that was printed: lines for what streams, else the one document. */
function values(name: SchemaName, { stdout, args }: Output): readonly unknown[] {
  const streams =
    (LINES.includes(name) && !args.some((arg) => arg === '--count' || arg === '--impact')) ||
    (name === 'verify' && args.includes('--all'))
  if (!streams) return [JSON.parse(stdout)]
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as unknown]))
}

function isFailure(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'error' in value
}

function commandsWithJson(command: Command, path = ''): readonly string[] {
  const own = command.options.some((option) => option.long === '--json') ? [path] : []
  return [...own, ...command.commands.flatMap((child) => commandsWithJson(child, `${path} ${child.name()}`.trim()))]
}

describe.each(NAMES)('%s', (name) => {
  test('every output validates, results and failures', async () => {
    const validate = await validator(name)
    const all = await valuesOf(name)
    for (const value of all) {
      const valid = validate(value)
      expect(valid ? [] : { errors: validate.errors, value }).toEqual([])
    }
    expect(all.some(isFailure)).toBe(!FILES.includes(name))
    expect(all.every(isFailure)).toBe(name === 'failure')
  })

  test('a member more, a member less and another type are all refused', async () => {
    const validate = await validator(name)
    const objects = (await valuesOf(name)).filter((value) => typeof value === 'object' && value !== null)
    expect(objects.length).toBeGreaterThan(0)
    for (const value of objects) {
      expect(validate({ ...value, more: 1 })).toBe(false)
      for (const key of Object.keys(value)) {
        expect(validate({ ...value, [key]: { odd: true } }), `${key} of another type`).toBe(false)
      }
      expect(validate({})).toBe(false)
    }
  })

  test('every object in the schema is closed', async () => {
    const open: string[] = []
    const visit = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return
      if ('type' in node && node.type === 'object' && !('additionalProperties' in node)) open.push(path)
      for (const [key, value] of Object.entries(node)) visit(value, `${path}/${key}`)
    }
    visit((await SCHEMAS[name].load()).schema, '')
    expect(open).toEqual([])
  })

  test('prov schema prints it, and the package holds the same', async () => {
    const { schema } = await SCHEMAS[name].load()
    const { stdout, code } = await provHere(['schema', name])
    expect({ code, schema: JSON.parse(stdout) }).toEqual({ code: 0, schema })
    expect(readFileSync(join(ROOT, 'dist/schemas', `${name}.json`), 'utf8')).toBe(stdout)
  })
})

test('every command with --json has a schema, and every schema but those of a failure, a file and an answer a command', () => {
  const io = { stdout: { columns: 80 }, env: {} } as unknown as Io
  const described = ROWS.flatMap(([, { command }]) => command ?? [])
  expect([...described].sort()).toEqual([...commandsWithJson(program(io, () => undefined))].sort())
  const others = NAMES.filter((name) => (SCHEMAS[name] as SchemaRow).command === undefined)
  expect([...others].sort()).toEqual([...FILES, ...ANSWERS, 'failure'].sort())
})

test('prov schema lists them all', async () => {
  const { stdout, code } = await provHere(['schema'])
  expect(code).toBe(0)
  expect(stdout.split('\n').flatMap((line) => line.split(' ')[0] || [])).toEqual(NAMES)
})

test('codes and marks are those of the tables, and no other', async () => {
  const at = place()
  const env = { COSIGN_PASSWORD: PASSWORD }
  await provHere(['store', ...at.storage, '--key', PRIVATE_KEY, at.file], { env })
  damage(at)
  const { stdout } = await provHere(['verify', ...at.storage, '--key', PUBLIC_KEY, '--json', at.file])
  const validate = await validator('verify')
  const marked = (mark: string): boolean => validate(JSON.parse(stdout.replace('"mark": "="', `"mark": "${mark}"`)))
  expect(stdout).toContain('"mark": "="')
  expect(Object.keys(MARKS).map(marked)).toEqual(Object.keys(MARKS).map(() => true))
  expect(marked('?')).toBe(false)
  const coded = (code: string): boolean =>
    validate(JSON.parse(stdout.replace('"code": "signature_invalid"', `"code": "${code}"`)))
  expect(stdout).toContain('"code": "signature_invalid"')
  expect(Object.keys(ERRORS).map(coded)).toEqual(Object.keys(ERRORS).map(() => true))
  expect(coded('no_such_code')).toBe(false)
})
