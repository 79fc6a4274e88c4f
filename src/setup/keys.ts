/** Whose signatures are trusted, from flags and environment. */

import { loadTrustOf, type TrustWish, type TrustWorld } from '../trust/load-trust.ts'
import type { Trust } from '../trust/trust.ts'
import type { World } from './world.ts'

/** The flags that say whose signatures are trusted, as they are parsed. */
export interface SignerFlags {
  readonly key: readonly string[]
  readonly keyPublisher?: string
  readonly keyring?: string
  readonly certificateIdentity?: string
  readonly certificateOidcIssuer?: string
  readonly trustedRoot?: string
  readonly caFile?: string
  readonly offline?: boolean
  readonly logThreshold?: number
  readonly timestampThreshold?: number
  readonly sctThreshold?: number
}

/**
 * What was given. PROV_VERIFY_KEY and PROV_KEYRING count only where no flag names a signer, PROV_TRUSTED_ROOT where no flag names a root.
 *
 * @example wishOf({ key: [] }, { env: { PROV_VERIFY_KEY: 'cosign.pub' } }).keys // ['cosign.pub']
 */
export function wishOf(flags: SignerFlags, { env }: Pick<World, 'env'>): TrustWish {
  const { key, keyring, certificateIdentity: identity, certificateOidcIssuer: issuer } = flags
  const ofEnv = (name: string): string | undefined => env[name] || undefined
  const [ownKey, ownRing] = isAnyoneTrusted(flags) ? [] : [ofEnv('PROV_VERIFY_KEY'), ofEnv('PROV_KEYRING')]
  const more = {
    publishers: flags.keyPublisher,
    keyring: keyring ?? ownRing,
    identity,
    issuer,
    trustedRoot: flags.trustedRoot ?? ofEnv('PROV_TRUSTED_ROOT'),
    caFile: flags.caFile,
    offline: flags.offline,
    logs: flags.logThreshold,
    timestamps: flags.timestampThreshold,
    scts: flags.sctThreshold,
  }
  const given = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined))
  return { keys: ownKey === undefined ? key : [ownKey], ...given }
}

/** True when a flag names a key, a keyring or an identity. @example isAnyoneTrusted({ key: [] }) // false */
export function isAnyoneTrusted({ key, keyring, certificateIdentity, certificateOidcIssuer }: SignerFlags): boolean {
  return key.length > 0 || (keyring ?? certificateIdentity ?? certificateOidcIssuer) !== undefined
}

/**
 * What is trusted; that nobody but a server vouches for keys is said. Throws `usage` when nobody is named, and what {@link loadTrustOf} throws.
 *
 * @example await trustFor({ key: ['cosign.pub'] }, world)
 */
export async function trustFor(flags: SignerFlags, world: TrustWorld): Promise<Trust> {
  const trust = await loadTrustOf(wishOf(flags, world), world)
  for (const { source, word } of trust.keySets ?? []) {
    if (word === 'server')
      world.warn?.(`keys of ${source} are taken on the word of its server; --key-publisher would verify them`)
  }
  return trust
}
