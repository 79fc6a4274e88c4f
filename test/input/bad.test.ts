import { mkdtempSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ERRORS, type ErrorCode, ProvError } from '../../src/errors.ts'
import { loadInputs } from '../../src/input/index.ts'
import { parseStatement, readStatement } from '../../src/model/statement.ts'

const at = mkdtempSync(join(tmpdir(), 'prov-bad-'))
const write = (content: string | Uint8Array, name = 'bad.yaml'): string => {
  writeFileSync(join(at, name), content)
  return join(at, name)
}
async function failure(paths: readonly string[], options: Parameters<typeof loadInputs>[1] = {}): Promise<ProvError> {
  const error: unknown = await loadInputs(paths, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ProvError)) throw new Error(`not a ProvError: ${String(error)}`)
  return error
}

const head = 'apiVersion: tekton.dev/v1\nkind: TaskRun\n'
const meta = 'metadata: {name: a, namespace: b, uid: c}\n'
const json = (more: string): string =>
  `{"apiVersion":"tekton.dev/v1","kind":"TaskRun","metadata":{"name":"a","uid":"c"},${more}}`
const bomb = `x0: &x0 [a]\n${Array.from({ length: 12 }, (_, i) => `x${i + 1}: &x${i + 1} [${Array(10).fill(`*x${i}`).join()}]\n`).join('')}`

const cases: readonly (readonly [title: string, content: string | Uint8Array, code: ErrorCode, said: string])[] = [
  ['empty', '', 'input_empty', 'no TaskRun'],
  ['white space and comments', '\n# nothing\n---\n', 'input_empty', 'no TaskRun'],
  ['another kind', 'apiVersion: v1\nkind: Pod\n', 'input_empty', 'Pod'],
  ['an empty List', '{"kind":"List","apiVersion":"v1","items":[]}', 'input_empty', 'no TaskRun'],
  ['a null List', '{"kind":"List","apiVersion":"v1","items":null}', 'input_empty', 'no TaskRun'],
  ['prose', 'hello world', 'input_invalid', 'not a Kubernetes object'],
  ['a number', '42', 'input_invalid', 'not a Kubernetes object'],
  ['a list', '[1, 2]', 'input_invalid', 'not a Kubernetes object'],
  ['no kind', 'a: 1', 'input_invalid', 'apiVersion and kind'],
  ['another version', head.replace('v1', 'v1alpha1'), 'input_invalid', 'v1alpha1'],
  [
    'a List within a List',
    '{"kind":"List","apiVersion":"v1","items":[{"kind":"List","items":[]}]}',
    'input_invalid',
    'List within',
  ],
  ['items that are no list', '{"kind":"List","apiVersion":"v1","items":{}}', 'input_invalid', 'items'],
  ['items that are no objects', '{"kind":"List","apiVersion":"v1","items":[3]}', 'input_invalid', 'item 1'],
  ['truncated JSON', json('"spec":{"a"').slice(0, -2), 'input_invalid', 'not valid JSON'],
  ['truncated YAML', `${head}metadata: {name: a, uid: "b`, 'input_invalid', 'line'],
  ['an unclosed bracket', `${head}${meta}spec: {a: [}\n`, 'input_invalid', 'line 4'],
  ['tabs', `${head}${meta}spec:\n\ta: b\n`, 'input_invalid', 'line'],
  ['NUL', `${head}${meta}\0`, 'input_invalid', 'binary'],
  ['binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe]), 'input_invalid', 'UTF-8'],
  ['UTF-16', Buffer.from(`\ufeff${head}`, 'utf16le'), 'input_invalid', 'UTF-8'],
  ['invalid UTF-8', Buffer.concat([Buffer.from(head), Buffer.from([0xc3, 0x28])]), 'input_invalid', 'UTF-8'],
  ['a key twice in JSON', json('"spec":{"a":1,\n"a":2}'), 'input_invalid', 'line 2: the key "a" is given twice'],
  ['a key twice, spelled otherwise', json('"spec":{"a":1,"\\u0061":2}'), 'input_invalid', 'given twice'],
  [
    'a key twice in YAML',
    `${head}${meta}spec:\n  a: 1\n  a: 2\n`,
    'input_invalid',
    'line 6: the key "a" is given twice',
  ],
  ['a key twice in flow YAML', `${head}metadata: {name: a, uid: b, "name": c}\n`, 'input_invalid', 'line 3'],
  ['a complex key', `${head}? [a]\n: b\n`, 'input_invalid', 'key'],
  ['a null key', `${head}~: b\n`, 'input_invalid', 'null'],
  ['an unknown alias', `${head}${meta}spec: *nope\n`, 'input_invalid', '*nope'],
  ['an alias of itself', `${head}${meta}spec: &a [*a]\n`, 'input_invalid', '*a'],
  ['an unknown tag', `${head}${meta}spec: !include x\n`, 'input_invalid', '!include'],
  ['a binary tag', `${head}${meta}spec: !!binary aGk=\n`, 'input_invalid', '!!binary'],
  ['infinity', `${head}${meta}spec: .inf\n`, 'input_invalid', 'JSON cannot hold'],
  ['half a surrogate pair in JSON', json('"spec":{"a":"\\ud83d"}'), 'input_invalid', 'surrogate'],
  ['half a surrogate pair in YAML', `${head}${meta}spec: {a: "\\ud83d"}\n`, 'input_invalid', 'surrogate'],
  ['an alias bomb', head + meta + bomb, 'input_too_large', 'aliases'],
  ['deep JSON', json(`"spec":${'['.repeat(5000)}${']'.repeat(5000)}`), 'input_too_large', '200'],
  ['deep flow YAML', `${head}${meta}spec: ${'['.repeat(100_000)}`, 'input_too_large', '200'],
  ['deep sequences', `${head}${meta}spec:\n ${'- '.repeat(100_000)}`, 'input_too_large', '200'],
  [
    'deep indentation',
    head + meta + Array.from({ length: 400 }, (_, i) => `${' '.repeat(i)}a:\n`).join(''),
    'input_too_large',
    '200',
  ],
  ['no metadata', head, 'input_invalid', 'metadata'],
  ['metadata that is text', `${head}metadata: x\n`, 'input_invalid', 'metadata must be an object'],
  ['no uid', `${head}metadata: {name: a}\n`, 'input_invalid', 'metadata.uid is missing'],
  ['no name', `${head}metadata: {uid: a}\n`, 'input_invalid', 'metadata.name is missing'],
  ['a uid that is a number', `${head}metadata: {name: a, uid: 5}\n`, 'input_invalid', 'metadata.uid'],
  ['a uid with a path in it', `${head}metadata: {name: a, uid: ../x}\n`, 'input_invalid', 'metadata.uid'],
  ['a name with a line break', `${head}metadata: {name: "a\\nb", uid: x}\n`, 'input_invalid', 'metadata.name'],
  [
    'labels that are a list',
    `${head}metadata: {name: a, uid: b, labels: [x]}\n`,
    'input_invalid',
    'metadata.labels must be an object',
  ],
  [
    'a label that is a number',
    `${head}metadata: {name: a, uid: b, labels: {x: 5}}\n`,
    'input_invalid',
    'metadata.labels["x"] must be a string',
  ],
  [
    'results that are an object',
    `${head}${meta}status: {results: {}}\n`,
    'input_invalid',
    'status.results must be a list',
  ],
  [
    'a result that is text',
    `${head}${meta}status: {results: [x]}\n`,
    'input_invalid',
    'status.results[0] must be an object',
  ],
  [
    'a result with a number for a name',
    `${head}${meta}status: {results: [{name: 5}]}\n`,
    'input_invalid',
    'status.results[0].name',
  ],
  ['a time that is none', `${head}${meta}status: {startTime: yesterday}\n`, 'input_invalid', 'status.startTime'],
  ['a status that is text', `${head}${meta}status: done\n`, 'input_invalid', 'status must be an object'],
  [
    'steps of another shape',
    `${head}${meta}status: {steps: [{imageID: [x]}]}\n`,
    'input_invalid',
    'status.steps[0].imageID',
  ],
  [
    'a digest of numbers',
    `${head}${meta}status: {provenance: {refSource: {digest: {sha1: 5}}}}\n`,
    'input_invalid',
    'refSource.digest["sha1"]',
  ],
]

describe('bad input is one line with a code and a hint', () => {
  it.each(cases)('%s', async (_, content, code, said) => {
    const path = write(content)
    const started = performance.now()
    const error = await failure([path])
    expect(performance.now() - started).toBeLessThan(2000)
    expect({ code: error.code, message: error.message }).toEqual({ code, message: expect.stringContaining(said) })
    expect(error.message).toContain('bad.yaml')
    expect(error.message).not.toMatch(/[\n\r]|.{400}/)
    expect(error.hint).toBeTruthy()
    expect(ERRORS[error.code].exit).toBe(2)
  })

  it('50 MB fail before they are read', async () => {
    const path = write('', 'big.json')
    truncateSync(path, 50_000_000)
    const started = performance.now()
    expect((await failure([path])).code).toBe('input_too_large')
    expect(performance.now() - started).toBeLessThan(200)
  })

  it('50 MB of standard input stop at the limit', async () => {
    let sent = 0
    async function* endless(): AsyncIterable<Uint8Array> {
      for (; sent < 50; sent++) yield Buffer.alloc(1_000_000, 0x20)
    }
    const error = await failure(['-'], { stdin: endless(), maxBytes: 5_000_000 })
    expect([error.code, error.message]).toEqual(['input_too_large', expect.stringContaining('standard input')])
    expect(sent).toBeLessThan(8)
  })

  it('more YAML than the parser could take in time is refused, the same as JSON is not', async () => {
    const text = JSON.stringify({
      kind: 'List',
      apiVersion: 'v1',
      items: [JSON.parse(json('"spec":{}'))],
      pad: 'x'.repeat(9_000_000),
    })
    expect((await failure([write(`# yaml\n${text}`)])).code).toBe('input_too_large')
    expect((await loadInputs([write(text)])).runs).toHaveLength(1)
  })

  it('missing files, folders without runs, no input at all', async () => {
    expect((await failure([join(at, 'nowhere.yaml')])).code).toBe('input_unreadable')
    expect((await failure([join(write(''), 'x')])).code).toBe('input_unreadable')
    expect((await failure([mkdtempSync(join(at, 'empty-'))])).code).toBe('input_empty')
    expect((await failure([])).code).toBe('input_empty')
    expect((await failure(['-'])).code).toBe('usage')
    expect((await failure(['a\0b'])).code).toBe('input_unreadable')
  })

  it('a byte order mark, a __proto__ key and escaped control characters are no fault', async () => {
    const { runs } = await loadInputs([
      write(`\ufeff${json('"spec":{"__proto__":{"x":1},"a":"\\u0000\\ud83d\\ude00"}')}`),
    ])
    expect(Object.keys(runs[0]?.object['spec'] ?? {})).toEqual(['__proto__', 'a'])
    const yaml = await loadInputs([write(`\ufeff${head}${meta}spec: {__proto__: {x: 1}}\n`)])
    expect(Object.hasOwn(yaml.runs[0]?.object['spec'] ?? {}, '__proto__')).toBe(true)
    expect(({} as { x?: unknown }).x).toBeUndefined()
  })
})

describe('Statements', () => {
  const good = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'a', digest: { sha256: 'x' } }],
    predicateType: 'https://example.com/p',
    predicate: { n: 1 },
  }
  const bytes = (value: unknown): Uint8Array => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

  it('are kept byte for byte', () => {
    const text = bytes(`${JSON.stringify(good, null, 2)}\n`)
    const statement = parseStatement('s.json', text)
    expect(statement).toMatchObject({
      type: 'statement',
      name: 's.json',
      predicateType: good.predicateType,
      subjects: good.subject,
    })
    expect(statement.payload).toBe(text)
    expect(readStatement(text)).toEqual({
      type: good._type,
      predicateType: good.predicateType,
      subjects: good.subject,
      predicate: { n: 1 },
    })
  })

  it('of v0.1 and without names are Statements', () => {
    expect(parseStatement('s', bytes({ ...good, _type: 'https://in-toto.io/Statement/v0.1' })).subjects).toHaveLength(1)
    expect(readStatement(bytes({ ...good, subject: [{ digest: { a: 'b' } }, { name: 'n' }] }))?.subjects).toEqual([
      { name: '', digest: { a: 'b' } },
      { name: 'n', digest: {} },
    ])
  })

  it.each([
    ['not JSON', '{', 'not valid JSON'],
    ['not UTF-8', Buffer.from([0xff]), 'UTF-8'],
    ['a list', '[]', 'object'],
    ['an envelope', { payloadType: 'x', payload: 'e30=', signatures: [] }, '_type'],
    ['another type', { ...good, _type: 'https://in-toto.io/Statement/v2' }, '_type'],
    ['no predicate type', { ...good, predicateType: '' }, 'predicateType'],
    ['no subject', { ...good, subject: [] }, 'subject'],
    ['a subject that is text', { ...good, subject: ['x'] }, 'subject[0]'],
    ['a subject without digest', { ...good, subject: [{ name: 'a' }] }, 'subject[0]'],
    ['a digest that is a number', { ...good, subject: [{ name: 'a', digest: { sha256: 5 } }] }, 'subject[0].digest'],
    ['a key twice', JSON.stringify(good).replace('{', '{"predicateType":"x",'), 'given twice'],
  ])('refuse %s', (_, value, said) => {
    const content = value instanceof Uint8Array ? value : bytes(value)
    expect(() => parseStatement('s.json', content)).toThrow(
      expect.objectContaining({ code: 'input_invalid', location: 's.json', message: expect.stringContaining(said) }),
    )
  })

  it('that are none read as undefined', () => {
    for (const text of ['', 'null', '[]', '{}', '{"_type":5}']) expect(readStatement(bytes(text))).toBeUndefined()
  })
})
