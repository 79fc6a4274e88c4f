/** The HTTP client as registries need it: their words, and the certificates that the settings name. */
import { readFile } from 'node:fs/promises'
import type { TlsOptions } from '../../../src/platform/http/agents.ts'
import { createHttp, type Http, type HttpOptions, type HttpRequest } from '../../../src/platform/http/client.ts'
import { failure } from '../failure.ts'
import { refusal } from './status.ts'

export interface RegistryHttpOptions extends Omit<HttpOptions, 'tls' | 'tlsHint' | 'refusal'> {
  /** Certificates are not verified. */
  readonly insecure: boolean
  /** PEM file with further certificate authorities. */
  readonly caFile: string | undefined
}

const TLS_HINT =
  'check the certificate authority (storage.oci.ca-file), or storage.oci.repository.insecure for a registry without TLS'

/** @example const http = registryHttp({ ...options, insecure: false, caFile: undefined }) */
export function registryHttp(options: RegistryHttpOptions): Http {
  const { insecure, caFile, now } = options
  let certificates: Promise<TlsOptions> | undefined
  const http = createHttp({
    ...options,
    refusal: (answer, where) => refusal(answer, where, now()),
    tlsHint: TLS_HINT,
    tls: () => {
      certificates ??= tlsOf(insecure, caFile)
      return certificates
    },
  })
  const ours = <T extends Pick<HttpRequest, 'where'>>(request: T): T => ({
    ...request,
    where: { backend: 'oci', ...request.where },
  })
  return {
    send: (request) => http.send(ours(request)),
    stream: (request, limits) => http.stream(ours(request), limits),
    once: (request) => http.once(ours(request)),
    close: http.close,
  }
}

/** What TLS to a registry is made with. Throws `config_invalid` for a file that cannot be read. @example await tlsOf(false, undefined) // { insecure: false } */
export async function tlsOf(insecure: boolean, caFile: string | undefined): Promise<TlsOptions> {
  if (caFile === undefined) return { insecure }
  const where = { operation: 'read', location: caFile }
  const what = 'the file of certificate authorities (storage.oci.ca-file)'
  const pem = await readFile(caFile, 'utf8').catch((cause: unknown) => {
    throw failure('config_invalid', `${what} could not be read`, where, { cause })
  })
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw failure('config_invalid', `${what} holds no PEM certificate`, where)
  }
  return { insecure, authorities: { pem, beside: true } }
}
