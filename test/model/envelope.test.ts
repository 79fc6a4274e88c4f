import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProvError } from '../../src/errors.ts'
import { type Entry, STATEMENT_TYPE } from '../../src/model/entry.ts'
import { decodeEnvelope, encodeEnvelope, pae, signedBytes } from '../../src/model/envelope.ts'

const entry: Entry = {
  kind: 'dsse',
  payloadType: STATEMENT_TYPE,
  payload: Buffer.from('{"a":1}'),
  signatures: [{ sig: Buffer.from([0xfb, 0xff, 1]), keyid: 'SHA256:x' }, { sig: Buffer.of(2) }],
}
const TEXT =
  '{"payloadType":"application/vnd.in-toto+json","payload":"eyJhIjoxfQ==",' +
  '"signatures":[{"keyid":"SHA256:x","sig":"+/8B"},{"keyid":"","sig":"Ag=="}]}'

function code(text: string | Uint8Array): string | undefined {
  try {
    decodeEnvelope(Buffer.from(text))
    return undefined
  } catch (error) {
    return error instanceof ProvError ? error.code : String(error)
  }
}

it('writes the PAE of the DSSE specification, lengths in bytes', () => {
  expect(Buffer.from(pae('http://example.com/HelloWorld', Buffer.from('hello world'))).toString()).toBe(
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  )
  expect(Buffer.from(pae('ä', Buffer.from('ö'))).toString()).toBe('DSSEv1 2 ä 2 ö')
  expect(signedBytes({ ...entry, kind: 'raw' })).toBe(entry.payload)
})

it("writes Chains' order and reads its own writing", () => {
  const bytes = encodeEnvelope(entry)
  expect(Buffer.from(bytes).toString()).toBe(TEXT)
  expect(decodeEnvelope(bytes)).toEqual({ ...entry, envelope: bytes })
})

it('keeps the bytes it found, however they are spelled', () => {
  const found =
    Buffer.from(` {"x":{"a":1,"A":2}, "signatures" :[ {"sig":"-_8B","cert":{"sig":1}} ],"payload":"eyJhIjoxfQ==",
    "payloadType":"application\\/vnd.in-toto+json"}\n`)
  const read = decodeEnvelope(found)
  expect(read).toMatchObject({ payloadType: STATEMENT_TYPE, signatures: [{ sig: Buffer.from([0xfb, 0xff, 1]) }] })
  expect(read.signatures[0]).not.toHaveProperty('keyid')
  expect(encodeEnvelope(read)).toBe(found)
})

describe('refuses', () => {
  it.each([
    ['nothing', ''],
    ['an array', `[${TEXT}]`],
    ['text after it', `${TEXT}x`],
    ['a byte-order mark', `\ufeff${TEXT}`],
    ['bad UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['no signatures', TEXT.replace(/"signatures":.*/, '"signatures":[]}')],
    ['signatures that are none', TEXT.replace(/"signatures":.*/, '"signatures":["Ag=="]}')],
    ['an empty signature', TEXT.replace('Ag==', '')],
    ['no payload', TEXT.replace('"payload"', '"other"')],
    ['no payload type', TEXT.replace(STATEMENT_TYPE, '')],
    ['a payload that is not base64', TEXT.replace('eyJ', 'e$J')],
    ['base64 with white space', TEXT.replace('eyJ', 'eyJ ')],
    ['base64 without padding', TEXT.replace('fQ==', 'fQ')],
    ['base64 with stray bits', TEXT.replace('fQ==', 'fR==')],
    ['two alphabets at once', TEXT.replace('+/8B', '+_8B')],
    ['a payload named twice', TEXT.replace('"signatures"', '"payload":"e30=","signatures"')],
    ['a payload named again in other case', TEXT.replace('"signatures"', '"Payload":"e30=","signatures"')],
    ['a name behind an escape', TEXT.replace('"signatures"', '"p\\u0061yload":"e30=","signatures"')],
    ['a name that only folds to it', TEXT.replace('"signatures"', '"ſignatures":[],"signatures"')],
    ['a sig named twice', TEXT.replace('"sig":"+/8B"', '"sig":"+/8B","SIG":"Ag=="')],
    ['a keyid that is a number', TEXT.replace('"SHA256:x"', '1')],
    ['101 signatures', TEXT.replace(/"signatures":.*/, `"signatures":[${Array(101).fill('{"sig":"Ag=="}')}]}`)],
  ])('%s', (_, text) => {
    expect(code(text)).toBe('copy_malformed')
  })

  it('each truncation, and deep nesting', () => {
    for (let length = 0; length < TEXT.length; length++) expect(code(TEXT.slice(0, length))).toBe('copy_malformed')
    const deep = `${'[{"a":'.repeat(50_000)}1${'}]'.repeat(50_000)}`
    expect(code(TEXT.replace('{', `{"deep":${deep},`))).toBeUndefined()
  })
})

it('never throws anything else, whatever is changed', () => {
  const edit = fc.record({ at: fc.nat(TEXT.length), cut: fc.nat(4), put: fc.string({ maxLength: 4, unit: 'binary' }) })
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      const text = edits.reduce((t, { at, cut, put }) => t.slice(0, at) + put + t.slice(at + cut), TEXT)
      expect([undefined, 'copy_malformed']).toContain(code(text))
    }),
    { numRuns: 3000 },
  )
})
