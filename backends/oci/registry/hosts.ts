/** Which registries prov talks to, and which of them may see credentials. Pure. */
import { isForbidden, isLoopback } from '../../../src/platform/http/addresses.ts'

export { isForbidden, isLoopback }

const DOCKER_HUB: readonly string[] = ['docker.io', 'index.docker.io', 'registry-1.docker.io']

/**
 * A host as references spell it, in one spelling: lower case, without the port that https implies, every name of Docker
 * Hub as `index.docker.io`. Undefined when it is not a host.
 *
 * @example normalHost('Registry.example.com:443') // 'registry.example.com'
 */
export function normalHost(host: string): string | undefined {
  if (!/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?$/.test(host) || !URL.canParse(`https://${host}`))
    return undefined
  const normal = new URL(`https://${host}`).host
  return DOCKER_HUB.includes(normal) ? 'index.docker.io' : normal
}

/** The host that answers the registry API of `host`: Docker Hub's is not the one in its references. */
export function apiHost(host: string): string {
  return host === 'index.docker.io' ? 'registry-1.docker.io' : host
}

/**
 * Where the API of `host` may be, best first. Plain http needs no flag on the loopback interface, and the setting
 * `storage.oci.repository.insecure` everywhere else; with it, https without verification comes first, as in Chains.
 *
 * @param options tls: https is tried on loopback too, since the user named certificates
 *
 * @example baseUrls('ghcr.io', { insecure: false, tls: false }).map(String) // ['https://ghcr.io/']
 */
export function baseUrls(host: string, options: { readonly insecure: boolean; readonly tls: boolean }): readonly URL[] {
  const api = apiHost(host)
  const https = new URL(`https://${api}/`)
  const http = new URL(`http://${api}/`)
  if (isLoopback(https.hostname)) return options.insecure || options.tls ? [https, http] : [http]
  return options.insecure ? [https, http] : [https]
}

export interface HostPolicy {
  /** May a run name this host? */
  admits(host: string): boolean
  /** Does the user's own configuration name it, so that it may see credentials of a catch-all store? */
  names(host: string): boolean
}

/**
 * @param allow value of `storage.oci.hosts`: comma list, `*.example.com` stands for every name below; undefined when unset
 * @param own host of `storage.oci.repository`; undefined when unset
 *
 * @example hostPolicy('ghcr.io, *.example.com', undefined).admits('r.example.com') // true
 */
export function hostPolicy(allow: string | undefined, own: string | undefined): HostPolicy {
  const list = allow?.split(',').map((item) => item.trim().toLowerCase())
  const listed = (host: string) => list?.some((pattern) => fits(pattern, host)) ?? false
  const forbidden = (host: string) => isForbidden(new URL(`https://${host}`).hostname)
  return {
    admits: (host) => !forbidden(host) && (list === undefined || host === own || listed(host)),
    names: (host) => !forbidden(host) && (host === own || listed(host)),
  }
}

function fits(pattern: string, host: string): boolean {
  if (pattern.startsWith('*.')) return host.endsWith(pattern.slice(1)) && host.length >= pattern.length
  return normalHost(pattern) === host
}
