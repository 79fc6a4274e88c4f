import { describe, expect, test } from 'vitest'
import { parseSubject, predicateStatement } from '../../src/formats/predicate-statement.ts'
import { hex } from '../support/makers.ts'

const subject = { name: 'registry.example/app', digest: { sha256: hex('app') } }
const type = 'https://openvex.dev/ns/v0.2.0'

describe('a predicate becomes a Statement', () => {
  test('about the subjects given, compact, with sorted keys', () => {
    const made = predicateStatement({
      name: 'vex.json',
      bytes: Buffer.from('{"b": 1, "a": [true]}'),
      type,
      subjects: [subject],
    })
    expect(Buffer.from(made.payload).toString()).toBe(
      `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"registry.example/app","digest":{"sha256":"${hex('app')}"}}],"predicateType":"${type}","predicate":{"a":[true],"b":1}}`,
    )
    expect(made).toMatchObject({ predicateType: type, subjects: [subject] })
  })

  test.each([
    ['no subject', '{}', type, [], 'usage'],
    ['no URI', '{}', 'openvex', [subject], 'usage'],
    ['no object', '[]', type, [subject], 'input_invalid'],
    ['no JSON', '{', type, [subject], 'input_invalid'],
    ['a key twice', '{"a":1,"a":2}', type, [subject], 'input_invalid'],
  ])('%s is refused', (_name, text, of, subjects, code) => {
    expect(() => predicateStatement({ name: 'x', bytes: Buffer.from(text), type: of, subjects })).toThrow(
      expect.objectContaining({ code }),
    )
  })

  test('subjects in the spelling of the command line', () => {
    expect(parseSubject(`a=b.jar=sha256:${hex('x')}`)).toEqual({ name: 'a=b.jar', digest: { sha256: hex('x') } })
    for (const odd of ['a', 'a=sha256', 'a=sha256:xyz', `a=sha256:${hex('x')}0`]) {
      expect(() => parseSubject(odd)).toThrow(expect.objectContaining({ code: 'usage' }))
    }
  })
})
