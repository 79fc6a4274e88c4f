/** cosign as the judge: keys and signatures go both ways. */
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { generateKeyPair, writeKeyPair } from '../../src/keys/generate.ts'
import { loadSigner } from '../../src/signing/open-signer.ts'
import { loadTrust, verifySignature } from '../../src/trust/trusted-keys.ts'
import { describeWith, tool } from '../servers/endpoints.ts'

const folder = mkdtempSync(join(tmpdir(), 'prov-cosign-'))
const CONTENT = randomBytes(1000)
const FILE = join(folder, 'blob')
writeFileSync(FILE, CONTENT)
const OLD = {
  v2: ['--tlog-upload=false'],
  v3: ['--use-signing-config=false', '--new-bundle-format=false', '--tlog-upload=false'],
}
const READ = { v2: ['--insecure-ignore-tlog'], v3: ['--insecure-ignore-tlog', '--new-bundle-format=false'] }

const VERSIONS = ['v2', 'v3'] as const
for (const version of VERSIONS) describeWith([`cosign-${version}`], `keys and cosign ${version}`, () => suite(version))

function suite(version: (typeof VERSIONS)[number]): void {
  function cosign(password: string, ...args: string[]): void {
    const env = { ...process.env, HOME: folder, COSIGN_PASSWORD: password }
    execFileSync(tool(`cosign-${version}`), args, { env, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  }

  async function bothWays(name: string, password: string): Promise<void> {
    const [key, pub] = [join(folder, `${name}.key`), join(folder, `${name}.pub`)]
    const theirs = join(folder, `${name}.sig`)
    cosign(password, 'sign-blob', '--key', key, ...OLD[version], '--yes', '--output-signature', theirs, FILE)
    const sig = Buffer.from(readFileSync(theirs, 'utf8'), 'base64')
    expect(verifySignature(await loadTrust([pub]), CONTENT, { sig }).ok).toBe(true)
    expect(await cosignVerifies(key, pub, password)).toBe(true)
  }

  async function cosignVerifies(key: string, pub: string, password: string): Promise<boolean> {
    const signer = await loadSigner({ key, password: async () => password })
    const ours = join(folder, 'ours.sig')
    writeFileSync(ours, Buffer.from(await signer.sign(CONTENT)).toString('base64'))
    try {
      cosign('', 'verify-blob', '--key', pub, ...READ[version], '--signature', ours, FILE)
      return true
    } catch {
      return false
    }
  }

  it.each(['', 'prov', 'pässwörd ☃'])('uses a pair that prov made (password "%s")', async (password) => {
    const name = `ours-${version}-${password.length}`
    await writeKeyPair(join(folder, name), await generateKeyPair(password, randomBytes))
    await bothWays(name, password)
  })

  it('makes a pair that prov uses', async () => {
    const name = `theirs-${version}`
    cosign('secret', 'generate-key-pair', '--output-key-prefix', name)
    await bothWays(name, 'secret')
  })

  it.each([
    ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['Ed25519', () => generateKeyPairSync('ed25519')],
    ['RSA 2048', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['RSA 4096', () => generateKeyPairSync('rsa', { modulusLength: 4096 })],
  ])('imports %s, which prov then opens; cosign verifies what it signs', async (kind, make) => {
    const name = `${kind.replace(' ', '')}-${version}`
    const pem = join(folder, `${name}.pem`)
    writeFileSync(pem, String(make().privateKey.export({ type: 'pkcs8', format: 'pem' })))
    cosign('pw', 'import-key-pair', '--key', pem, '--output-key-prefix', name)
    expect(await cosignVerifies(join(folder, `${name}.key`), join(folder, `${name}.pub`), 'pw')).toBe(true)
  })

  it('refuses what another key signed', async () => {
    const name = `wrong-${version}`
    await writeKeyPair(join(folder, name), await generateKeyPair('', randomBytes))
    const theirs = readFileSync('fixtures/keys/cosign.pub')
    writeFileSync(join(folder, 'foreign.pub'), theirs)
    expect(await cosignVerifies(join(folder, `${name}.key`), join(folder, 'foreign.pub'), '')).toBe(false)
  })
}
