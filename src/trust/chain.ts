/** Which certificates of others may stand between a certificate and an authority of one's own. Pure but for the mathematics. */
import type { X509Certificate as ParsedCertificate } from '@sigstore/core'

/** Extensions that the checks here and in @sigstore/verify know: identifiers, key usage, alternative names, policies, basic constraints. */
const KNOWN = ['14', '15', '17', '19', '32', '35', '37'].map((arc) => `2.5.29.${arc}`)
const NAME_CONSTRAINTS = '2.5.29.30'

/**
 * False for a certificate that limits what it is good for in a way that nobody here checks: an unknown extension that is critical, or name
 * constraints, critical or not (RFC 5280 4.2, 4.2.1.10). Also false for one that cannot be read.
 *
 * @example isUnderstood(X509Certificate.parse(pem)) // true
 */
export function isUnderstood(certificate: ParsedCertificate): boolean {
  try {
    return certificate.extensions.every((one) => {
      const oid = one.subs[0]?.toOID() ?? ''
      const isCritical = one.subs.length === 3 && one.subs[1]?.toBoolean() === true
      return oid !== NAME_CONSTRAINTS && (!isCritical || KNOWN.includes(oid))
    })
  } catch {
    return false
  }
}

/**
 * Of the certificates that stand beside a signature those of authorities to which one of `trusted` leads, step by step. The library takes
 * whatever it is given as the end of a path, so it must be given no other: one can sign itself under two names, and then it looks like an
 * intermediate.
 *
 * @example issuedUnder(authority.certificates, beside).length
 */
export function issuedUnder(
  trusted: readonly ParsedCertificate[],
  beside: readonly ParsedCertificate[],
): readonly ParsedCertificate[] {
  const admitted: ParsedCertificate[] = []
  let left = beside
  let issuers = trusted
  while (issuers.length > 0 && left.length > 0) {
    const next = left.filter((one) => issuers.some((issuer) => isIssuedBy(one, issuer)))
    left = left.filter((one) => !next.includes(one))
    admitted.push(...next)
    issuers = next
  }
  return admitted
}

function isIssuedBy(one: ParsedCertificate, issuer: ParsedCertificate): boolean {
  try {
    return one.isCA && isUnderstood(one) && one.issuer.equals(issuer.subject) && one.verify(issuer)
  } catch {
    return false
  }
}
