/** Which certificate authorities are trusted, for every TLS connection of this process: Node's own, NODE_EXTRA_CA_CERTS, and the machine's. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Env } from './proxy.ts'

const MAX_FILE_BYTES = 8 * 1024 * 1024
const MOST_FILES = 5_000

/** Where Linux distributions keep all their authorities in one file, as Go looks for them (crypto/x509). */
const BUNDLES: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

/** What has been added already, by the variables that it came from. */
const done = new Set<string>()

/**
 * Adds the authorities of SSL_CERT_FILE, SSL_CERT_DIR and the system's store to those that Node trusts. Once for each setting; what cannot
 * be read is passed over, as OpenSSL does ({@link certificateHint} tells). Certificates are public: this never makes one of another
 * process trusted, nor takes one away.
 *
 * @example await trustRoots(process.env)
 */
export async function trustRoots(env: Env): Promise<void> {
  const key = JSON.stringify([env['SSL_CERT_FILE'], env['SSL_CERT_DIR']])
  if (done.has(key)) return
  const [{ getCACertificates, setDefaultCACertificates }, { X509Certificate }] = await Promise.all([
    import('node:tls'),
    import('node:crypto'),
  ])
  if (done.has(key)) return
  const isFirst = done.size === 0
  done.add(key)
  const known = getCACertificates('default')
  const seen = new Set(known.map(bodyOf))
  const more = [...named(env), ...(isFirst ? system(getCACertificates) : [])]
  const fresh = more.filter((pem) => !seen.has(bodyOf(pem)) && seen.add(bodyOf(pem)) && isUsable(pem))
  if (fresh.length > 0) setDefaultCACertificates([...known, ...fresh])

  /** One bad certificate would make Node refuse all of them. */
  function isUsable(pem: string): boolean {
    try {
      return new X509Certificate(pem).raw.length > 0
    } catch {
      return false
    }
  }
}

/**
 * What to do about a certificate that is not trusted, for the hint of an error.
 *
 * @example certificateHint({ SSL_CERT_FILE: '/missing.pem' }) // '… SSL_CERT_FILE names /missing.pem, which cannot be read'
 */
export function certificateHint(env: Env): string {
  const file = env['SSL_CERT_FILE']
  const hint =
    "name the certificate authority with SSL_CERT_FILE, SSL_CERT_DIR or NODE_EXTRA_CA_CERTS, or add it to the system's store"
  return file && read(file) === undefined ? `${hint}; SSL_CERT_FILE names a file that cannot be read` : hint
}

function named(env: Env): readonly string[] {
  const { SSL_CERT_FILE: file, SSL_CERT_DIR: folders } = env
  const inFolders = (folders ?? '').split(':').filter(Boolean).flatMap(filesIn)
  return [...(file ? [file] : []), ...inFolders].flatMap((path) => certificatesIn(read(path) ?? ''))
}

function system(getCACertificates: (type: 'system') => readonly string[]): readonly string[] {
  if (process.platform === 'linux') {
    const bundle = BUNDLES.find((path) => existsSync(path))
    if (bundle !== undefined) return certificatesIn(read(bundle) ?? '')
  }
  return getCACertificates('system')
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .slice(0, MOST_FILES)
      .map((name) => join(folder, name))
  } catch {
    return []
  }
}

/** undefined: there is none, or it is not a regular file of a sensible size. */
function read(path: string): string | undefined {
  try {
    const { size } = statSync(path)
    return statSync(path).isFile() && size <= MAX_FILE_BYTES ? readFileSync(path, 'latin1') : undefined
  } catch {
    return undefined
  }
}

/** The PEM blocks of a text; `TRUSTED CERTIFICATE` is OpenSSL's own form with more in it, and is left out. */
function certificatesIn(text: string): readonly string[] {
  const end = '-----END CERTIFICATE-----'
  return text
    .split('-----BEGIN CERTIFICATE-----')
    .slice(1)
    .flatMap((part) => {
      const at = part.indexOf(end)
      return at < 0 ? [] : [`-----BEGIN CERTIFICATE-----${part.slice(0, at)}${end}\n`]
    })
}

function bodyOf(pem: string): string {
  return pem.replaceAll(/-----[A-Z ]+-----|\s+/g, '')
}
