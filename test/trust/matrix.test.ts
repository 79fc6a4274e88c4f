/** The matrix of docs/trust.md, held against the real tools: signatures over DSSE, plain keys without a log, and the recorded certificates. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundleFromJSON } from '@sigstore/bundle'
import { TrustedRoot } from '@sigstore/protobuf-specs'
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify'
import { expect, it } from 'vitest'
import { bundlesOf } from '../../backends/oci/bundles/layout.ts'
import { readBundle } from '../../backends/oci/bundles/read.ts'
import { keyHint } from '../../src/keys/key-id.ts'
import type { Entry } from '../../src/model/entry.ts'
import { decodeEnvelope, encodeEnvelope, signedBytes } from '../../src/model/envelope.ts'
import { loadSigner } from '../../src/signing/open-signer.ts'
import { trustOf } from '../../src/trust/trusted-keys.ts'
import { checkEntry } from '../../src/trust/verify-entry.ts'
import { describeWith } from '../servers/endpoints.ts'
import { cosign } from '../support/cosign.ts'
import { scratch } from '../support/scratch.ts'
import { DEV, FOLDER, ROOT_FILE, recorded, trustIn } from './live/recorded.ts'
import { KINDS, type KindName, MATRIX, TOOLS, type ToolName } from './matrix.ts'

const STATEMENT = join(FOLDER, 'statement.json')
const TYPE = 'application/vnd.in-toto+json'
const EMPTY = { mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1' }

type Plain = Exclude<KindName, 'certificate'>
const PAIRS: Readonly<Record<Plain, () => KeyObject>> = {
  'ECDSA P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  'ECDSA P-384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  'ECDSA P-521': () => generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey,
  Ed25519: () => generateKeyPairSync('ed25519').privateKey,
  'RSA 2048': () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
}

interface Scene {
  readonly folder: string
  readonly publicKey: KeyObject
  /** PEM files: the private key, cosign's own form of it, the public half. */
  readonly [file: string]: unknown
}

async function sceneOf(kind: Plain): Promise<Scene> {
  const folder = scratch()
  const key = PAIRS[kind]()
  const publicKey = createPublicKey(key)
  writeFileSync(join(folder, 'key.pem'), key.export({ type: 'pkcs8', format: 'pem' }))
  writeFileSync(join(folder, 'key.pub'), publicKey.export({ type: 'spki', format: 'pem' }))
  writeFileSync(join(folder, 'root.json'), JSON.stringify(EMPTY))
  await cosign('cosign-v3', ['import-key-pair', '--key', 'key.pem', '--output-key-prefix', 'own'], { cwd: folder })
  return { folder, publicKey }
}

const payload = readFileSync(STATEMENT)
const unsigned = { kind: 'dsse', payloadType: TYPE, payload } as const

/** What the tool makes with the key; undefined when it refuses. */
async function signedBy(tool: ToolName, { folder, publicKey }: Scene): Promise<Entry | undefined> {
  const path = (name: string): string => join(folder, name)
  if (tool === 'prov') {
    try {
      const signer = await loadSigner({ key: path('key.pem'), password: async () => undefined })
      const { sig } = await signer.sign(signedBytes(unsigned))
      return { ...unsigned, signatures: [{ sig, keyHint: keyHint(publicKey) }] }
    } catch {
      return undefined
    }
  }
  const base = ['attest-blob', '--key', path('own.key'), '--statement', STATEMENT, '--tlog-upload=false', '--yes']
  const env = { HOME: folder }
  if (tool === 'cosign-v2') {
    const { code, stdout } = await cosign(tool, base, { cwd: folder, env })
    return code === 0 ? hinted(decodeEnvelope(Buffer.from(stdout.trim())), publicKey) : undefined
  }
  if (tool === 'cosign-v3') {
    const more = ['--use-signing-config=false', '--bundle', path('v3.json')]
    const { code } = await cosign(tool, [...base, ...more], { cwd: folder, env })
    return code === 0 ? readBundle(readFileSync(path('v3.json'))) : undefined
  }
  return undefined
}

function hinted(entry: Entry, publicKey: KeyObject): Entry {
  return { ...entry, signatures: entry.signatures.map((one) => ({ ...one, keyHint: keyHint(publicKey) })) }
}

async function verifiedBy(tool: ToolName, entry: Entry, { folder, publicKey }: Scene): Promise<boolean> {
  const bundle = join(folder, 'bundle.json')
  const json = Buffer.from(bundlesOf(entry)[0]?.bytes ?? '')
  writeFileSync(bundle, json)
  if (tool === 'prov') return checkEntry(entry, trustOf(publicKey)).verified.length > 0
  if (tool === 'sigstore-js') {
    const material = toTrustMaterial(TrustedRoot.fromJSON(EMPTY), () => ({ publicKey, validFor: () => true }))
    try {
      const none = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }
      new Verifier(material, none).verify(toSignedEntity(bundleFromJSON(JSON.parse(String(json)))))
      return true
    } catch {
      return false
    }
  }
  const envelope = join(folder, 'envelope.json')
  writeFileSync(envelope, encodeEnvelope(entry))
  const base = ['verify-blob-attestation', '--key', join(folder, 'key.pub'), '--insecure-ignore-tlog']
  const form =
    tool === 'cosign-v2' ? ['--signature', envelope] : ['--bundle', bundle, '--trusted-root', join(folder, 'root.json')]
  const more = ['--check-claims=false', '--type', 'https://slsa.dev/provenance/v0.2', STATEMENT]
  const { code } = await cosign(tool, [...base, ...form, ...more], { cwd: folder, env: { HOME: folder } })
  return code === 0
}

async function certified(): Promise<Partial<Record<ToolName, readonly ToolName[]>>> {
  const made: Partial<Record<ToolName, readonly ToolName[]>> = {}
  for (const [signer, name] of [
    ['cosign-v3', 'cosign'],
    ['sigstore-js', 'sigstore-js'],
  ] as const) {
    const file = join(FOLDER, `${name}.bundle.json`)
    const believers: ToolName[] = []
    if (checkEntry(recorded(name), await trustIn()).verified.length > 0) believers.push('prov')
    for (const tool of ['cosign-v2', 'cosign-v3'] as const) {
      const who = [
        '--certificate-identity',
        DEV.identity,
        '--certificate-oidc-issuer',
        DEV.issuer,
        '--insecure-ignore-sct',
      ]
      const form = tool === 'cosign-v2' ? ['--new-bundle-format', '--use-signed-timestamps'] : []
      const more = [
        '--bundle',
        file,
        '--trusted-root',
        ROOT_FILE,
        '--check-claims=false',
        '--type',
        'https://slsa.dev/provenance/v0.2',
        STATEMENT,
      ]
      if ((await cosign(tool, ['verify-blob-attestation', ...who, ...form, ...more])).code === 0) believers.push(tool)
    }
    try {
      const material = toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(readFileSync(ROOT_FILE, 'utf8'))))
      new Verifier(material, { ctlogThreshold: 0 }).verify(
        toSignedEntity(bundleFromJSON(JSON.parse(readFileSync(file, 'utf8')))),
      )
      believers.push('sigstore-js')
    } catch {}
    made[signer] = believers
  }
  return made
}

describeWith(['cosign-v2', 'cosign-v3'], 'keys of each kind, signed by each and verified by each', () => {
  it.each(KINDS)('%s', async (kind) => {
    if (kind === 'certificate') {
      expect(await certified()).toEqual(MATRIX[kind])
      return
    }
    const scene = await sceneOf(kind)
    const made: Partial<Record<ToolName, readonly ToolName[]>> = {}
    for (const signer of TOOLS) {
      const entry = await signedBy(signer, scene)
      if (entry === undefined) continue
      const believers: ToolName[] = []
      for (const tool of TOOLS) if (await verifiedBy(tool, entry, scene)) believers.push(tool)
      made[signer] = believers
    }
    expect(made).toEqual(MATRIX[kind])
  })
})
