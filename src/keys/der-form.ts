/** Keys in binary forms: DER, PKCS#12, Java key stores. Pure. */
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import type { KeyContent, OddForm, Role } from './key-content.ts'

/** PBES2 and the older schemes of PKCS#5 and PKCS#12, at the beginning of an encrypted PKCS#8 structure. */
const ENCRYPTED = [Buffer.from('06092a864886f70d0105', 'hex'), Buffer.from('060a2a864886f70d010c01', 'hex')]

/** Undefined for anything else. */
export function derForm({ bytes, file }: KeyContent): OddForm | undefined {
  const to = `${file}.pem`
  if (bytes.length > 4 && bytes.readUInt32BE(0) === 0xfeedfeed) {
    const store = `keytool -importkeystore -srckeystore ${file} -destkeystore ${file}.p12 -deststoretype pkcs12`
    const remedy = (wanted: Role): string => `convert it with: ${store} && ${fromPkcs12(`${file}.p12`, to, wanted)}`
    return { what: 'is a Java key store', sound: true, remedy }
  }
  if (bytes[0] !== 0x30) return undefined
  if (isPkcs12(bytes)) {
    const remedy = (wanted: Role): string => `convert it with: ${fromPkcs12(file, to, wanted)}`
    return { what: 'is a PKCS#12 file', sound: true, remedy }
  }
  if (opens(() => new X509Certificate(bytes))) {
    const remedy = (wanted: Role): string | undefined =>
      wanted === 'public'
        ? `to trust its key whatever the certificate says: openssl x509 -inform DER -pubkey -noout -in ${file} > ${to}`
        : undefined
    return { what: 'is a certificate in DER', role: 'public', sound: true, remedy }
  }
  if (isPrivate(bytes)) {
    const remedy = (wanted: Role): string =>
      `convert it with: openssl pkey -inform DER -in ${file}${wanted === 'public' ? ' -pubout' : ''} -out ${to}`
    return { what: 'is a private key in DER', role: 'private', sound: true, remedy }
  }
  if (opens(() => createPublicKey({ key: bytes, format: 'der', type: 'spki' })) || isRsaPublic(bytes)) {
    const flags = isRsaPublic(bytes) ? 'rsa -RSAPublicKey_in' : 'pkey -pubin'
    const remedy = (wanted: Role): string | undefined =>
      wanted === 'public' ? `convert it with: openssl ${flags} -inform DER -in ${file} -out ${to}` : undefined
    return { what: 'is a public key in DER', role: 'public', sound: true, remedy }
  }
  return undefined
}

function fromPkcs12(file: string, to: string, wanted: Role): string {
  if (wanted === 'private') return `openssl pkcs12 -in ${file} -nocerts -nodes -out ${to}`
  return `openssl pkcs12 -in ${file} -clcerts -nokeys | openssl x509 -pubkey -noout > ${to}`
}

/** SEQUENCE { INTEGER 3, … }: the version of PFX (RFC 7292). */
function isPkcs12(bytes: Buffer): boolean {
  const length = bytes[1] ?? 0
  const at = length === 0x80 ? 2 : length > 0x80 ? 2 + (length & 0x7f) : 2
  return bytes[at] === 2 && bytes[at + 1] === 1 && bytes[at + 2] === 3
}

function isPrivate(bytes: Buffer): boolean {
  if (ENCRYPTED.some((id) => bytes.subarray(0, 40).includes(id))) return true
  const types = ['pkcs8', 'sec1', 'pkcs1'] as const
  return types.some((type) => opens(() => createPrivateKey({ key: bytes, format: 'der', type })))
}

function isRsaPublic(bytes: Buffer): boolean {
  return opens(() => createPublicKey({ key: bytes, format: 'der', type: 'pkcs1' }))
}

function opens(make: () => unknown): boolean {
  try {
    make()
    return true
  } catch {
    return false
  }
}
