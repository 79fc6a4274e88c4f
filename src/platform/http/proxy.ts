/** Which proxy a URL is asked through, by the environment: the rules that Go's tools (such as kubectl) and curl share. Pure. */
import { BlockList, isIP } from 'node:net'
import { isLoopback, plainHost } from './addresses.ts'

export type Env = Readonly<Record<string, string | undefined>>

/** `variable` is the setting's name, for messages: its value may hold a password. */
export type ProxyChoice =
  | { readonly kind: 'straight' }
  | { readonly kind: 'proxy'; readonly url: URL; readonly variable: string }
  | { readonly kind: 'unusable'; readonly variable: string; readonly reason: string }

const STRAIGHT: ProxyChoice = { kind: 'straight' }

/**
 * HTTPS_PROXY for https, HTTP_PROXY for http, ALL_PROXY where neither is set, in upper or lower case (upper first). This machine is never
 * asked through a proxy, nor what NO_PROXY names: addresses, networks (`10.0.0.0/8`), domains with all below them (`example.com`), only
 * what is below (`.example.com`), each with or without a port, `*` for everything. HTTP_PROXY is ignored under CGI, where a client
 * may set it by a header `Proxy` (REQUEST_METHOD tells).
 *
 * @example proxyFor(new URL('https://r.example/'), { HTTPS_PROXY: 'proxy:3128', NO_PROXY: '.svc' }) // { kind: 'proxy', … }
 */
export function proxyFor(url: URL, env: Env): ProxyChoice {
  const found = variableFor(url, env)
  if (found === undefined || isLoopback(url.hostname) || isExcepted(url, settingOf(env, 'NO_PROXY')?.value ?? '')) {
    return STRAIGHT
  }
  return readProxy(found.value, found.name)
}

/**
 * The proxy that a setting names; without a scheme it is spoken to in plain HTTP.
 *
 * @example readProxy('proxy.example:3128', 'HTTPS_PROXY') // { kind: 'proxy', url: http://proxy.example:3128/, … }
 */
export function readProxy(value: string, variable: string): ProxyChoice {
  const text = value.trim()
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`)
  if (url === null || url.hostname === '') return { kind: 'unusable', variable, reason: 'it is not a URL' }
  if (url.protocol === 'http:' || url.protocol === 'https:') return { kind: 'proxy', url, variable }
  const reason = `it is not an HTTP proxy but ${quoteScheme(url.protocol)}, which prov does not support`
  return { kind: 'unusable', variable, reason }
}

function quoteScheme(protocol: string): string {
  return `${protocol.slice(0, 20)}//`
}

interface Variable {
  readonly name: string
  readonly value: string
}

function variableFor(url: URL, env: Env): Variable | undefined {
  const own = url.protocol === 'https:' ? settingOf(env, 'HTTPS_PROXY') : settingOf(env, 'HTTP_PROXY')
  const allowed = own?.name === 'HTTP_PROXY' && env['REQUEST_METHOD'] ? lowerCase(env, 'http_proxy') : own
  return allowed ?? settingOf(env, 'ALL_PROXY')
}

/** The first that is not empty of `NAME`, `name` and any other mixture of case. */
function settingOf(env: Env, name: string): Variable | undefined {
  if (env[name]?.trim()) return { name, value: env[name] }
  const lower = lowerCase(env, name.toLowerCase())
  if (lower !== undefined) return lower
  for (const [other, value] of Object.entries(env)) {
    if (value?.trim() && other.toUpperCase() === name) return { name: other, value }
  }
  return undefined
}

function lowerCase(env: Env, name: string): Variable | undefined {
  const value = env[name]
  return value?.trim() ? { name, value } : undefined
}

function isExcepted(url: URL, exceptions: string): boolean {
  const host = plainHost(url.hostname)
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  return exceptions
    .split(/[\s,]+/)
    .filter((item) => item !== '')
    .some((item) => fits(item.toLowerCase(), host, port))
}

function fits(item: string, host: string, port: string): boolean {
  if (item === '*') return true
  if (item.includes('/')) return isWithin(item, host)
  const { name, wanted } = split(item)
  if (wanted !== undefined && wanted !== port) return false
  const named = plainHost(name.replace(/^\*?\./, ''))
  if (named === '' || isIP(named) !== 0 || isIP(host) !== 0) return named !== '' && sameAddress(named, host)
  return host.endsWith(`.${named}`) || (host === named && !/^\*?\./.test(name))
}

/** `host`, `host:80`, `[::1]:80`, `::1` */
function split(item: string): { readonly name: string; readonly wanted?: string } {
  const [, bracketed, after] = /^\[([^\]]*)\](?::([0-9]+))?$/.exec(item) ?? []
  if (bracketed !== undefined) return after === undefined ? { name: bracketed } : { name: bracketed, wanted: after }
  const colon = item.indexOf(':')
  if (colon < 0 || item.includes(':', colon + 1)) return { name: item }
  return { name: item.slice(0, colon), wanted: item.slice(colon + 1) }
}

function sameAddress(a: string, b: string): boolean {
  return isIP(a) !== 0 && isIP(b) !== 0 && unmapped(a) === unmapped(b)
}

function isWithin(network: string, host: string): boolean {
  const slash = network.indexOf('/')
  const address = network.slice(0, slash).replace(/^\[(.*)\]$/, '$1')
  const prefix = network.slice(slash + 1)
  const family = isIP(address)
  if (family === 0 || isIP(host) === 0 || !/^[0-9]{1,3}$/.test(prefix)) return false
  if (Number(prefix) > (family === 4 ? 32 : 128)) return false
  const list = new BlockList()
  list.addSubnet(address, Number(prefix), family === 4 ? 'ipv4' : 'ipv6')
  const own = unmapped(host)
  return list.check(own, isIP(own) === 4 ? 'ipv4' : 'ipv6')
}

/** `::ffff:a00:1` (as the URL standard spells a mapped address) is 10.0.0.1. */
function unmapped(address: string): string {
  const plain = plainHost(address)
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(plain) ?? []
  if (high === undefined || low === undefined) return plain
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return [a >> 8, a & 0xff, b >> 8, b & 0xff].join('.')
}
