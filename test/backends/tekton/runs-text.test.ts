import { readdirSync, readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments, stringify } from 'yaml'
import {
  annotationsAt,
  appendRuns,
  type Changes,
  createRuns,
  editRun,
  findSpot,
  splitRuns,
} from '../../../backends/tekton/file/runs-text.ts'

const C = 'chains.tekton.dev/'

/** The text after changing the annotations of one run. */
function edited(text: string, changes: Changes, uid = 'u-1'): string {
  const cut = splitRuns(text)
  expect(cut.parts.join('')).toBe(text)
  const spot = findSpot(cut, { uid })
  if (spot === undefined) throw new Error('no such run')
  return editRun(cut, spot, changes).parts.join('')
}

function annotationsIn(text: string, uid = 'u-1'): Readonly<Record<string, string>> {
  const cut = splitRuns(text)
  const spot = findSpot(cut, { uid })
  if (spot === undefined) throw new Error('no such run')
  return annotationsAt(cut, spot)
}

const FOUR: Changes = {
  [`${C}payload-k`]: 'cGF5bG9hZHBheWxvYWQ=',
  [`${C}signature-k`]: 'MEUCIQDsignature+/==',
  [`${C}cert-k`]: '',
  [`${C}chain-k`]: '',
}

describe('fixtures', () => {
  const folders = ['fixtures/runs', 'fixtures/runs/agent-release-pipelinerun']
  const files = folders.flatMap((f) => readdirSync(f).flatMap((n) => (/\.(ya?ml|json)$/.test(n) ? [`${f}/${n}`] : [])))

  test.each(files)('%s: one insertion, and every other byte as it was', (file) => {
    const text = readFileSync(file, 'utf8')
    const { spots, parts } = splitRuns(text)
    expect(spots.length).toBeGreaterThan(0)
    if (file.endsWith('.yaml')) for (const spot of spots) expect(parts[spot.part]).toMatch(/^metadata:/)
    for (const { uid } of spots) {
      const after = edited(text, FOUR, uid)
      expect(annotationsIn(after, uid)).toEqual({ ...annotationsIn(text, uid), ...FOUR })
      let same = 0
      while (text[same] === after[same]) same++
      expect(after.endsWith(text.slice(same))).toBe(true)
      expect(edited(after, { [`${C}signed`]: 'true' }, uid).split('\n').length).toBe(after.split('\n').length + 1)
    }
  })

  test('found by uid in a List and in a stream, and the hint decides between two with one uid', () => {
    const list = readFileSync('fixtures/runs/storefront-pipelinerun.yaml', 'utf8')
    expect(splitRuns(list).spots.map((s) => [s.document, s.item])).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
    ])
    const one = 'kind: TaskRun\nmetadata:\n  uid: u-1\n'
    const stream = splitRuns(`# nothing\n---\n${one}---\n# empty\n---\n${one}...\n---\n${one}`)
    expect(stream.spots.map((s) => s.document)).toEqual([0, 2, 3])
    expect(findSpot(stream, { uid: 'u-1', document: 2 })?.document).toBe(2)
    expect(findSpot(stream, { uid: 'u-1', document: 7 })?.document).toBe(0)
    expect(findSpot(stream, { uid: 'u-2' })).toBeUndefined()
  })
})

const SET = { [`${C}signed`]: 'true' }

describe('YAML as people write it', () => {
  test.each([
    [
      'no annotations',
      'metadata:\n  name: x\n  uid: u-1\n',
      `metadata:\n  annotations:\n    ${C}signed: "true"\n  name: x\n  uid: u-1\n`,
    ],
    [
      'no line end at the end',
      'metadata:\n  uid: u-1',
      `metadata:\n  annotations:\n    ${C}signed: "true"\n  uid: u-1`,
    ],
    [
      'annotations last, no line end',
      'metadata:\n  uid: u-1\n  annotations:\n    a: b',
      `metadata:\n  uid: u-1\n  annotations:\n    a: b\n    ${C}signed: "true"\n`,
    ],
    [
      'indented by four',
      'metadata:\n    labels:\n        a: b\n    uid: u-1\n',
      `metadata:\n    annotations:\n        ${C}signed: "true"\n    labels:\n        a: b\n    uid: u-1\n`,
    ],
    ['CRLF', 'metadata:\r\n  uid: u-1\r\n', `metadata:\r\n  annotations:\r\n    ${C}signed: "true"\r\n  uid: u-1\r\n`],
    [
      'CRLF, with annotations',
      'metadata:\r\n  annotations:\r\n    z: 1\r\n  uid: u-1\r\n',
      `metadata:\r\n  annotations:\r\n    ${C}signed: "true"\r\n    z: 1\r\n  uid: u-1\r\n`,
    ],
    [
      'comments',
      '# a\nmetadata: # b\n  # c\n  annotations: # d\n    # e\n    a: b # f\n    # g\n  uid: u-1 # h\n# i\n',
      `# a\nmetadata: # b\n  # c\n  annotations: # d\n    # e\n    a: b # f\n    ${C}signed: "true"\n    # g\n  uid: u-1 # h\n# i\n`,
    ],
    [
      'sorted in',
      `metadata:\n  annotations:\n    a: b\n    ${C}payload-k: eA==\n    tekton.dev/x: y\n  uid: u-1\n`,
      `metadata:\n  annotations:\n    a: b\n    ${C}payload-k: eA==\n    ${C}signed: "true"\n    tekton.dev/x: y\n  uid: u-1\n`,
    ],
    [
      'empty flow map',
      'metadata:\n  annotations: {} # none\n  uid: u-1\n',
      `metadata:\n  annotations: {"${C}signed": "true"} # none\n  uid: u-1\n`,
    ],
    [
      'flow map',
      'metadata:\n  annotations: {a: b,}\n  uid: u-1\n',
      `metadata:\n  annotations: {"${C}signed": "true", a: b,}\n  uid: u-1\n`,
    ],
    [
      'all flow',
      '{kind: TaskRun, metadata: {uid: u-1}}\n',
      `{kind: TaskRun, metadata: {"annotations": {"${C}signed": "true"}, uid: u-1}}\n`,
    ],
    [
      'flow metadata',
      'metadata: { uid: u-1, annotations: { a: b } }\n',
      `metadata: { uid: u-1, annotations: {"${C}signed": "true",  a: b } }\n`,
    ],
    [
      'null annotations',
      'metadata:\n  annotations:\n  uid: u-1\n',
      `metadata:\n  annotations:\n    ${C}signed: "true"\n  uid: u-1\n`,
    ],
    [
      'null, said',
      'metadata:\n  annotations: null # x\n  uid: u-1\n',
      `metadata:\n  annotations:  # x\n    ${C}signed: "true"\n  uid: u-1\n`,
    ],
    [
      'quoted keys',
      '"metadata":\n  "uid": "u-1"\n',
      `"metadata":\n  annotations:\n    ${C}signed: "true"\n  "uid": "u-1"\n`,
    ],
    [
      'a byte order mark',
      '\uFEFFmetadata:\n  uid: u-1\n',
      `\uFEFFmetadata:\n  annotations:\n    ${C}signed: "true"\n  uid: u-1\n`,
    ],
    [
      'a document marker with a comment',
      '--- # one\nmetadata:\n  uid: u-1\n',
      `--- # one\nmetadata:\n  annotations:\n    ${C}signed: "true"\n  uid: u-1\n`,
    ],
    [
      'metadata behind the dash',
      'items:\n  - metadata:\n      uid: u-1\n    kind: TaskRun\n',
      `items:\n  - metadata:\n      annotations:\n        ${C}signed: "true"\n      uid: u-1\n    kind: TaskRun\n`,
    ],
    [
      'a block scalar among the annotations',
      'metadata:\n  annotations:\n    last: |\n      {"a":\n\n      1}\n\n  uid: u-1\n',
      `metadata:\n  annotations:\n    ${C}signed: "true"\n    last: |\n      {"a":\n\n      1}\n\n  uid: u-1\n`,
    ],
    [
      'a block scalar at the end',
      'metadata:\n  uid: u-1\n  annotations:\n    a: |+\n      x\n\n\n',
      `metadata:\n  uid: u-1\n  annotations:\n    a: |+\n      x\n    ${C}signed: "true"\n\n\n`,
    ],
    [
      'an alias elsewhere',
      'metadata:\n  uid: u-1\nspec: {a: &x 1, b: *x}\n',
      `metadata:\n  annotations:\n    ${C}signed: "true"\n  uid: u-1\nspec: {a: &x 1, b: *x}\n`,
    ],
  ])('%s', (_, before, after) => {
    expect(edited(before, SET)).toBe(after)
    expect(annotationsIn(after)).toMatchObject(SET)
  })

  test.each([
    ['annotations that are an alias', 'spec: {a: &x {k: v}}\nmetadata:\n  uid: u-1\n  annotations: *x\n', { k: 'v' }],
    [
      'annotations that are aliased elsewhere',
      '# note\nmetadata:\n  uid: u-1\n  annotations: &x\n    k: v\nspec:\n  a: *x\n',
      { k: 'v' },
    ],
    ['a whole item that is aliased', 'items:\n- &r\n  metadata:\n    uid: u-0\n- metadata:\n    uid: u-1\n- *r\n', {}],
    ['a merge key', 'base: &b\n  annotations: {k: v}\n  uid: u-1\nmetadata:\n  <<: *b\n  name: x\n', { k: 'v' }],
    ['a tag', 'metadata: !!map\n  uid: u-1\n  annotations: !!map {k: !!str v}\n', { k: 'v' }],
    ['a tab', 'metadata:\n  uid: u-1\n  annotations: {k:\tv}\n', { k: 'v' }],
  ])('%s: only the annotations of that run mean something else', (_, before, kept) => {
    const after = edited(before, SET)
    expect(annotationsIn(after)).toEqual({ ...kept, ...SET })
    const strip = (text: string) => {
      const value = parse(text, { merge: true })
      const run = value.items?.[1] ?? value
      delete run.metadata.annotations
      return value
    }
    expect(strip(after)).toEqual(strip(before))
    expect(annotationsIn(edited(after, { [`${C}signed`]: undefined }))).toEqual(kept)
  })

  test('what cannot be read is said to be neither JSON nor YAML', () => {
    for (const text of ['metadata: [', '{"a": ', `${'['.repeat(20_000)}`, 'metadata: *nowhere\n']) {
      expect(() => splitRuns(text), text.slice(0, 20)).toThrow(expect.objectContaining({ code: 'response_invalid' }))
    }
    expect(splitRuns('metadata: &x {uid: *x}\n').spots).toEqual([])
  })

  test('an alias bomb is refused', () => {
    const bomb = Array.from(
      { length: 12 },
      (_, i) => `a${i}: &a${i} [${i === 0 ? 'x' : `*a${i - 1}, *a${i - 1}, *a${i - 1}, *a${i - 1}`}]`,
    )
    const text = `${bomb.join('\n')}\nmetadata: {uid: u-1, annotations: *a11}\n`
    expect(() => splitRuns(text)).toThrow(expect.objectContaining({ code: 'response_invalid' }))
  })
})

describe('JSON as programs write it', () => {
  const set = { [`${C}signed`]: 'true' }
  test.each([
    [
      'compact',
      '{"metadata":{"name":"x","uid":"u-1"}}',
      `{"metadata":{"annotations":{"${C}signed":"true"},"name":"x","uid":"u-1"}}`,
    ],
    [
      'one line',
      '{"metadata": {"name": "x", "uid": "u-1"}}\n',
      `{"metadata": {"annotations": {"${C}signed": "true"}, "name": "x", "uid": "u-1"}}\n`,
    ],
    [
      'tabs',
      '{\n\t"metadata": {\n\t\t"uid": "u-1"\n\t}\n}',
      `{\n\t"metadata": {\n\t\t"annotations": {\n\t\t\t"${C}signed": "true"\n\t\t},\n\t\t"uid": "u-1"\n\t}\n}`,
    ],
    [
      'CRLF',
      '{\r\n  "metadata": {\r\n    "uid": "u-1"\r\n  }\r\n}\r\n',
      `{\r\n  "metadata": {\r\n    "annotations": {\r\n      "${C}signed": "true"\r\n    },\r\n    "uid": "u-1"\r\n  }\r\n}\r\n`,
    ],
    [
      'annotations at the end',
      '{\n "metadata": {\n  "uid": "u-1",\n  "annotations": {\n   "a": "b"\n  }\n }\n}',
      `{\n "metadata": {\n  "uid": "u-1",\n  "annotations": {\n   "a": "b",\n   "${C}signed": "true"\n  }\n }\n}`,
    ],
    [
      'null',
      '{"metadata":{"uid":"u-1","annotations":null}}',
      `{"metadata":{"uid":"u-1","annotations":{"${C}signed":"true"}}}`,
    ],
    [
      'numbers that no double holds',
      '{"n":1.10,"m":12345678901234567890,"metadata":{"uid":"u-1"},"e":1e2}',
      `{"n":1.10,"m":12345678901234567890,"metadata":{"annotations":{"${C}signed":"true"},"uid":"u-1"},"e":1e2}`,
    ],
    [
      'escapes',
      '{"a\\"\\u007b":"}{\\\\","metadata":{"labels":{"x":"\\"]"},"uid":"u-1"}}',
      `{"a\\"\\u007b":"}{\\\\","metadata":{"annotations":{"${C}signed":"true"},"labels":{"x":"\\"]"},"uid":"u-1"}}`,
    ],
    [
      'a List',
      '{"items":[{"kind":"Pod"},{"metadata":{"uid":"u-1"}}, 3]}',
      `{"items":[{"kind":"Pod"},{"metadata":{"annotations":{"${C}signed":"true"},"uid":"u-1"}}, 3]}`,
    ],
  ])('%s', (_, before, after) => {
    expect(edited(before, set)).toBe(after)
    const removed = edited(after, { [`${C}signed`]: undefined })
    expect(annotationsIn(removed)).toEqual(annotationsIn(before))
  })

  test('values are replaced and removed in place', () => {
    const text = JSON.stringify({ metadata: { annotations: { a: '1', b: '2', c: '3' }, uid: 'u-1' } }, null, 2)
    expect(annotationsIn(edited(text, { a: undefined, b: 'x"y', d: '4' }))).toEqual({ b: 'x"y', c: '3', d: '4' })
    expect(JSON.parse(edited(text, { c: undefined }))).toEqual({
      metadata: { annotations: { a: '1', b: '2' }, uid: 'u-1' },
    })
  })
})

test('values in YAML are replaced and removed in place', () => {
  const text = 'metadata:\n  annotations:\n    a: |\n      1\n    b: "2" # two\n    c: 3\n    d:\n  uid: u-1\n'
  expect(edited(text, { a: 'x', b: 'abcdefghijkl', d: '' })).toBe(
    'metadata:\n  annotations:\n    a: "x"\n    b: abcdefghijkl # two\n    c: 3\n    d: ""\n  uid: u-1\n',
  )
  expect(edited(text, { a: undefined, c: undefined })).toBe(
    'metadata:\n  annotations:\n    b: "2" # two\n    d:\n  uid: u-1\n',
  )
  const all = { a: undefined, b: undefined, c: undefined, d: undefined }
  expect(edited(text, all)).toBe('metadata:\n  uid: u-1\n')
  expect(edited(text, { ...all, e: 'f' })).toBe('metadata:\n  annotations:\n    e: "f"\n  uid: u-1\n')
})

test('new files, and runs added to one that is there', () => {
  const run = (uid: string) => ({ kind: 'TaskRun', metadata: { annotations: { a: 'yes', b: '1e3', c: '0o7' }, uid } })
  for (const format of ['yaml', 'json'] as const) {
    const made = createRuns(format, [run('u-1'), run('u-2')])
    const more = appendRuns(splitRuns(made), [run('u-3')])
    expect(splitRuns(more).spots.map((s) => s.uid)).toEqual(['u-1', 'u-2', 'u-3'])
    expect(annotationsIn(more, 'u-3')).toEqual({ a: 'yes', b: '1e3', c: '0o7' })
    if (format === 'yaml') expect(more.startsWith(made)).toBe(true)
    else expect(JSON.parse(more).items.slice(0, 2)).toEqual(JSON.parse(made).items)
  }
  expect(createRuns('yaml', [run('u-1')])).toContain('a: "yes"')
  expect(appendRuns(splitRuns('{"items": []}'), [run('u-1')])).toContain('"uid": "u-1"')
  expect(() => appendRuns(splitRuns('{"kind":"TaskRun"}'), [run('u-1')])).toThrow(
    expect.objectContaining({ code: 'target_unwritable' }),
  )
})

describe('whatever the run holds', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 30 }),
    fc.constantFrom(
      '- x',
      '# y',
      'metadata:\n  uid: u-9',
      '---',
      'a: b',
      '&a *b',
      '',
      ' ',
      '\n',
      "'",
      '"',
      '|',
      'null',
      'items:',
      '\t',
      '{}',
      'x #',
      '...',
    ),
  )
  const key = fc.oneof(fc.constantFrom('metadata', 'uid', 'items', 'a.b/c', 'annotations'), text)
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      text,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(key, tie('any'), { maxKeys: 3, noNullPrototype: true }),
    ),
  })).any
  const runOf = (uid: string) =>
    fc.record({
      kind: fc.constant('TaskRun'),
      metadata: fc.record(
        {
          annotations: fc.dictionary(key, text, { maxKeys: 3, noNullPrototype: true }),
          labels: fc.dictionary(key, text, { maxKeys: 2, noNullPrototype: true }),
          name: text,
          owners: fc.array(fc.record({ uid: text })),
          uid: fc.constant(uid),
        },
        { requiredKeys: ['uid'], noNullPrototype: true },
      ),
      spec: value,
      status: value,
    })
  const style = fc.record({
    indent: fc.integer({ min: 1, max: 6 }),
    indentSeq: fc.boolean(),
    lineWidth: fc.constantFrom(0, 20, 80),
    defaultStringType: fc.constantFrom('PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED'),
    collectionStyle: fc.constantFrom('any', 'block', 'flow'),
    aliasDuplicateObjects: fc.boolean(),
    crlf: fc.boolean(),
    shape: fc.constantFrom('one', 'list', 'stream'),
    json: fc.constantFrom(undefined, 0, 1, 4),
  })
  const changes = fc.dictionary(
    fc.constantFrom(`${C}a`, `${C}b`, 'zz', 'annotations', 'uid'),
    fc.option(fc.base64String({ maxLength: 40 }), { nil: undefined }),
    { maxKeys: 4, noNullPrototype: true },
  )

  test('the other runs, and all but the annotations of this one, stay as they are', () => {
    fc.assert(
      fc.property(runOf('u-1'), runOf('u-2'), style, changes, (run, other, look, wish) => {
        const { shape, json, crlf, ...options } = look
        const objects =
          shape === 'list' ? [{ kind: 'List', items: [other, run, other] }] : shape === 'stream' ? [other, run] : [run]
        const write = (o: unknown) =>
          json === undefined ? stringify(o, options as never) : JSON.stringify(o, null, json)
        if (json !== undefined && shape === 'stream') return
        const plain = objects.map(write).join('---\n')
        const source = crlf && json === undefined && !plain.includes('\r') ? plain.replaceAll('\n', '\r\n') : plain
        const read = (t: string) => (json === undefined ? parseAllDocuments(t).map((d) => d.toJS()) : [JSON.parse(t)])
        // The library writes some of these styles so that it cannot read them itself.
        if (json === undefined) fc.pre(parseAllDocuments(source).every((d) => d.errors.length === 0))
        const before = read(source)
        fc.pre(isDeepStrictEqual(before, objects))
        if (splitRuns(source).spots.every((s) => s.uid !== 'u-1')) throw new Error('the run is not found')
        const after = read(edited(source, wish))
        const pick = (all: typeof before) => (shape === 'list' ? all[0].items[1] : all.at(-1))
        const wanted = Object.entries({ ...pick(before).metadata.annotations, ...wish }).filter(
          ([, v]) => v !== undefined,
        )
        expect(pick(after).metadata.annotations ?? {}).toEqual(Object.fromEntries(wanted))
        for (const all of [before, after]) delete pick(all).metadata.annotations
        expect(after).toEqual(before)
      }),
      { numRuns: 400 },
    )
  })
})
