/** Every key kind there and back, and every key that must be refused. */
import { execFileSync } from 'node:child_process'
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, scryptSync, sign } from 'node:crypto'
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ProvError } from '../../src/errors.ts'
import { sealKey } from '../../src/keys/cosign-key.ts'
import { generateKeyPair, writeKeyPair } from '../../src/keys/generate.ts'
import { publicKeyBeside } from '../../src/keys/public-half.ts'
import { loadSigner } from '../../src/signing/open-signer.ts'
import { loadTrust, trustOf, verifySignature } from '../../src/trust/trusted-keys.ts'

const folder = mkdtempSync(join(tmpdir(), 'prov-keys-'))
const BYTES = Buffer.from('DSSEv1 1 a 1 b')
const none = async () => undefined

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

function pem(key: KeyObject): string {
  return String(key.export({ type: 'pkcs8', format: 'pem' }))
}

function sshKeygen(pub: string): Buffer {
  const line = execFileSync('ssh-keygen', ['-i', '-m', 'PKCS8', '-f', pub], { encoding: 'utf8' })
  return Buffer.from(line.split(' ')[1] ?? '', 'base64')
}

function ed25519Wire(publicKey: KeyObject): Buffer {
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)
  return Buffer.concat([Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0\x20', 'latin1'), raw])
}

async function failure(action: Promise<unknown>): Promise<ProvError> {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof ProvError) return error
  throw new Error(`expected a ProvError, got ${String(error)}`)
}

const KEYS: readonly (readonly [string, KeyObject])[] = [
  ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
  ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey],
  ['Ed25519', generateKeyPairSync('ed25519').privateKey],
  ['RSA 2048', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
  ['RSA 3072', generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey],
]

describe.each(KEYS)('%s', (name, key) => {
  const plain = file(`${name}.pem`, pem(key))

  it('signs, the same each time, and verifies; one bit more or less does not', async () => {
    const signer = await loadSigner({ key: plain, password: none })
    const sig = await signer.sign(BYTES)
    expect(Buffer.from(await signer.sign(BYTES))).toEqual(Buffer.from(sig))
    const trust = trustOf(signer)
    expect(verifySignature(trust, BYTES, { sig })).toMatchObject({ ok: true, key: { keyid: signer.keyid } })
    for (let i = 0; i < sig.length; i += name.startsWith('RSA') ? 16 : 1) {
      const bent = Uint8Array.from(sig)
      bent[i] = (bent[i] ?? 0) ^ (1 << (i % 8))
      expect(verifySignature(trust, BYTES, { sig: bent })).toMatchObject({ ok: false, code: 'signature_invalid' })
    }
    for (const altered of [BYTES.subarray(1), Buffer.concat([BYTES, Buffer.of(0)]), Buffer.alloc(0)]) {
      expect(verifySignature(trust, altered, { sig }).ok).toBe(false)
    }
    for (const length of [0, 1, sig.length - 1, 5000]) {
      expect(verifySignature(trust, BYTES, { sig: Buffer.alloc(length, sig) }).ok).toBe(false)
    }
  })

  it("opens from encrypted PKCS#8, from cosign's file and from the environment", async () => {
    const encrypted = file(
      `${name}.enc`,
      String(key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'päss' })),
    )
    const der = key.export({ type: 'pkcs8', format: 'der' })
    const sealed = file(`${name}.key`, await sealKey(der, 'päss', randomBytes))
    const { keyid } = await loadSigner({ key: plain, password: none })
    for (const path of [encrypted, sealed]) {
      expect((await loadSigner({ key: path, password: async () => 'päss' })).keyid).toBe(keyid)
      expect((await failure(loadSigner({ key: path, password: async () => 'pass' }))).code).toBe('key_password')
      expect((await failure(loadSigner({ key: path, password: none }))).code).toBe('key_password')
    }
    expect((await loadSigner({ key: encrypted, password: async () => Buffer.from('päss\r\n') })).keyid).toBe(keyid)
    expect((await loadSigner({ key: 'env://KEY', password: none, env: { KEY: pem(key) } })).keyid).toBe(keyid)
  })

  it("has OpenSSH's fingerprint as key id", async () => {
    const { keyid, publicKey } = await loadSigner({ key: plain, password: none })
    const pub = file(`${name}.pub`, String(publicKey.export({ type: 'spki', format: 'pem' })))
    // ssh-keygen does not import Ed25519, whose wire form is only its name and the 32 bytes (RFC 8709)
    const wire = name === 'Ed25519' ? ed25519Wire(publicKey) : sshKeygen(pub)
    const print = createHash('sha256').update(wire).digest('base64')
    expect(keyid).toBe(`SHA256:${print.replace(/=+$/, '')}`)
  })
})

/** The type declarations of Node 24 do not know this one. */
const generateDh = generateKeyPairSync as unknown as (
  type: 'dh',
  options: object,
) => { [half in 'privateKey' | 'publicKey']: KeyObject }

it.each([
  ['secp224r1', () => generateKeyPairSync('ec', { namedCurve: 'secp224r1' })],
  ['secp521r1', () => generateKeyPairSync('ec', { namedCurve: 'secp521r1' })],
  ['secp256k1', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
  ['1024', () => generateKeyPairSync('rsa', { modulusLength: 1024 })],
  ['RSA-PSS', () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 })],
  ['ED448', () => generateKeyPairSync('ed448')],
  ['X25519', () => generateKeyPairSync('x25519')],
  ['DSA', () => generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 })],
  ['DH', () => generateDh('dh', { group: 'modp14' })],
])('refuses %s, with the reason', async (reason, make) => {
  const { privateKey, publicKey } = make()
  const error = await failure(loadSigner({ key: file(`${reason}.refused`, pem(privateKey)), password: none }))
  expect(error).toMatchObject({ code: 'key_unsupported', message: expect.stringContaining(reason) })
  if (reason === 'secp521r1') return // believed, since others sign with it
  const pub = file(`${reason}.refused.pub`, String(publicKey.export({ type: 'spki', format: 'pem' })))
  expect((await failure(loadTrust([pub]))).code).toBe('key_unsupported')
})

describe('files that are no private key', () => {
  const key = KEYS[0]?.[1]
  if (key === undefined) throw new Error('no key')
  const secret = pem(key)

  it.each([
    ['a missing file', join(folder, 'absent.key'), 'key_unreadable', 'does not exist'],
    ['a directory', folder, 'key_unreadable', 'is a directory'],
    ['an endless file', '/dev/zero', 'key_unreadable', 'larger than'],
    ['no PEM', file('noise', randomBytes(500)), 'key_unreadable', 'no -----BEGIN'],
    ['an empty file', file('empty', ''), 'key_unreadable', 'no -----BEGIN'],
    ['the public key', 'fixtures/keys/cosign.pub', 'key_unreadable', 'a public key; signing needs the private'],
    ['two keys', file('two', secret + secret), 'key_unreadable', 'more than one'],
    ['a damaged body', file('cut', secret.replace(/\n.{20}/, '\n')), 'key_unreadable', 'not a private key'],
    ['the key in place of its path', secret, 'key_unreadable', 'the key itself'],
    ['bare base64', secret.split('\n').slice(1, -2).join(''), 'key_unreadable', 'the key given'],
    ['a variable that is not set', 'env://NOT_SET', 'key_unreadable', 'is not set'],
  ])('%s', async (_, path, code, text) => {
    const error = await failure(loadSigner({ key: path, password: async () => 'x', env: {} }))
    expect(error).toMatchObject({ code, message: expect.stringContaining(text) })
  })

  it('says what to do with a key of OpenSSH', async () => {
    const path = join(folder, 'id_ed25519')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path])
    const error = await failure(loadSigner({ key: path, password: none }))
    expect(error).toMatchObject({ code: 'key_unsupported', hint: expect.stringContaining('ssh-keygen -p -m PKCS8') })
  })

  it.each([
    [{ N: 1048576 }, 'key_unsupported'],
    [{ N: 16384 }, 'key_unsupported'],
    [{ r: 16 }, 'key_unsupported'],
    [{ p: 2 }, 'key_unsupported'],
    [{ N: '65536' }, 'key_unsupported'],
  ])('refuses scrypt with %o before deriving anything', async (change, code) => {
    const sealed = await sealKey(key.export({ type: 'pkcs8', format: 'der' }), '', randomBytes)
    const json = JSON.parse(Buffer.from(sealed.split('\n').slice(1, -2).join(''), 'base64').toString())
    Object.assign(json.kdf.params, change)
    const body = Buffer.from(JSON.stringify(json)).toString('base64')
    const label = 'ENCRYPTED COSIGN PRIVATE KEY'
    const path = file('scrypt.key', `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`)
    expect((await failure(loadSigner({ key: path, password: async () => '' }))).code).toBe(code)
  })

  it('keeps key and password out of every message', async () => {
    const password = 'planted-password-7301'
    const sealed = await sealKey(key.export({ type: 'pkcs8', format: 'der' }), 'other', randomBytes)
    const inner = secret.split('\n')[1] ?? ''
    const junk = Buffer.from(`{"kdf": planted-${inner}`).toString('base64')
    const label = 'ENCRYPTED SIGSTORE PRIVATE KEY'
    const paths = [
      file('wrong.key', sealed),
      file('junk.key', `-----BEGIN ${label}-----\n${junk}\n-----END ${label}-----\n`),
      file('half.key', secret.replace('MIG', 'MIH')),
      secret,
      inner.repeat(3),
    ]
    for (const path of paths) {
      const error = await failure(loadSigner({ key: path, password: async () => password }))
      const everything = [error.message, error.hint, error.location, error.stack, String(error.cause)].join('\n')
      expect(everything).not.toContain(password)
      expect(everything).not.toContain(inner.slice(0, 40))
    }
  })
})

describe('a new pair', () => {
  it('opens with its password, the empty one too, and stands beside its public half', async () => {
    for (const password of ['', 'prov', 'pässwörd ☃']) {
      const prefix = join(folder, `new${password.length}`)
      const files = await writeKeyPair(prefix, await generateKeyPair(password, randomBytes))
      expect(statSync(files.privateFile).mode & 0o777).toBe(0o600)
      const signer = await loadSigner({ key: files.privateFile, password: async () => password })
      expect((await loadTrust([files.publicFile])).keys[0]?.keyid).toBe(signer.keyid)
      expect((await publicKeyBeside(files.privateFile))?.equals(signer.publicKey)).toBe(true)
    }
  })

  it('opens with a password file that ends in a newline, whichever of the two was meant', async () => {
    for (const password of ['x', 'x\n']) {
      const path = file('newline.key', (await generateKeyPair(password, randomBytes)).privatePem)
      await loadSigner({ key: path, password: async () => 'x\n' })
    }
  })

  it('never overwrites, and leaves nothing behind when it cannot write both', async () => {
    const pair = await generateKeyPair('', randomBytes)
    const taken = file('taken.key', 'mine')
    expect((await failure(writeKeyPair(join(folder, 'taken'), pair))).code).toBe('target_unwritable')
    expect(readFileSync(taken, 'utf8')).toBe('mine')
    expect(() => statSync(join(folder, 'taken.pub'))).toThrow('ENOENT')
    expect((await failure(writeKeyPair(join(folder, 'no/such/folder/x'), pair))).code).toBe('target_unwritable')
  })

  it('has no public half beside it when there is none that can be used', async () => {
    file('lonely.pub', 'garbage')
    file('plain.pub', readFileSync('fixtures/keys/cosign.pub'))
    expect(await publicKeyBeside(join(folder, 'lonely.key'))).toBeUndefined()
    expect(await publicKeyBeside(join(folder, 'nothing.key'))).toBeUndefined()
    expect(await publicKeyBeside(join(folder, 'plain.pem'))).toBeUndefined()
  })
})

it('reads all three scrypt sizes, and a signature by another maker', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { xsalsa20poly1305 } = await import('@noble/ciphers/salsa.js')
  for (const N of [32768, 65536, 131072]) {
    const [salt, nonce] = [randomBytes(32), randomBytes(24)]
    const key = scryptSync('pw', salt, 32, { N, r: 8, p: 1, maxmem: 2 ** 29 })
    const der = privateKey.export({ type: 'pkcs8', format: 'der' })
    const json = JSON.stringify({
      kdf: { name: 'scrypt', params: { N, r: 8, p: 1 }, salt: salt.toString('base64') },
      cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
      ciphertext: Buffer.from(xsalsa20poly1305(key, nonce).encrypt(der)).toString('base64'),
    })
    const label = 'ENCRYPTED COSIGN PRIVATE KEY'
    const body = Buffer.from(json).toString('base64')
    const path = file(`n${N}.key`, `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`)
    const signer = await loadSigner({ key: path, password: async () => 'pw' })
    expect(verifySignature(trustOf(signer), BYTES, { sig: sign('sha256', BYTES, privateKey) }).ok).toBe(true)
  }
})
