/** A keyring: keys and identities that are trusted, each with the time in which it signs. A file of YAML or JSON. */

import { dirname, resolve } from 'node:path'
import { ProvError } from '../errors.ts'
import type { Environment } from '../keys/pem.ts'
import type { JsonRecord } from '../platform/text/guards.ts'
import { type IdentityRule, identityRule, isPattern } from './identity.ts'
import { ALGORITHMS, type Algorithm } from './made-by.ts'
import { keysIn, readKeys } from './read-keys.ts'
import type { GivenKey } from './trust.ts'
import type { Validity } from './validity.ts'
import { yamlForm } from './yaml-form.ts'

/** The file as it is written; `prov schema keyring` is made of this. */
export interface KeyringFile {
  readonly v: 1
  /** How many of the signers below an entry needs; absent: one. */
  readonly threshold?: number
  readonly keys?: readonly KeyringKey[]
  readonly identities?: readonly KeyringIdentity[]
}

export interface KeyringKey {
  /** What reports call it. */
  readonly name?: string
  /** Public key, PEM: a path, from the folder of the keyring. Either this or `pem`. */
  readonly file?: string
  /** The public key itself, PEM. */
  readonly pem?: string
  /** Signatures made before this do not count: a date such as 2026-01-31T00:00:00Z. */
  readonly from?: string
  /** Signatures made after this do not count. Wants a `from`. */
  readonly until?: string
  /** The only algorithm that counts; absent: those that Chains and cosign use with such a key. */
  readonly algorithm?: Algorithm
}

export interface KeyringIdentity {
  readonly name?: string
  /** The e-mail address or URI in the certificate, whole, or a pattern for the whole: /^…$/. */
  readonly identity: string
  /** The issuer that vouches for it, likewise. */
  readonly issuer: string
  readonly from?: string
  readonly until?: string
  /** Algorithms that count beside ecdsa-p256-sha256, ecdsa-p384-sha256, ed25519 and rsa-pkcs1-sha256. */
  readonly algorithms?: readonly Algorithm[]
}

export interface Keyring {
  readonly keys: readonly GivenKey[]
  readonly identities: readonly IdentityRule[]
  readonly threshold?: number
}

const MAX_SIGNERS = 1000
const FORM = yamlForm('prov schema keyring prints the form of a keyring')
const { refused } = FORM

/**
 * Reads a keyring. Throws `trust_unreadable` for what is not one, with the place in it, and what reading its keys throws.
 *
 * @param now milliseconds since the epoch: a key whose window is over is called retired
 *
 * @example (await readKeyring('keyring.yaml', process.env, Date.now())).keys[0]?.validity
 */
export async function readKeyring(path: string, env: Environment, now: number): Promise<Keyring> {
  const file = await FORM.read(path, ['v', 'threshold', 'keys', 'identities'])
  const listed = FORM.list(path, file, 'keys')
  const named = FORM.list(path, file, 'identities')
  if (listed.length + named.length === 0) throw refused(path, 'names no key and no identity')
  if (listed.length + named.length > MAX_SIGNERS) throw refused(path, `names more than ${MAX_SIGNERS} signers`)
  const keys = await Promise.all(listed.map((one, i) => keysOf(`${path}: keys[${i}]`, path, one, env, now)))
  const identities = named.map((one, i) => identityOf(`${path}: identities[${i}]`, one))
  // A pattern may stand for any number of people.
  const isOpen = identities.some(({ identity, issuer }) => isPattern(identity) || isPattern(issuer))
  const signers = isOpen ? Number.POSITIVE_INFINITY : keys.flat().length + identities.length
  const threshold = thresholdOf(path, file['threshold'], signers)
  return { keys: keys.flat(), identities, ...(threshold === undefined ? {} : { threshold }) }
}

async function keysOf(
  where: string,
  path: string,
  value: unknown,
  env: Environment,
  now: number,
): Promise<readonly GivenKey[]> {
  const key = FORM.members(where, value, ['name', 'file', 'pem', 'from', 'until', 'algorithm'])
  const { file, pem } = { file: FORM.text(where, key, 'file'), pem: FORM.text(where, key, 'pem') }
  if ((file === undefined) === (pem === undefined)) throw refused(where, 'wants either file or pem')
  const name = FORM.text(where, key, 'name')
  const source = name ?? (file === undefined ? where : file)
  const read = file === undefined ? keysIn(source, pem ?? '') : await readKeys([resolve(dirname(path), file)], env)
  const validity = validityOf(where, key)
  const algorithm = FORM.text(where, key, 'algorithm')
  const more = algorithm === undefined ? {} : { algorithm: algorithmOf(where, algorithm) }
  const window = validity === undefined ? {} : { validity }
  const retired = (validity?.until ?? now) < now ? { retired: true as const } : {}
  return read.map(({ publicKey }) => ({ publicKey, source, ...window, ...more, ...retired }))
}

function identityOf(where: string, value: unknown): IdentityRule {
  const one = FORM.members(where, value, ['name', 'identity', 'issuer', 'from', 'until', 'algorithms'])
  const identity = FORM.text(where, one, 'identity') ?? refuse(where, 'names no identity')
  const issuer = FORM.text(where, one, 'issuer') ?? refuse(where, 'names no issuer')
  const name = FORM.text(where, one, 'name')
  const validity = validityOf(where, one)
  const algorithms = FORM.list(where, one, 'algorithms').map((each) => algorithmOf(where, String(each)))
  try {
    return identityRule(
      {
        identity,
        issuer,
        ...(name === undefined ? {} : { name }),
        ...(validity === undefined ? {} : { validity }),
        ...(algorithms.length === 0 ? {} : { algorithms }),
      },
      { identity: 'identity', issuer: 'issuer' },
    )
  } catch (error) {
    if (error instanceof ProvError) throw refused(where, `is not allowed: ${error.message}`, error.hint)
    throw error
  }
}

function algorithmOf(where: string, text: string): Algorithm {
  if (Object.hasOwn(ALGORITHMS, text)) return text as Algorithm
  throw refused(where, 'names an algorithm that prov does not know', `use one of ${Object.keys(ALGORITHMS).join(', ')}`)
}

function validityOf(where: string, one: JsonRecord): Validity | undefined {
  const [from, until] = [timeOf(where, one, 'from'), timeOf(where, one, 'until')]
  if (from === undefined && until === undefined) return undefined
  if (from === undefined) throw refused(where, 'has an until and no from: a window without a start is not allowed')
  if (until !== undefined && until <= from) throw refused(where, 'ends before it begins')
  return { from, ...(until === undefined ? {} : { until }) }
}

const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/

function timeOf(where: string, one: JsonRecord, name: string): number | undefined {
  const text = FORM.text(where, one, name)
  if (text === undefined) return undefined
  const time = TIME.test(text) ? Date.parse(text) : Number.NaN
  // Date.parse turns the 30th of February into a day of March.
  const isReal = new Date(Date.parse(`${text.slice(0, 10)}T00:00:00Z`)).getUTCDate() === Number(text.slice(8, 10))
  if (Number.isNaN(time) || !isReal)
    throw refused(where, `has a ${name} that is not a date such as 2026-01-31T00:00:00Z`)
  return time
}

function thresholdOf(path: string, value: unknown, signers: number): number | undefined {
  if (value === undefined) return undefined
  const threshold = typeof value === 'string' && /^[1-9][0-9]{0,3}$/.test(value) ? Number(value) : Number.NaN
  if (Number.isNaN(threshold)) throw refused(path, 'has a threshold that is not a whole number from 1')
  if (threshold > signers) throw refused(path, `asks for ${threshold} signers and names ${signers}`)
  return threshold
}

function refuse(where: string, why: string): never {
  throw refused(where, why)
}
