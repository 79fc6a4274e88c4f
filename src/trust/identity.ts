/** Who may sign with a certificate: an identity and the issuer that vouches for it. Pure. */
import { X509Certificate } from 'node:crypto'
import { ProvError } from '../errors.ts'
import { boundedPattern } from '../platform/text/bounded-pattern.ts'
import type { Algorithm } from './made-by.ts'
import { isWithin, type Validity } from './validity.ts'

/** What a certificate states: the name in it (an e-mail address or a URI), and the identity provider that vouched for it. */
export interface Identity {
  readonly identity: string
  readonly issuer: string
}

/** One identity that is trusted. Texts are compared whole; `/^…$/` is a pattern for the whole. */
export interface IdentityRule extends Identity {
  /** What reports call it; absent: by its identity. */
  readonly name?: string
  /** When its signatures count; absent: always. */
  readonly validity?: Validity
  /** Algorithms that count beside the usual ones. */
  readonly algorithms?: readonly Algorithm[]
  readonly isIdentity: Matcher
  readonly isIssuer: Matcher
}

export type Matcher = (text: string) => boolean

/** No e-mail address or URI of a workflow is longer; a pattern is not tried on more. */
const MAX_LENGTH = 2048
/** No signer's certificate has more names; one that nobody has checked may have thousands. */
const MAX_NAMES = 20

/**
 * A rule from texts as people write them. Throws `usage` for an empty text, and for a pattern that is not anchored at both ends or that is
 * not a regular expression.
 *
 * @example identityRule({ identity: '/^.+@example\\.com$/', issuer: 'https://accounts.example.com' }).isIdentity('dev@example.com') // true
 */
export function identityRule(
  of: Identity & Pick<IdentityRule, 'name' | 'validity' | 'algorithms'>,
  names = { identity: '--certificate-identity', issuer: '--certificate-oidc-issuer' },
): IdentityRule {
  return { ...of, isIdentity: matcher(of.identity, names.identity), isIssuer: matcher(of.issuer, names.issuer) }
}

/** @example isPattern('/^.+@example\\.com$/') // true */
export function isPattern(text: string): boolean {
  return text.length > 1 && text.startsWith('/') && text.endsWith('/')
}

function matcher(text: string, name: string): Matcher {
  if (text.trim() === '') throw usage(`${name} is empty`, 'an empty text would be found in no certificate')
  if (!isPattern(text)) return (found) => found === text
  const inner = /^\/\^(.*)\$\/$/s.exec(text)?.[1]
  // An odd number of backslashes before the last `$` makes it a dollar sign.
  if (inner === undefined || /(?:^|[^\\])(?:\\\\)*\\$/.test(inner)) {
    throw usage(`${name} is a pattern that is not anchored at both ends`, 'write /^…$/')
  }
  let pattern: RegExp
  try {
    // In a group, so that both anchors hold for every alternative.
    pattern = new RegExp(`^(?:${inner})$`, 'u')
  } catch {
    throw usage(`${name} is not a regular expression`, String.raw`a dot that stands for itself is written \.`)
  }
  const matches = boundedPattern(pattern)
  return (found) => found.length <= MAX_LENGTH && matches(found)
}

function usage(message: string, hint: string): ProvError {
  return new ProvError('usage', message, { hint })
}

export type IdentityVerdict =
  | { readonly rule: IdentityRule }
  | {
      readonly code: 'identity_untrusted' | 'issuer_untrusted' | 'key_expired'
      readonly message: string
      /** As it is printed; absent where the certificate names nobody. */
      readonly signer?: string
    }

/**
 * The rule that this identity meets at all these times, or why there is none.
 *
 * @param times when the signature was made, as far as that is proven, in milliseconds since the epoch
 *
 * @example ruleFor(rules, { identity: 'dev@example.com', issuer: 'https://accounts.example.com' }, [Date.now()])
 */
export function ruleFor(rules: readonly IdentityRule[], found: Identity, times: readonly number[]): IdentityVerdict {
  const who = printable(found.identity)
  const signer = found.identity === '' ? {} : { signer: who }
  // A pattern may hold for an empty text; a certificate that names nobody is nobody's.
  const named = found.identity === '' ? [] : rules.filter((rule) => rule.isIdentity(found.identity))
  if (named.length === 0) {
    return { code: 'identity_untrusted', message: `it was signed by ${who}, who is not trusted`, ...signer }
  }
  const vouched = found.issuer === '' ? [] : named.filter((rule) => rule.isIssuer(found.issuer))
  if (vouched.length === 0) {
    const message = `it was signed by ${who}, for whom another issuer vouches: ${printable(found.issuer)}`
    return { code: 'issuer_untrusted', message, ...signer }
  }
  const rule = vouched.find(({ validity }) => isWithin(validity, times))
  if (rule !== undefined) return { rule }
  const message = `${who} signed it at a time at which that identity was not trusted`
  return { code: 'key_expired', message, ...signer }
}

/**
 * True when the certificate names a trusted identity. Nothing is proven by that: it says whose the signature pretends to be.
 *
 * @example pretends(rules, signature.certificate) // false without a certificate
 */
export function pretends(rules: readonly IdentityRule[], certificate: string | undefined): boolean {
  if (!certificate || rules.length === 0) return false
  let names: readonly string[]
  try {
    const all = (new X509Certificate(certificate).subjectAltName ?? '').split(', ', MAX_NAMES)
    names = all.map((name) => name.replace(/^\w+:/, ''))
  } catch {
    return false
  }
  return rules.some((rule) => names.some((name) => name !== '' && rule.isIdentity(name)))
}

/** What comes from a certificate may hold anything, control characters for the terminal included. */
function printable(text: string): string {
  if (text === '') return '(nobody named)'
  const clean = text.replace(/[^\x21-\x7e]/g, '?')
  return clean.length > 200 ? `${clean.slice(0, 200)}…` : clean
}
