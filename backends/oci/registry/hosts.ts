/** Which registries prov talks to, and which of them may see credentials. Pure. */
import { BlockList, isIP } from 'node:net'

/** Never contacted, whoever names them: link-local networks and the metadata services of clouds. */
const FORBIDDEN = new BlockList()
FORBIDDEN.addSubnet('169.254.0.0', 16, 'ipv4')
FORBIDDEN.addSubnet('0.0.0.0', 8, 'ipv4')
FORBIDDEN.addAddress('100.100.100.200', 'ipv4')
FORBIDDEN.addAddress('192.0.0.192', 'ipv4')
FORBIDDEN.addSubnet('fe80::', 10, 'ipv6')
FORBIDDEN.addAddress('::', 'ipv6')
FORBIDDEN.addAddress('fd00:ec2::254', 'ipv6')
FORBIDDEN.addAddress('fd20:ce::254', 'ipv6')

const FORBIDDEN_NAMES: readonly string[] = ['metadata', 'metadata.google.internal', 'instance-data']

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

const DOCKER_HUB: readonly string[] = ['docker.io', 'index.docker.io', 'registry-1.docker.io']

/**
 * A host as references spell it, in one spelling: lower case, without the port that https implies, every name of Docker
 * Hub as `index.docker.io`. Undefined when it is no host.
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

/** True for 127.0.0.0/8, ::1, `localhost` and names under it; takes a name without port, brackets allowed. */
export function isLoopback(hostname: string): boolean {
  const name = bare(hostname)
  const family = isIP(name)
  if (family !== 0) return LOOPBACK.check(name, family === 4 ? 'ipv4' : 'ipv6')
  return name === 'localhost' || name.endsWith('.localhost')
}

/** True for addresses and names that are refused whatever the configuration says. */
export function isForbidden(hostname: string): boolean {
  const name = bare(hostname)
  const family = isIP(name)
  if (family !== 0) return FORBIDDEN.check(name, family === 4 ? 'ipv4' : 'ipv6')
  return FORBIDDEN_NAMES.includes(name)
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

function bare(hostname: string): string {
  return hostname
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase()
}
