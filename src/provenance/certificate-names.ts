/** Who a certificate was issued to: the subject alternative names by which Sigstore names people and workflows. Pure. */
import { X509Certificate } from 'node:crypto'
import { sha256Hex } from '../model/entry.ts'

/** Names in one certificate that are read; real ones have one. */
const MOST_NAMES = 50

const SAN = '551d11' // 2.5.29.17
/** Fulcio's otherName for user names that are not e-mail addresses: 1.3.6.1.4.1.57264.1.7, a UTF8String. */
const FULCIO_USER = '2b0601040183bf300107'

const [SEQUENCE, OID, OCTETS, UTF8, EXTENSIONS] = [0x30, 0x06, 0x04, 0x0c, 0xa3]
const [OTHER_NAME, EMAIL, DNS, URI, EXPLICIT] = [0xa0, 0x81, 0x82, 0x86, 0xa0]

/** One value of DER: its tag and the bytes inside. */
interface Value {
  readonly tag: number
  readonly bytes: Uint8Array
}

export interface CertificateNames {
  /** sha256 of its key's SPKI DER, hex. */
  readonly key: string
  /** E-mail addresses, URIs, DNS names and Fulcio's user names, in their order. */
  readonly names: readonly string[]
}

/**
 * The key and the names of a certificate in PEM; undefined for what cannot be read. Nothing is verified here.
 *
 * @example namesOfCertificate(signature.certificate)?.names // ['https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main']
 */
export function namesOfCertificate(pem: string): CertificateNames | undefined {
  try {
    const certificate = new X509Certificate(pem)
    const key = sha256Hex(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    return { key, names: alternativeNames(certificate.raw) }
  } catch {
    return undefined
  }
}

function alternativeNames(der: Uint8Array): readonly string[] {
  const [certificate] = valuesIn(der)
  const [body] = insideOf(certificate, SEQUENCE)
  const extensions = insideOf(body, SEQUENCE).find(({ tag }) => tag === EXTENSIONS)
  for (const extension of insideOf(valuesIn(extensions?.bytes)[0], SEQUENCE)) {
    const parts = insideOf(extension, SEQUENCE)
    if (hex(parts[0]) !== SAN) continue
    const value = parts.find(({ tag }) => tag === OCTETS)
    return insideOf(valuesIn(value?.bytes)[0], SEQUENCE)
      .slice(0, MOST_NAMES)
      .flatMap((name) => nameOf(name) ?? [])
  }
  return []
}

function nameOf({ tag, bytes }: Value): string | undefined {
  if (tag === EMAIL || tag === DNS || tag === URI) return text(bytes)
  if (tag !== OTHER_NAME) return undefined
  const [type, value] = valuesIn(bytes)
  const [user] = insideOf(value, EXPLICIT)
  return type?.tag === OID && hex(type) === FULCIO_USER && user?.tag === UTF8 ? text(user.bytes) : undefined
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8')
}

function hex(value: Value | undefined): string {
  return value === undefined ? '' : Buffer.from(value.bytes).toString('hex')
}

/** What a value of this tag holds; [] for another. */
function insideOf(value: Value | undefined, tag: number): readonly Value[] {
  return value?.tag === tag ? valuesIn(value.bytes) : []
}

/** The values that follow each other in these bytes, up to the first that does not fit. */
function valuesIn(bytes: Uint8Array = new Uint8Array()): readonly Value[] {
  const found: Value[] = []
  for (let at = 0; at + 2 <= bytes.length; ) {
    const tag = bytes[at] ?? 0
    let length = bytes[at + 1] ?? 0
    let start = at + 2
    if (length > 0x80) {
      const wide = length - 0x80
      if (wide > 4 || start + wide > bytes.length) break
      length = Buffer.from(bytes.subarray(start, start + wide)).readUIntBE(0, wide)
      start += wide
    }
    if (start + length > bytes.length) break
    found.push({ tag, bytes: bytes.subarray(start, start + length) })
    at = start + length
  }
  return found
}
