/** Keys as other tools write them: read, or refused by their real name with a command that really converts them. */
import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { ProvError } from '../../src/errors.ts'
import { loadSigner } from '../../src/signing/open-signer.ts'
import { loadTrust } from '../../src/trust/trusted-keys.ts'
import { prov } from '../support/cli.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const folder = scratch()
const none = async () => undefined
const P256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const RSA = generateKeyPairSync('rsa', { modulusLength: 3072 })
const ED25519 = generateKeyPairSync('ed25519')
const PUBLIC = pemOf(P256.publicKey)
const PRIVATE = pemOf(P256.privateKey)

function pemOf(key: KeyObject): string {
  return String(key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' } as never))
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content, { mode: 0o600 })
  return path
}

async function refusal(action: Promise<unknown>): Promise<ProvError> {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof ProvError) return error
  throw new Error(`expected a ProvError, got ${String(error)}`)
}

const sign = (key: string) => loadSigner({ key, password: none })

/** Runs the command of a hint in the folder of the keys, and gives the file that it wrote. */
function converted(error: ProvError, from: string): string {
  const command = /(?:with|says): (.*)$/.exec(error.hint ?? '')?.[1] ?? ''
  execFileSync('bash', ['-ec', command.replace('ssh-keygen -p ', "ssh-keygen -p -P '' -N '' ")], { stdio: 'pipe' })
  return `${from}.pem`
}

describe('blanks around the lines of PEM count as little as for openssl and cosign', () => {
  const change: Readonly<Record<string, (pem: string) => string>> = {
    'after BEGIN and END': (pem) => pem.replace(/-----\n/g, '-----  \t\n'),
    'after every line': (pem) => pem.replaceAll('\n', ' \n'),
    'before every line': (pem) => pem.replace(/^/gm, '  '),
    'CR LF and blanks': (pem) => pem.replaceAll('\n', ' \r\n'),
    'empty lines': (pem) => pem.replaceAll('\n', '\n\n'),
    'one long line': (pem) => pem.replace(/([^-])\n(?=[^-])/g, '$1'),
    'a byte order mark': (pem) => `\ufeff${pem}`,
    'no newline at the end': (pem) => pem.trimEnd(),
  }

  it.each(Object.keys(change))('%s', async (name) => {
    const bent = (pem: string): string => change[name]?.(pem) ?? ''
    for (const { privateKey, publicKey } of [P256, RSA, ED25519]) {
      const signer = await sign(file('blank.key', bent(pemOf(privateKey))))
      const trust = await loadTrust([file('blank.pub', bent(pemOf(publicKey)))])
      expect(trust.keys[0]?.keyid).toBe(signer.keyid)
    }
    const sealed = file('sealed.key', bent(readFileSync(PRIVATE_KEY, 'utf8')))
    const { keyid } = await loadSigner({ key: sealed, password: async () => PASSWORD })
    expect(keyid).toBe((await loadTrust([PUBLIC_KEY])).keys[0]?.keyid)
  })

  it('in a variable too, and in the older encrypted form with its headers', async () => {
    const env = { KEY: PUBLIC.replaceAll('\n', ' \n') }
    expect((await loadTrust(['env://KEY'], env)).keys).toHaveLength(1)
    const old = P256.privateKey.export({ type: 'sec1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' })
    const path = file('old.key', String(old).replaceAll('\n', ' \n'))
    expect((await loadSigner({ key: path, password: async () => 'x' })).keyid).toMatch(/^SHA256:/)
  })
})

describe('spoiled PEM is called what it is, and the command mends it', () => {
  const spoil: readonly (readonly [string, string, (pem: string) => string | Buffer])[] = [
    ['CR', 'lines that end in CR alone', (pem) => pem.replaceAll('\n', '\r')],
    ['backslash n', 'spelled out as \\n', (pem) => pem.replaceAll('\n', '\\n')],
    ['backslash r n', 'spelled out as \\n', (pem) => pem.replaceAll('\n', '\\r\\n')],
    ['one line', 'has lost its line ends', (pem) => pem.trim().replaceAll('\n', ' ')],
    ['UTF-16LE', 'is in UTF-16', (pem) => Buffer.from(`\ufeff${pem}`, 'utf16le')],
    ['UTF-16BE', 'is in UTF-16', (pem) => Buffer.from(`\ufeff${pem}`, 'utf16le').swap16()],
    ['UTF-16 without its mark', 'is in UTF-16', (pem) => Buffer.from(pem, 'utf16le')],
    ['base64', 'base64 once more', (pem) => Buffer.from(pem).toString('base64')],
  ]

  it.each(spoil)('%s', async (name, text, how) => {
    const priv = file(`${name.replaceAll(' ', '-')}.key`, how(PRIVATE))
    const pub = file(`${name.replaceAll(' ', '-')}.pub`, how(PUBLIC))
    const [signing, verifying] = [await refusal(sign(priv)), await refusal(loadTrust([pub]))]
    for (const error of [signing, verifying]) {
      expect(error).toMatchObject({ code: 'key_unreadable', message: expect.stringContaining(text) })
      expect(`${error.message} ${error.hint}`).not.toContain('no -----BEGIN')
    }
    const { keyid } = await sign(converted(signing, priv))
    expect((await loadTrust([converted(verifying, pub)])).keys[0]?.keyid).toBe(keyid)
  })

  it('in a variable, with what to do to the variable', async () => {
    const error = await refusal(loadTrust(['env://KEY'], { KEY: PUBLIC.replaceAll('\n', '\\n') }))
    expect(error.hint).toContain('export KEY="$(printf \'%b\' "$KEY")"')
    const joined = await refusal(loadTrust(['env://KEY'], { KEY: PUBLIC.replaceAll('\n', ' ') }))
    expect(joined.hint).toContain('"$KEY"')
  })

  it('cut off', async () => {
    const error = await refusal(sign(file('cut.key', PRIVATE.slice(0, 100))))
    expect(error).toMatchObject({ code: 'key_unreadable', message: expect.stringContaining('cut off') })
  })
})

describe("OpenSSH's own forms", () => {
  it.each(['ed25519', 'ecdsa', 'rsa'])('%s: refused by name, and the command converts it', async (type) => {
    const path = join(folder, `ssh-${type}`)
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', path])
    const signing = await refusal(sign(path))
    expect(signing).toMatchObject({ code: 'key_unsupported', message: expect.stringContaining('OpenSSH') })
    const { keyid } = await sign(converted(signing, path))
    const verifying = await refusal(loadTrust([`${path}.pub`]))
    expect(verifying).toMatchObject({ code: 'key_unsupported', message: expect.stringContaining('OpenSSH public key') })
    expect((await loadTrust([converted(verifying, `${path}.pub`)])).keys[0]?.keyid).toBe(keyid)
    const half = await refusal(loadTrust([path]))
    expect(half).toMatchObject({ message: expect.stringContaining('verifying needs the public one') })
    expect((await loadTrust([converted(half, path)])).keys[0]?.keyid).toBe(keyid)
    const reverse = await refusal(sign(`${path}.pub`))
    expect(reverse).toMatchObject({ message: expect.stringContaining('signing needs the private key') })
  })

  it.each([
    ['sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5 me@host', 'security token'],
    ['---- BEGIN SSH2 PUBLIC KEY ----\nComment: x\nAAAAB3NzaC1yc2E=\n---- END SSH2 PUBLIC KEY ----', 'SSH2 public key'],
    ['restrict,no-pty ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB me@host', 'OpenSSH public key (ssh-rsa)'],
    ['PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n', 'PuTTY private key'],
    ['-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDM=\n-----END PGP PUBLIC KEY BLOCK-----\n', 'PGP key'],
    ['{"kty":"EC","crv":"P-256"}', 'JSON Web Key'],
  ])('%s', async (content, text) => {
    const path = file('other', content)
    for (const action of [() => sign(path), () => loadTrust([path])]) {
      const error = await refusal(action())
      expect(error.message).toContain(text)
      expect(error.hint).toMatch(/./)
    }
  })
})

describe('binary forms', () => {
  const der = (key: KeyObject, type: string): Buffer => Buffer.from(key.export({ type, format: 'der' } as never))

  it.each([
    ['pkcs8', der(P256.privateKey, 'pkcs8')],
    ['sec1', der(P256.privateKey, 'sec1')],
    ['pkcs1', der(RSA.privateKey, 'pkcs1')],
  ])('a private key in DER: %s', async (name, bytes) => {
    const path = file(`${name}.der`, bytes)
    const signing = await refusal(sign(path))
    expect(signing).toMatchObject({ code: 'key_unsupported', message: expect.stringContaining('private key in DER') })
    const { publicKey } = await sign(converted(signing, path))
    const verifying = await refusal(loadTrust([path]))
    expect(verifying.message).toContain('verifying needs the public one')
    expect((await loadTrust([converted(verifying, path)])).keys[0]?.publicKey.equals(publicKey)).toBe(true)
  })

  it.each([
    ['spki', der(P256.publicKey, 'spki')],
    ['rsa', der(RSA.publicKey, 'pkcs1')],
  ])('a public key in DER: %s', async (name, bytes) => {
    const path = file(`${name}.pub.der`, bytes)
    const error = await refusal(loadTrust([path]))
    expect(error).toMatchObject({ code: 'key_unsupported', message: expect.stringContaining('public key in DER') })
    const trust = await loadTrust([converted(error, path)])
    const whose = name === 'rsa' ? RSA.publicKey : P256.publicKey
    expect(trust.keys[0]?.publicKey.equals(whose)).toBe(true)
    expect((await refusal(sign(path))).message).toContain('signing needs the private key')
  })

  it('PKCS#12, and a certificate in DER', async () => {
    const key = file('p12.key', PRIVATE)
    const [pem, crt, p12] = [join(folder, 'c.pem'), join(folder, 'c.der'), join(folder, 'c.p12')]
    execFileSync('openssl', ['req', '-x509', '-key', key, '-subj', '/CN=x', '-out', pem])
    execFileSync('openssl', ['x509', '-in', pem, '-outform', 'DER', '-out', crt])
    execFileSync('openssl', ['pkcs12', '-export', '-inkey', key, '-in', pem, '-out', p12, '-passout', 'pass:'])
    const passwordless = (error: ProvError): ProvError =>
      new ProvError(error.code, error.message, { hint: error.hint?.replace('pkcs12 -in', 'pkcs12 -passin pass: -in') })
    const signing = await refusal(sign(p12))
    expect(signing.message).toContain('is a PKCS#12 file')
    const opened = await sign(converted(passwordless(signing), p12))
    expect(opened.publicKey.equals(createPublicKey(createPrivateKey(PRIVATE)))).toBe(true)
    const verifying = await refusal(loadTrust([p12]))
    expect((await loadTrust([converted(passwordless(verifying), p12)])).keys[0]?.keyid).toBe(opened.keyid)
    const certificate = await refusal(loadTrust([crt]))
    expect(certificate.message).toContain('certificate in DER')
    expect((await loadTrust([converted(certificate, crt)])).keys[0]?.keyid).toBe(opened.keyid)
    expect((await refusal(sign(crt))).message).toContain('signing needs the private key')
  })

  it('a private key where the public one is wanted: how to make it', async () => {
    expect((await refusal(loadTrust([PRIVATE_KEY]))).hint).toContain(`cosign public-key --key ${PRIVATE_KEY}`)
    const plain = file('plain.key', PRIVATE)
    expect((await refusal(loadTrust([plain]))).hint).toContain(`openssl pkey -in ${plain} -pubout`)
    const curve = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'
    expect((await refusal(loadTrust([file('curve.key', curve + PRIVATE)]))).message).toContain('is a private key')
    expect((await refusal(loadTrust([file('curve', curve)]))).message).toContain('holds EC PARAMETERS')
  })
})

test('the command line says it in one line, exit 2', async () => {
  const path = file('id.pub', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEZb me@host\n')
  const image = `registry.example/app@sha256:${'a'.repeat(64)}`
  const layout = ['--set', `storage.oci.layout=${join(folder, 'layout')}`]
  const { code, stderr } = await prov(['verify', '--storage', 'oci', ...layout, '--key', path, '--image', image])
  expect(code).toBe(2)
  expect(stderr).toMatch(
    /^prov: key_unsupported: key \S+ is an OpenSSH public key \(ssh-ed25519\) \(convert it with: .*\)\nnext: prov explain key_unsupported\n$/,
  )
})
