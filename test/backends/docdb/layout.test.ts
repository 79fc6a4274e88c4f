/** The documents that real Chains stored, read and written again. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BSON, Double } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { fieldsOf as dynamoFields, itemIn } from '../../../backends/docdb/dynamodb/value.ts'
import { fieldsIn, fieldsOf as firestoreFields } from '../../../backends/docdb/firestore/value.ts'
import { fits, type Json, sameJson } from '../../../backends/docdb/json.ts'
import { documentOf, itemOf, type SignedDocument } from '../../../backends/docdb/layout.ts'
import { bodyOf } from '../../../backends/docdb/mongo/value.ts'
import { SIZE_RULES, sizeOf } from '../../../backends/docdb/size.ts'
import { oddlySpelled, sampleEntry, sampleImage, sampleRun, signed } from '../../conformance/samples.ts'

const STORED = 'fixtures/stored/docdb'

interface StoredJson {
  readonly Signed: string
  readonly Signature: string
  readonly Cert: string
  readonly Chain: string
  readonly Object: Json
  readonly Name: string
}

const files = readdirSync(STORED, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'))

function stored(file: string): SignedDocument {
  const json = JSON.parse(readFileSync(join(STORED, file), 'utf8')) as StoredJson
  return { ...json, Signed: new Uint8Array(Buffer.from(json.Signed, 'base64')) }
}

const kindOf = ({ Name }: SignedDocument) => (Name.includes('run-') ? 'dsse' : 'raw')

describe.each(files)('%s', (file) => {
  const document = stored(file)

  test('is read, and written again as it was', () => {
    const { entry } = itemOf(document.Name, { ...document }, kindOf(document))
    expect(entry?.signatures[0]?.certificate).toBeUndefined()
    if (entry === undefined) throw new Error('no entry')
    const again = documentOf(entry, document.Name)
    expect({ ...again, Signed: new Uint8Array(again.Signed) }).toEqual(document)
    expect(Object.keys(documentOf(entry, document.Name)).sort()).toEqual(Object.keys(document).sort())
  })

  test('is read from what each database gives back', () => {
    const back = [
      dynamoFields(itemIn(document)),
      { ...firestoreFields(fieldsIn(document, { keepsName: false })), Name: document.Name },
      BSON.deserialize(BSON.serialize(bodyOf(document, { keepsName: true })), { promoteBuffers: true }),
    ]
    for (const fields of back) {
      const { entry, damage } = itemOf(document.Name, fields, kindOf(document))
      expect(damage).toBeUndefined()
      expect(Buffer.from(entry?.payload ?? []).equals(document.Signed)).toBe(true)
    }
  })

  test('is as large in BSON as size says, or a little smaller', () => {
    const bson = BSON.calculateObjectSize({ _id: document.Name, ...bodyOf(document, { keepsName: false }) })
    const said = sizeOf(document, SIZE_RULES.mongo)
    expect(said - bson).toBeGreaterThanOrEqual(0)
    expect(said - bson).toBeLessThan(16)
  })
})

describe("the types of go-cloud's drivers", () => {
  const document: SignedDocument = {
    Signed: new Uint8Array([1, 2]),
    Signature: 'c2ln',
    Cert: '',
    Chain: '',
    Object: { n: 4096, x: 0.5, no: null, empty: '', list: [true, {}] },
    Name: 'taskrun-u',
  }

  test('MongoDB: doubles, binary subtype 0, Name only beside another spelling', () => {
    const body = bodyOf(document, { keepsName: false })
    expect(Object.keys(body).sort()).toEqual(['Cert', 'Chain', 'Object', 'Signature', 'Signed'])
    expect(body['Signed']).toMatchObject({ sub_type: 0 })
    expect(body['Object']).toEqual({ n: new Double(4096), x: new Double(0.5), no: null, empty: '', list: [true, {}] })
    expect(bodyOf(document, { keepsName: true })['Name']).toBe('taskrun-u')
  })

  test('Firestore: bytes, doubles, the null value', () => {
    expect(fieldsIn(document, { keepsName: false })).toEqual({
      Signed: { bytesValue: document.Signed },
      Signature: { stringValue: 'c2ln' },
      Cert: { stringValue: '' },
      Chain: { stringValue: '' },
      Object: {
        mapValue: {
          fields: {
            n: { doubleValue: 4096 },
            x: { doubleValue: 0.5 },
            no: { nullValue: 'NULL_VALUE' },
            empty: { stringValue: '' },
            list: { arrayValue: { values: [{ booleanValue: true }, { mapValue: { fields: {} } }] } },
          },
        },
      },
    })
    expect(fieldsIn(document, { keepsName: true })['Name']).toEqual({ stringValue: 'taskrun-u' })
  })

  test('DynamoDB: B, M, N, and NULL for the empty string', () => {
    expect(itemIn(document)).toEqual({
      Signed: { B: document.Signed },
      Signature: { S: 'c2ln' },
      Cert: { NULL: true },
      Chain: { NULL: true },
      Object: {
        M: {
          n: { N: '4096' },
          x: { N: '0.5' },
          no: { NULL: true },
          empty: { NULL: true },
          list: { L: [{ BOOL: true }, { M: {} }] },
        },
      },
      Name: { S: 'taskrun-u' },
    })
  })
})

describe('a document that does not say one thing', () => {
  const image = sampleImage('registry.example/acme/app', 'app')
  const run = sampleRun('build-1', image)
  const good = { ...documentOf(sampleEntry('dsse', run, image), `taskrun-${run.uid}`) }
  const other = documentOf(sampleEntry('dsse', run, image, 'other'), good.Name)

  test.each([
    ['another payload', { Signed: other.Signed, Object: other.Object }, 'payload_mismatch'],
    ['another Object', { Object: other.Object }, 'payload_mismatch'],
    ['an Object that is text', { Object: JSON.stringify(good.Object) }, 'payload_mismatch'],
    ['no payload', { Signed: undefined }, 'copy_malformed'],
    ['a payload that is text', { Signed: 'text' }, 'copy_malformed'],
    ['no signature', { Signature: undefined }, 'copy_malformed'],
    ['a signature that is a number', { Signature: 7 }, 'copy_malformed'],
    ['a signature in base64 of another spelling', { Signature: `${good.Signature}\n` }, 'copy_malformed'],
    ['a certificate that is none', { Cert: 'hello' }, 'copy_malformed'],
  ])('%s', (_, change, code) => {
    expect(itemOf(good.Name, { ...good, ...change }, 'dsse').damage?.code).toBe(code)
  })

  test('without Object, with null for empty texts, or with more fields it is read', () => {
    for (const change of [{ Object: undefined }, { Cert: null, Chain: null }, { DocstoreRevision: 1 }]) {
      expect(itemOf(good.Name, { ...good, ...change }, 'dsse').damage).toBeUndefined()
    }
  })

  test('what one document cannot hold is refused', () => {
    const twice = sampleEntry('raw', run, image, 'two', { signatures: 2 })
    expect(() => documentOf(twice, 'k')).toThrow(expect.objectContaining({ code: 'not_supported' }))
    const notJson = signed('raw', Buffer.from('{'))
    expect(() => documentOf(notJson, 'k')).toThrow(expect.objectContaining({ code: 'input_invalid' }))
    const odd = oddlySpelled(sampleEntry('dsse', run, image))
    expect(Buffer.from(documentOf(odd, 'k').Signature, 'base64').equals(Buffer.from(odd.envelope ?? []))).toBe(true)
  })
})

test('parsed payloads are compared by what they say', () => {
  expect(sameJson({ a: '', b: [1, { c: null }] }, { b: [1, { c: '' }], a: null })).toBe(true)
  expect(sameJson({ a: 1 }, { a: 1, b: 2 })).toBe(false)
  expect(sameJson({ a: 1, b: 2 }, { a: 1 })).toBe(false)
  expect(sameJson([1, 2], [2, 1])).toBe(false)
  expect(sameJson([], {})).toBe(false)
  expect(sameJson('\ud800', '\ufffd')).toBe(true)
  expect(sameJson({ a: 0 }, { a: false })).toBe(false)
  expect(sameJson(0, null)).toBe(false)
})

test('what a database cannot hold is left out of Object, never refused', () => {
  const deep = (n: number): Json => (n === 0 ? 1 : { a: deep(n - 1) })
  const of = (value: Json): SignedDocument => ({
    Signed: new Uint8Array(1),
    Signature: '',
    Cert: '',
    Chain: '',
    Object: value,
    Name: 'k',
  })
  expect(fieldsIn(of({ a: [[1]] }), { keepsName: false })).not.toHaveProperty('Object')
  expect(fieldsIn(of({ __a__: 1 }), { keepsName: false })).not.toHaveProperty('Object')
  expect(fieldsIn(of(deep(20)), { keepsName: false })).toHaveProperty('Object')
  expect(fieldsIn(of(deep(21)), { keepsName: false })).not.toHaveProperty('Object')
  expect(itemIn(of({ '': 1 }))).not.toHaveProperty('Object')
  expect(itemIn(of(1e200))).not.toHaveProperty('Object')
  expect(bodyOf(of(JSON.parse('1e400') as Json), { keepsName: false })).not.toHaveProperty('Object')
  expect(bodyOf(of({ 'a\0b': 1 }), { keepsName: false })).not.toHaveProperty('Object')
  expect(bodyOf(of(deep(99)), { keepsName: false })).not.toHaveProperty('Object')
  expect(fits(deep(5000), { depth: 1000, arraysInArrays: true, key: () => true, number: () => true })).toBe(false)
})

test.each([
  ['mongo', 16 * 1024 * 1024],
  ['firestore', 1_048_576],
  ['dynamodb', 409_600],
] as const)('%s refuses what its limit would', (engine, limit) => {
  const document = (signature: number): SignedDocument => ({
    Signed: new Uint8Array(10),
    Signature: 'x'.repeat(signature),
    Cert: '',
    Chain: '',
    Object: {},
    Name: 'k',
  })
  const rule = SIZE_RULES[engine]
  expect(sizeOf(document(limit - 2000), rule)).toBeGreaterThan(limit - 2000)
  expect(() => sizeOf(document(limit), rule)).toThrow(expect.objectContaining({ code: 'entry_too_large' }))
})
