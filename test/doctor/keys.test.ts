import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { diagnoseKey } from '../../src/doctor/keys.ts'
import { keyHint, keyId } from '../../src/keys/key-id.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const look = (key: string, password: string | undefined = PASSWORD, env: Record<string, string> = {}) =>
  diagnoseKey(key, { env, password: () => async () => password, now: Date.now })

function file(name: string, key: KeyObject): string {
  const path = join(scratch(), name)
  const pem =
    key.type === 'private' ? key.export({ type: 'pkcs8', format: 'pem' }) : key.export({ type: 'spki', format: 'pem' })
  writeFileSync(path, pem)
  return path
}

test('a private key signs, and its ids are those of the public one', async () => {
  const [mine, theirs] = [await look(PRIVATE_KEY), await look(PUBLIC_KEY)]
  expect(mine).toMatchObject({ kind: 'private', outcome: 'ok', exit: 0 })
  expect(mine.checks.map(({ check, outcome }) => `${check} ${outcome}`)).toEqual(['sign ok', 'verify ok'])
  expect(theirs).toMatchObject({ kind: 'public', outcome: 'ok', exit: 0 })
  expect(theirs.checks.map(({ check, outcome }) => `${check} ${outcome}`)).toEqual(['verify ok'])
  expect(mine.ids).toEqual(theirs.ids)
  expect(mine.ids[0]?.keyid).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/)
})

test('a .pub beside it that is of another key is said', async () => {
  const folder = scratch()
  copyFileSync(PRIVATE_KEY, join(folder, 'ci.key'))
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  writeFileSync(join(folder, 'ci.pub'), publicKey.export({ type: 'spki', format: 'pem' }))
  const report = await look(join(folder, 'ci.key'))
  expect(report).toMatchObject({ outcome: 'degraded', exit: 0 })
  expect(report.checks[1]).toMatchObject({ check: 'verify', detail: expect.stringContaining('another key') })
})

test('weak and unsupported keys are refused with the reason', async () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const wide = generateKeyPairSync('ec', { namedCurve: 'secp521r1' })
  const odd = generateKeyPairSync('ed448')
  for (const [key, check, reason] of [
    [weak.privateKey, 'sign', /RSA of 1024 bits/],
    [weak.publicKey, 'verify', /RSA of 1024 bits/],
    [wide.privateKey, 'sign', /secp521r1/],
    [odd.publicKey, 'verify', /ED448/],
  ] as const) {
    const report = await look(file('weak.pem', key))
    expect(report).toMatchObject({ outcome: 'failed', exit: 2, ids: [] })
    expect(report.checks).toMatchObject([{ check, outcome: 'failed', error: { code: 'key_unsupported' } }])
    expect(report.checks[0]?.detail).toMatch(reason)
  }
})

test('what verifies less than it seems is degraded', async () => {
  const { publicKey } = generateKeyPairSync('ed25519')
  const report = await look(file('ed.pub', publicKey))
  expect(report).toMatchObject({ outcome: 'degraded', exit: 0 })
  expect(report.ids).toEqual([{ keyid: keyId(publicKey), hint: keyHint(publicKey), algorithm: 'Ed25519' }])
  expect(report.checks[0]?.detail).toContain('Ed25519ph')
})

test('a wrong password, none, no file, and no key: exit 2 under the code of each', async () => {
  const text = join(scratch(), 'text')
  writeFileSync(text, 'no key')
  for (const [report, code, kind] of [
    [await look(PRIVATE_KEY, 'wr0ng'), 'key_password', 'private'],
    [
      await diagnoseKey(PRIVATE_KEY, { env: {}, password: () => async () => undefined, now: Date.now }),
      'key_password',
      'private',
    ],
    [await look(join(scratch(), 'nowhere.pub')), 'key_unreadable', 'unknown'],
    [await look(text), 'key_unreadable', 'unknown'],
  ] as const) {
    expect(report).toMatchObject({ kind, outcome: 'failed', exit: 2, checks: [{ error: { code } }] })
    expect(JSON.stringify(report)).not.toContain('wr0ng')
  }
})

test('a file may hold several public keys, and env://NAME one', async () => {
  const keys = [0, 1].map(() => generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).publicKey)
  const pem = keys.map((key) => key.export({ type: 'spki', format: 'pem' })).join('')
  const report = await look('env://KEYS', undefined, { KEYS: pem })
  expect(report.ids.map(({ keyid }) => keyid)).toEqual(keys.map(keyId))
  expect(report).toMatchObject({ outcome: 'ok', checks: [{ check: 'verify' }, { check: 'verify' }] })
})
