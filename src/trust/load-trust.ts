/** Everything that is trusted, from flags and files. What only certificates need is loaded only where there are any. */

import { ProvError } from '../errors.ts'
import type { Environment } from '../keys/pem.ts'
import { readOrRefuse } from '../platform/fs/read-limited.ts'
import { type IdentityRule, identityRule } from './identity.ts'
import type { Keyring } from './keyring.ts'
import type { OnlineWorld } from './online-world.ts'
import { readKeys } from './read-keys.ts'
import type { GivenKey, ProofDemands, ProofJudge, Trust } from './trust.ts'
import { trustIn } from './trusted-keys.ts'

/** What was given; absent members were not. */
export interface TrustWish {
  /** Paths of public keys, or `env://NAME`; https URLs and files named `.json` are key sets. */
  readonly keys: readonly string[]
  /** File that names the publishers of regions, whose word counts for the key sets of URLs; absent: that of their servers does. */
  readonly publishers?: string
  readonly keyring?: string
  readonly identity?: string
  readonly issuer?: string
  readonly trustedRoot?: string
  readonly caFile?: string
  readonly offline?: boolean
  readonly logs?: number
  readonly timestamps?: number
  readonly scts?: number
}

export interface TrustWorld {
  readonly env: Environment
  /** Milliseconds since the epoch. */
  now(): number
  /** Ends what is read from the network. It and `random` are needed for key sets of URLs. */
  readonly signal?: AbortSignal
  random?(size: number): Uint8Array
  /** One line that people should see; absent: nobody does. */
  warn?(line: string): void
  /** A trusted root may be looked at without anybody who is trusted. */
  readonly isRootAlone?: boolean
}

function onlineOf(world: TrustWorld): OnlineWorld {
  const { env, signal, random } = world
  if (signal === undefined || random === undefined) throw new ProvError('internal', 'no network was given to read keys')
  return {
    env,
    signal,
    now: () => world.now(),
    random: (size) => random.call(world, size),
    debug: () => {},
    warn: (line) => world.warn?.(line),
  }
}

const NO_SETS = { keys: [], keySets: [], regions: [] } as const

/** True for a key set that is read from the network; `http:` too: it is refused by name, not taken for a file. @example isKeyUrl('cosign.pub') // false */
export function isKeyUrl(key: string): boolean {
  return /^https?:\/\//i.test(key)
}

function isKeySet(key: string): boolean {
  return isKeyUrl(key) || (!key.startsWith('env://') && /\.json$/i.test(key))
}

const MAX_CA_BYTES = 256 * 1024

/**
 * The trust. Throws `usage` when nobody is trusted or half of an identity is given, `trust_unreadable`, and what reading keys throws.
 *
 * @example await loadTrustOf({ keys: [], identity: 'dev@example.com', issuer: 'https://accounts.example.com' }, io)
 */
export async function loadTrustOf(wish: TrustWish, world: TrustWorld): Promise<Trust> {
  const own = ownIdentity(wish)
  const ring: Keyring =
    wish.keyring === undefined
      ? { keys: [], identities: [] }
      : await (await import('./keyring.ts')).readKeyring(wish.keyring, world.env, world.now())
  const [sets, plain] = [wish.keys.filter(isKeySet), wish.keys.filter((key) => !isKeySet(key))]
  if (wish.publishers !== undefined && !sets.some(isKeyUrl)) {
    throw new ProvError('usage', '--key-publisher is for keys that come from a URL, and none was given', {
      hint: 'use --key https://…/keys.json with it',
    })
  }
  const {
    keys: served,
    keySets,
    regions,
  } = sets.length === 0
    ? NO_SETS
    : await (await import('./jwks.ts')).readKeySets(sets, wish.publishers, onlineOf(world))
  const given = [...(await readKeys(plain, world.env)), ...served]
  const keys = [...given, ...ring.keys]
  const identities = [...own, ...ring.identities]
  const isRoot = world.isRootAlone === true && (wish.trustedRoot ?? wish.caFile) !== undefined
  if (keys.length + identities.length === 0 && !isRoot) {
    throw new ProvError('usage', 'no public key was given to verify with', {
      hint: 'use --key cosign.pub, or --certificate-identity with --certificate-oidc-issuer, or --keyring',
    })
  }
  const { threshold } = ring
  const proofs = needsRoot(wish, keys, identities) ? await openJudge(wish, identities, world) : undefined
  return trustIn(keys, {
    ...(proofs === undefined ? {} : { proofs }),
    ...(threshold === undefined ? {} : { threshold }),
    ...(keySets.length === 0 ? {} : { keySets }),
    ...(regions.length === 0 ? {} : { regions }),
  })
}

function ownIdentity({ identity, issuer }: TrustWish): readonly IdentityRule[] {
  if (identity === undefined && issuer === undefined) return []
  if (identity === undefined || issuer === undefined) {
    const [has, lacks] = ['--certificate-identity', '--certificate-oidc-issuer'].toSorted(() =>
      identity === undefined ? -1 : 1,
    )
    throw new ProvError('usage', `${has} wants ${lacks} as well`, {
      hint: 'one name may be vouched for by several issuers, so both are compared',
    })
  }
  return [identityRule({ identity, issuer })]
}

function needsRoot(
  wish: TrustWish,
  keys: readonly Pick<GivenKey, 'validity'>[],
  identities: readonly unknown[],
): boolean {
  const { trustedRoot, caFile, logs = 0, timestamps = 0 } = wish
  const isNamed = trustedRoot !== undefined || caFile !== undefined
  return (
    isNamed ||
    logs + timestamps > 0 ||
    identities.length > 0 ||
    keys.some(({ validity }) => validity !== undefined && validity.unproven !== true)
  )
}

const CERTIFIED: ProofDemands = { logs: 1, timestamps: 1, scts: 1 }
const BY_KEY: ProofDemands = { logs: 0, timestamps: 0, scts: 0 }

async function openJudge(
  wish: TrustWish,
  identities: readonly IdentityRule[],
  { env, now }: TrustWorld,
): Promise<ProofJudge> {
  const [{ readRoot }, { rootMaterial, ownAuthority }, { openProofs }] = await Promise.all([
    import('./root.ts'),
    import('./root-material.ts'),
    import('./proofs.ts'),
  ])
  const { trustedRoot, caFile, offline = false, logs, timestamps, scts } = wish
  const root = await readRoot({ offline, env, ...(trustedRoot === undefined ? {} : { file: trustedRoot }) })
  const authorities = caFile === undefined ? [] : [ownAuthority(caFile, await readAuthority(caFile))]
  const said = {
    ...(logs === undefined ? {} : { logs }),
    ...(timestamps === undefined ? {} : { timestamps }),
    ...(scts === undefined ? {} : { scts }),
  }
  return openProofs({
    root: rootMaterial(root),
    authorities,
    identities,
    keyDemands: { ...BY_KEY, ...said },
    demands: { ...CERTIFIED, ...said },
    now: now(),
  })
}

async function readAuthority(path: string): Promise<string> {
  const bytes = await readOrRefuse(path, MAX_CA_BYTES, (why) => {
    return new ProvError('trust_unreadable', `${path} ${why}`, {
      location: path,
      hint: 'give the chain of the authority, PEM',
    })
  })
  return bytes.toString('latin1')
}
