/** The certificates of a service, from files. */
import { createSecureContext } from 'node:tls'
import { ProvError } from '../errors.ts'
import { readOrRefuse } from '../platform/fs/read-limited.ts'
import type { TlsMaterial } from './connections.ts'

export interface TlsFiles {
  readonly cert: string
  readonly key: string
  readonly clientCa?: string
}

const MAX_BYTES = 1024 * 1024

/**
 * Reads them, and tries whether they can be used. Throws `config_invalid`, which quotes nothing of what they hold.
 *
 * @example await readTls({ cert: 'tls.crt', key: 'tls.key' })
 */
export async function readTls({ cert, key, clientCa }: TlsFiles): Promise<TlsMaterial> {
  const [ownCert, ownKey, ca] = await Promise.all([
    pem(cert, 'CERTIFICATE'),
    pem(key, 'PRIVATE KEY'),
    clientCa === undefined ? undefined : pem(clientCa, 'CERTIFICATE'),
  ])
  try {
    createSecureContext({ cert: ownCert, key: ownKey, ...(ca === undefined ? {} : { ca }) })
  } catch {
    throw new ProvError(
      'config_invalid',
      `the key ${key} does not belong to the certificate ${cert}, or one of them is damaged`,
      {
        location: key,
      },
    )
  }
  return { cert: ownCert, key: ownKey, ...(ca === undefined ? {} : { clientCa: ca }) }
}

async function pem(path: string, label: string): Promise<string> {
  const bytes = await readOrRefuse(path, MAX_BYTES, (why, cause) => refused(path, why, cause))
  const text = bytes.toString('latin1')
  if (text.includes(`${label}-----`)) return text
  throw refused(path, `holds no ${label.toLowerCase()} (PEM)`)
}

function refused(path: string, why: string, cause?: unknown): ProvError {
  return new ProvError('config_invalid', `${path} ${why}`, { location: path, cause })
}
