/** PEM from others, checked before a library parses it. Pure. */

/** A chain of forty certificates is shorter. */
export const MAX_PEM_LENGTH = 64 * 1024

const CERTIFICATES = /^\s*(?:-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+$/

/**
 * True for one or more certificates with nothing but white space around them, of at most {@link MAX_PEM_LENGTH} characters.
 *
 * @example isCertificates('-----BEGIN CERTIFICATE-----\nMIIB…\n-----END CERTIFICATE-----\n') // true
 */
export function isCertificates(text: string): boolean {
  return text.length <= MAX_PEM_LENGTH && CERTIFICATES.test(text)
}
