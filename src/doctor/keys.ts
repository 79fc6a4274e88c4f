/** Checks keys: whether one can sign or verify, and what its key id is. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { type CheckResult, type Diagnosis, degraded, examine, exitOf, stated } from '../backend/diagnosis.ts'
import { gravest } from '../errors.ts'
import type { Password } from '../keys/cosign-key.ts'
import { keyHint, keyId } from '../keys/key-id.ts'
import { keyKind } from '../keys/key-kind.ts'
import { type Environment, readPemBlocks } from '../keys/pem.ts'
import { publicKeyBeside } from '../keys/public-half.ts'
import { loadSigner } from '../signing/open-signer.ts'
import type { KeySigner } from '../signing/signer.ts'
import { isKeyUrl, loadTrustOf, type TrustWorld } from '../trust/load-trust.ts'
import { trustOf, verifySignature } from '../trust/trusted-keys.ts'

export interface KeyOptions extends Pick<TrustWorld, 'signal' | 'random'> {
  /** File that names the publishers of regions, for key sets of URLs; absent: none. */
  readonly publishers?: string
  readonly env: Environment
  /** Asked only for a private key that is encrypted. */
  password(key: string): () => Promise<Password | undefined>
  now(): number
}

export interface KeyReport {
  /** Path or `env://NAME`, as given. */
  readonly key: string
  readonly kind: 'private' | 'public' | 'unknown'
  readonly outcome: 'ok' | 'degraded' | 'failed'
  readonly exit: number
  /** Every key in the file: Chains' key id, and the hint of Sigstore bundles. */
  readonly ids: readonly { readonly keyid: string; readonly hint: string; readonly algorithm: string }[]
  readonly checks: readonly Diagnosis[]
}

const ALGORITHMS = { p256: 'ECDSA P-256', p384: 'ECDSA P-384', p521: 'ECDSA P-521', ed25519: 'Ed25519', rsa: 'RSA' }

/**
 * What one key is good for. Never throws for what is wrong with the key: an unreadable, weak or unknown one has a failed check (exit 2)
 * with the reason.
 *
 * @example (await diagnoseKey('cosign.pub', options)).ids[0]?.keyid // 'SHA256:oZ2oW4s1…'
 */
export async function diagnoseKey(key: string, options: KeyOptions): Promise<KeyReport> {
  const labels = await readPemBlocks(key, options.env, 'public').then(
    (blocks) => blocks.map(({ label }) => label),
    () => [],
  )
  const isPrivate = labels.some((label) => label.endsWith('PRIVATE KEY'))
  const kind = isPrivate ? 'private' : labels.length === 0 ? 'unknown' : 'public'
  const found: KeyObject[] = []
  const checks = isPrivate ? await signing(key, found, options) : await verifying(key, found, options)
  const has = (outcome: string) => checks.some((check) => check.outcome === outcome)
  return {
    key,
    kind,
    outcome: has('failed') ? 'failed' : has('degraded') ? 'degraded' : 'ok',
    exit: gravest(checks.map(exitOf)),
    ids: found.map((one) => ({ keyid: keyId(one), hint: keyHint(one), algorithm: nameOf(one) })),
    checks,
  }
}

const TEXT = Buffer.from('prov doctor tries a key')

async function signing(key: string, found: KeyObject[], options: KeyOptions): Promise<readonly Diagnosis[]> {
  const { env, now } = options
  let signer: KeySigner | undefined
  const sign = await examine('sign', now, async () => {
    signer = await loadSigner({ key, env, password: options.password(key) })
    found.push(signer.publicKey)
    await signer.sign(TEXT)
    return `${nameOf(signer.publicKey)} signs`
  })
  if (signer === undefined) return [sign]
  const own = signer
  const verify = await examine('verify', now, async () => {
    const { sig } = await own.sign(TEXT)
    const verdict = verifySignature(trustOf(own), TEXT, { sig })
    if (!verdict.ok) return { outcome: 'failed', detail: verdict.message }
    const beside = await publicKeyBeside(key)
    if (beside === undefined) return verdictOn(own.publicKey)
    const same = beside.equals(own.publicKey)
    return same ? 'and the .pub beside it is its own' : degraded('the .pub beside it is that of another key')
  })
  return [sign, verify]
}

async function verifying(key: string, found: KeyObject[], options: KeyOptions): Promise<readonly Diagnosis[]> {
  const { now, publishers } = options
  const all: Diagnosis[] = []
  const load = await examine('verify', now, async () => {
    const wish = { keys: [key], ...(publishers === undefined || !isKeyUrl(key) ? {} : { publishers }) }
    const { keys } = await loadTrustOf(wish, options)
    const usable = keys.filter(({ revoked }) => revoked === undefined)
    found.push(...usable.map(({ publicKey }) => createPublicKey(publicKey.export({ type: 'spki', format: 'pem' }))))
    return ''
  })
  if (load.outcome === 'failed') return [load]
  for (const one of found) all.push(stated('verify', verdictOn(one)))
  return all
}

function verdictOn(key: KeyObject): CheckResult {
  switch (keyKind(key)) {
    case 'ed25519':
      return degraded('Ed25519 verifies; Ed25519ph, which Tekton Chains makes with an imported key, does not')
    case 'p521':
      return degraded('ECDSA P-521 verifies what Tekton Chains signed; prov and cosign do not sign with it')
    default:
      return `${nameOf(key)} verifies`
  }
}

function nameOf(key: KeyObject): string {
  const kind = keyKind(key)
  return kind === 'rsa' ? `RSA ${key.asymmetricKeyDetails?.modulusLength}` : ALGORITHMS[kind]
}
