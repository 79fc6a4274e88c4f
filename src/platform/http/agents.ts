/** Connections: through the proxy that the environment names for a URL, or straight; with the certificates that count. */
import { Agent } from 'node:http'
import type { AgentOptions } from 'node:https'
import { ProvError } from '../../errors.ts'
import { isLoopback } from './addresses.ts'
import type { Route, Where } from './exchange.ts'
import { type Env, type ProxyChoice, proxyFor, readProxy } from './proxy.ts'
import { trustRoots } from './roots.ts'

export interface TlsOptions {
  /** Certificates are not verified. */
  readonly insecure?: boolean | undefined
  /** PEM of authorities. `beside`: in addition to those that are trusted anyway. */
  readonly authorities?: { readonly pem: string; readonly beside: boolean } | undefined
  /** Of the client. */
  readonly certificate?: { readonly pem: string; readonly key: string } | undefined
  /** The name that the server's certificate must be for, where it is not that of the URL. */
  readonly serverName?: string | undefined
}

export interface AgentsOptions {
  /** HTTP_PROXY and its like, SSL_CERT_FILE and SSL_CERT_DIR are read from here. */
  readonly env: Env
  /** A proxy of its own, whatever the environment says: for all but this machine. */
  readonly proxyUrl?: string | undefined
}

export interface Agents {
  /** Throws `config_invalid` for a proxy that prov cannot use: it is never gone round. */
  route(url: URL, tls: TlsOptions, where: Where): Promise<Route>
  close(): void
}

const SOCKETS = 64

/** @example const { agent } = await createAgents({ env: process.env }).route(url, {}, where) */
export function createAgents({ env, proxyUrl }: AgentsOptions): Agents {
  const made = new Map<string, Promise<Agent>>()

  function choose(url: URL): ProxyChoice {
    if (proxyUrl === undefined) return proxyFor(url, env)
    return isLoopback(url.hostname) ? { kind: 'straight' } : readProxy(proxyUrl, 'proxy-url')
  }

  async function make(secure: boolean, proxy: URL | undefined, tls: TlsOptions, where: Where): Promise<Agent> {
    // One proxy for both, and no exceptions: the decision has been made.
    const proxyEnv = proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy.href, HTTPS_PROXY: proxy.href } }
    const common = { keepAlive: true, maxSockets: SOCKETS, ...proxyEnv }
    if (secure || proxy?.protocol === 'https:') await trustRoots(env)
    if (!secure) return new Agent(common)
    const { Agent: SecureAgent } = await import('node:https')
    return new SecureAgent({ ...common, ...(await tlsSettings(tls, where)) })
  }

  return {
    async route(url, tls, where) {
      const choice = choose(url)
      if (choice.kind === 'unusable') throw unusable(choice, where)
      const proxy = choice.kind === 'proxy' ? choice.url : undefined
      const secure = url.protocol === 'https:'
      const key = JSON.stringify([secure, proxy?.href, secure ? tls : {}])
      const agent = made.get(key) ?? make(secure, proxy, tls, where)
      made.set(key, agent)
      agent.catch(() => made.delete(key))
      return { agent: await agent, proxy }
    },
    close() {
      for (const agent of made.values()) agent.then((a) => a.destroy()).catch(() => undefined)
      made.clear()
    },
  }
}

/** The error for it; the value may hold a password. @example throw unusable({ variable: 'HTTPS_PROXY', reason: 'it is not a URL' }, where) */
export function unusable(
  { variable, reason }: { readonly variable: string; readonly reason: string },
  where: Where,
): ProvError {
  const message = `the proxy of ${variable} cannot be used: ${reason}`
  return new ProvError('config_invalid', message, {
    ...where,
    operation: 'connect',
    location: variable,
    hint: 'HTTP proxies are supported, as http://HOST:PORT, https://HOST:PORT or HOST:PORT',
  })
}

/** What Node is to be given. Throws `config_invalid` for certificates that are not usable. @example await tlsSettings({ insecure: true }, where) */
export async function tlsSettings(tls: TlsOptions, where: Where): Promise<AgentOptions> {
  const { insecure = false, authorities, certificate, serverName } = tls
  const { createSecureContext, getCACertificates } = await import('node:tls')
  const ca =
    authorities === undefined
      ? {}
      : { ca: authorities.beside ? [...getCACertificates('default'), authorities.pem] : authorities.pem }
  const own = certificate === undefined ? {} : { cert: certificate.pem, key: certificate.key }
  const settings = { ...ca, ...own }
  if (Object.keys(settings).length > 0) {
    try {
      createSecureContext(settings)
    } catch {
      // The library's words may quote what it was given: not even kept as a cause.
      throw new ProvError('config_invalid', 'the certificates or the key to connect with are not usable', { ...where })
    }
  }
  return { ...settings, rejectUnauthorized: !insecure, ...(serverName === undefined ? {} : { servername: serverName }) }
}
