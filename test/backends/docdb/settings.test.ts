import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { open } from '../../../backends/docdb/backend.ts'
import { readTarget } from '../../../backends/docdb/settings.ts'
import type { ProvError } from '../../../src/errors.ts'
import { testContext } from '../../support/context.ts'
import { scratch } from '../../support/scratch.ts'

const URL_KEY = 'storage.docdb.url'
const SERVER = 'storage.docdb.mongo-server-url'

function target(url: string, env: Readonly<Record<string, string>> = {}) {
  return readTarget(testContext({ [URL_KEY]: url, [SERVER]: 'mongodb://db.example' }, env))
}

function refused(settings: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}): ProvError {
  try {
    readTarget(testContext(settings, env))
  } catch (thrown) {
    return thrown as ProvError
  }
  throw new Error('it was not refused')
}

describe('storage.docdb.url', () => {
  test.each([
    ['mongo://db/coll?id_field=Name', { engine: 'mongo', database: 'db', collection: 'coll', keepsName: false }],
    [
      'mongo://My_db/a.b?id_field=name',
      { database: 'My_db', collection: 'a.b', keepsName: true, where: 'mongo://My_db/a.b' },
    ],
    ['mongo://db/a%20b?id_field=NAME&revision_field=x', { collection: 'a b', keepsName: true }],
    [
      'firestore://projects/p/databases/(default)/documents/c?name_field=Name',
      {
        database: 'projects/p/databases/(default)',
        collection: 'projects/p/databases/(default)/documents/c',
        keepsName: false,
      },
    ],
    [
      'firestore://projects/p/databases/d/documents/a/b/c?name_field=name',
      { collection: 'projects/p/databases/d/documents/a/b/c', keepsName: true, emulator: undefined },
    ],
    [
      'dynamodb://T?partition_key=Name',
      { engine: 'dynamodb', table: 'T', region: undefined, endpoint: undefined, keys: undefined },
    ],
    [
      'dynamodb://T?partition_key=Name&region=eu-west-1&endpoint=http://h:1&profile=p&allow_scans=true',
      { region: 'eu-west-1', endpoint: 'http://h:1', profile: 'p' },
    ],
    ['sqlite:prov.db', { engine: 'sqlite', path: 'prov.db', where: 'sqlite:prov.db', requestMs: 60_000 }],
    ['sqlite:/var/lib/a.db', { path: '/var/lib/a.db' }],
    ['sqlite:///var/lib/a.db', { path: '/var/lib/a.db' }],
  ])('%s', (url, wanted) => {
    expect(target(url)).toMatchObject(wanted)
  })

  test.each([
    'mongo://db/coll',
    'mongo://db/coll?id_field=Signature',
    'mongo://db?id_field=Name',
    'mongo:///coll?id_field=Name',
    'mongo://db/coll?id_field=Name&w=0',
    'firestore://projects/p/databases/(default)/documents/c',
    'firestore://projects/p/databases/(default)/documents/c/d?name_field=Name',
    'firestore://projects/p/documents/c?name_field=Name',
    'dynamodb://T?partition_key=name',
    'dynamodb://T',
    'dynamodb://T/x?partition_key=Name',
    'dynamodb://T?partition_key=Name&sort_key=x',
    'mem://collection/Name',
    'sqlite:',
    'sqlite::memory:',
    'sqlite://host/file',
    'postgres://db',
    'prov.db',
    'mongo://db/%?id_field=Name',
  ])('%s is refused', (url) => {
    const error = refused({ [URL_KEY]: url, [SERVER]: 'mongodb://db.example' })
    expect(error.code).toBe('config_invalid')
    expect(error.message).toContain(URL_KEY)
    expect(error.hint).toBeTruthy()
  })

  test('unset: the hint names the database that needs no server', () => {
    for (const settings of [{}, { [URL_KEY]: '' }]) {
      expect(refused(settings).hint).toContain('--set storage.docdb.url=sqlite:prov.db')
      expect(() => open(testContext(settings))).toThrow(expect.objectContaining({ code: 'config_invalid' }))
    }
  })

  test('AWS and Google variables are those of the context', () => {
    const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_SESSION_TOKEN: 'c', AWS_DEFAULT_REGION: 'r' }
    expect(target('dynamodb://T?partition_key=Name', env)).toMatchObject({
      region: 'r',
      keys: { id: 'a', secret: 'b', token: 'c' },
    })
    expect(target('dynamodb://T?partition_key=Name&profile=x', env)).toMatchObject({ profile: 'x', keys: undefined })
    const google = { FIRESTORE_EMULATOR_HOST: 'h:1', GOOGLE_APPLICATION_CREDENTIALS: '/k.json' }
    const url = 'firestore://projects/p/databases/(default)/documents/c?name_field=Name'
    expect(target(url, google)).toMatchObject({ emulator: 'h:1', keyFile: '/k.json' })
  })
})

describe('the MongoDB server', () => {
  const url = { [URL_KEY]: 'mongo://db/coll?id_field=Name' }
  const server = (settings: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) => {
    const found = readTarget(testContext({ ...url, ...settings }, env))
    return found.engine === 'mongo' ? found.server : undefined
  }

  test('path, then folder, then value, then the variable; one newline is cut', () => {
    const folder = scratch()
    writeFileSync(join(folder, 'server'), 'mongodb://of-path\n')
    writeFileSync(join(folder, 'MONGO_SERVER_URL'), 'mongodb://of-folder')
    const env = { MONGO_SERVER_URL: 'mongodb://of-env' }
    const value = { [SERVER]: 'mongodb://of-value' }
    const dir = { [`${SERVER}-dir`]: folder }
    const path = { [`${SERVER}-path`]: join(folder, 'server') }
    expect(server({ ...value, ...dir, ...path }, env)).toBe('mongodb://of-path')
    expect(server({ ...value, ...dir }, env)).toBe('mongodb://of-folder')
    expect(server(value, env)).toBe('mongodb://of-value')
    expect(server({}, env)).toBe('mongodb://of-env')
  })

  test('what is missing, empty, or no URL is refused without quoting it', () => {
    const folder = scratch()
    mkdirSync(join(folder, 'a-folder'))
    writeFileSync(join(folder, 'empty'), '\n')
    writeFileSync(join(folder, 'odd'), 'hunter2')
    writeFileSync(join(folder, 'long'), 'x'.repeat(70_000))
    const cases = [
      refused(url),
      refused(url, { MONGO_SERVER_URL: '' }),
      refused({ ...url, [`${SERVER}-dir`]: folder }),
      refused({ ...url, [SERVER]: 'postgres://user:hunter2@db' }),
      ...['absent', 'empty', 'odd', 'long', 'a-folder'].map((name) =>
        refused({ ...url, [`${SERVER}-path`]: join(folder, name) }),
      ),
    ]
    for (const error of cases) {
      expect(error.code).toBe('config_invalid')
      expect(`${error.message} ${error.hint}`).not.toContain('hunter2')
    }
  })

  test('what only the driver can refuse is refused without quoting it', async () => {
    const { signal } = new AbortController()
    for (const bad of [
      'mongodb://u:hunter2@h/?w=0',
      'mongodb://u:hunter2@',
      'mongodb://u:hunter2@h/?nonsense=1',
      'mongodb://u:hun%ter2@h',
    ]) {
      const backend = open(testContext({ ...url, [SERVER]: bad }))
      const slot = { backend: 'docdb', key: 'k', kind: 'dsse', holds: 'one', address: { key: 'k' } } as const
      const error = await backend.get(slot, { signal }).then(
        () => undefined,
        (thrown: ProvError) => thrown,
      )
      expect(error?.code, bad).toBe('config_invalid')
      expect(JSON.stringify([error?.message, error?.hint, String(error?.cause), error?.stack])).not.toMatch(
        /hun.?.?ter2/,
      )
      await backend.close()
    }
  })
})
