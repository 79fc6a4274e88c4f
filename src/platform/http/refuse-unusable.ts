/** What is known of a connection before anybody is asked: whether the proxies and certificates that are set can be used at all. */
import { type AgentsOptions, type TlsOptions, tlsSettings, unusable } from './agents.ts'
import type { Where } from './exchange.ts'
import { readProxy } from './proxy.ts'

const VARIABLES = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'https_proxy', 'http_proxy', 'all_proxy']

/**
 * Throws `config_invalid` for a proxy of the environment that prov cannot use, whatever host it would be used for, and for certificates
 * that are not usable. Asks nobody.
 *
 * @example await refuseUnusable({ env: process.env }, {}, { operation: 'connect', location: 'registry' })
 */
export async function refuseUnusable(
  { env }: Pick<AgentsOptions, 'env'>,
  tls: TlsOptions,
  where: Where,
): Promise<void> {
  for (const variable of VARIABLES) {
    const value = env[variable]?.trim()
    const choice = value ? readProxy(value, variable) : undefined
    if (choice?.kind === 'unusable') throw unusable(choice, where)
  }
  if (tls.authorities !== undefined || tls.certificate !== undefined) await tlsSettings(tls, where)
}
