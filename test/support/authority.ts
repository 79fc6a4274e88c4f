/** A small Sigstore of the tests: a certificate authority made by openssl, and a log that promises (Rekor v1), with their trusted root. */
import { execFileSync } from 'node:child_process'
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyHint } from '../../src/keys/key-id.ts'
import type { Entry, Signature } from '../../src/model/entry.ts'
import { signedBytes } from '../../src/model/envelope.ts'
import { scratch } from './scratch.ts'

/** What is asked of openssl for one certificate. */
export interface Wanted {
  /** Of the certificate; absent: the name of its file. */
  readonly subject?: string
  /** The one who signs it; absent: itself. */
  readonly by?: Holder
  /** Lines of an extension file. */
  readonly extensions?: readonly string[]
  /** Arguments of `openssl genpkey`; absent: a P-256 key. */
  readonly key?: readonly string[] | KeyObject
  /** Of validity; absent: 2. With -1 it is over. */
  readonly days?: number
}

/** Someone with a key and a certificate. */
export interface Holder {
  readonly privateKey: KeyObject
  readonly certificate: string
  readonly files: { readonly key: string; readonly certificate: string }
}

const P256 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
export const CA_EXTENSIONS = [
  'basicConstraints=critical,CA:TRUE',
  'keyUsage=critical,keyCertSign',
  'subjectKeyIdentifier=hash',
]
export const ISSUER = 'https://issuer.example.com'

/** Extensions of a signer's certificate, as Fulcio makes them. @example signerExtensions('email:dev@example.com') */
export function signerExtensions(name: string, issuer: string = ISSUER): readonly string[] {
  return [
    'keyUsage=critical,digitalSignature',
    'extendedKeyUsage=codeSigning',
    `subjectAltName=critical,${name}`,
    `1.3.6.1.4.1.57264.1.8=ASN1:UTF8String:${issuer}`,
  ]
}

/** @example issue({ extensions: CA_EXTENSIONS }).certificate // '-----BEGIN CERTIFICATE-----…' */
export function issue({ subject = '/CN=test', by, extensions = [], key = P256, days = 2 }: Wanted): Holder {
  const folder = scratch()
  const file = (name: string): string => join(folder, name)
  const files = { key: file('key.pem'), certificate: file('certificate.pem') }
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { stdio: 'pipe' })
  if (Array.isArray(key)) openssl('genpkey', ...key, '-out', files.key)
  else writeFileSync(files.key, (key as KeyObject).export({ type: 'pkcs8', format: 'pem' }))
  writeFileSync(file('extensions'), extensions.join('\n'))
  openssl('req', '-new', '-key', files.key, '-subj', subject, '-out', file('request'))
  const signed = by === undefined ? ['-key', files.key] : ['-CA', by.files.certificate, '-CAkey', by.files.key]
  const extended = ['-extfile', file('extensions')]
  openssl(
    'x509',
    '-req',
    '-in',
    file('request'),
    ...signed,
    '-days',
    String(days),
    ...extended,
    '-out',
    files.certificate,
  )
  const privateKey = createPrivateKey(readFileSync(files.key))
  return { privateKey, certificate: readFileSync(files.certificate, 'utf8'), files }
}

/** A log with a key of its own. */
export interface Log {
  readonly id: Buffer
  readonly key: KeyObject
  readonly publicKey: Buffer
}

export function openLog(): Log {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  return { id: Buffer.from(keyHint(publicKey), 'base64'), key: privateKey, publicKey: spki }
}

/** The log's entry about this signature, with its promise at `seconds` since the epoch. */
export function logged(log: Log, entry: Entry, sig: Uint8Array, seconds: number): string {
  const body = Buffer.from(
    JSON.stringify({
      apiVersion: '0.0.1',
      kind: 'hashedrekord',
      spec: {
        data: { hash: { algorithm: 'sha256', value: createHash('sha256').update(signedBytes(entry)).digest('hex') } },
        signature: { content: Buffer.from(sig).toString('base64') },
      },
    }),
  ).toString('base64')
  const said = JSON.stringify({ body, integratedTime: seconds, logID: log.id.toString('hex'), logIndex: 7 })
  return JSON.stringify({
    logIndex: '7',
    logId: { keyId: log.id.toString('base64') },
    kindVersion: { kind: 'hashedrekord', version: '0.0.1' },
    integratedTime: String(seconds),
    inclusionPromise: { signedEntryTimestamp: sign('sha256', Buffer.from(said), log.key).toString('base64') },
    canonicalizedBody: body,
  })
}

/** A file with the trusted root of these. */
export function rootFile(log: Log, authorities: readonly (readonly Holder[])[]): string {
  const validFor = { start: '2020-01-01T00:00:00Z' }
  const raw = ({ certificate }: Holder) => ({ rawBytes: certificate.replace(/-----.*-----|\s/g, '') })
  const root = {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [
      {
        baseUrl: 'https://log.example.com',
        hashAlgorithm: 'SHA2_256',
        publicKey: { rawBytes: log.publicKey.toString('base64'), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor },
        logId: { keyId: log.id.toString('base64') },
      },
    ],
    certificateAuthorities: authorities.map((chain) => ({ certChain: { certificates: chain.map(raw) }, validFor })),
  }
  const file = join(scratch(), 'root.json')
  writeFileSync(file, JSON.stringify(root))
  return file
}

/** The entry signed by this key, with these things beside and the promise of the log. */
export function signedWith(
  log: Log,
  entry: Entry,
  key: KeyObject,
  beside: Partial<Signature>,
  hash: string | null = 'sha256',
  seconds: number = Math.floor(Date.now() / 1000),
): Entry {
  const { envelope: _, ...rest } = entry
  const sig = sign(hash, signedBytes(entry), key)
  return { ...rest, signatures: [{ sig, ...beside, logEntries: [logged(log, entry, sig, seconds)] }] }
}
