/** Which hosts are this machine, and which are never contacted, however they are spelled. Pure. */
import { BlockList, isIP } from 'node:net'

/** Link-local networks, the metadata services of clouds, and addresses that are not a single host. */
const FORBIDDEN = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
] as const) {
  FORBIDDEN.addSubnet(network, prefix, 'ipv4')
}
for (const address of [
  '100.100.100.200', // Alibaba Cloud
  '168.63.129.16', // Azure
  '192.0.0.192', // Oracle Cloud
  '255.255.255.255',
]) {
  FORBIDDEN.addAddress(address, 'ipv4')
}
FORBIDDEN.addSubnet('fe80::', 10, 'ipv6')
FORBIDDEN.addSubnet('ff00::', 8, 'ipv6')
for (const address of [
  '::',
  'fd00:ec2::254', // AWS: instances
  'fd00:ec2::23', // AWS: pods
  'fd20:ce::254', // Google Cloud
  'fd00:42::42', // Scaleway
]) {
  FORBIDDEN.addAddress(address, 'ipv6')
}

const FORBIDDEN_NAMES: readonly string[] = [
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'metadata.tencentyun.com',
  'metadata.packet.net',
  'instance-data',
  'instance-data.ec2.internal',
]

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/**
 * True for 127.0.0.0/8, ::1, `localhost` and names under it; takes a name without port, brackets allowed.
 *
 * @example isLoopback('[::1]') // true
 */
export function isLoopback(hostname: string): boolean {
  const name = plainHost(hostname)
  return isIP(name) === 0 ? name === 'localhost' || name.endsWith('.localhost') : isIn(LOOPBACK, name)
}

/**
 * True for addresses and names that are refused whatever the configuration says: also where an IPv6 address only carries such an IPv4
 * address to its destination (mapped, compatible, NAT64, 6to4, Teredo, ISATAP), and in decimal, octal and hexadecimal spellings.
 *
 * @example isForbidden('0xa9fea9fe') // true: 169.254.169.254
 */
export function isForbidden(hostname: string): boolean {
  const name = plainHost(hostname)
  const family = isIP(name)
  if (family === 0) return FORBIDDEN_NAMES.includes(name)
  if (isIn(FORBIDDEN, name)) return true
  // Nobody reaches his own machine by way of a translator; who names one so wants to get round a check.
  return family === 6 && carriedBy(name).some((address) => isIn(FORBIDDEN, address) || isIn(LOOPBACK, address))
}

/**
 * A host in its one spelling: without brackets, zone and closing dot, in lower case, addresses of any spelling as the URL standard
 * reads them.
 *
 * @example plainHost('0251.0376.0251.0376') // '169.254.169.254'
 */
export function plainHost(hostname: string): string {
  const [zoneless = ''] = hostname.replace(/^\[(.*)\]$/, '$1').split('%', 1)
  const name = zoneless.replace(/\.$/, '').toLowerCase()
  const family = isIP(name)
  if (family === 4) return name
  const url = URL.parse(`http://${family === 6 ? `[${name}]` : name}/`)
  return url === null ? name : url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
}

function isIn(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/** IPv4 addresses that an IPv6 address, in its canonical spelling, stands for; [] for any other. */
function carriedBy(address: string): readonly string[] {
  const words = wordsOf(address)
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = words
  const last = dotted(g, h)
  // 64:ff9b::/96 (RFC 6052) and 64:ff9b:1::/48 (RFC 8215), where the address stands around bits 64 to 71 or at the end.
  if (a === 0x64 && b === 0xff9b) {
    const around = dotted(d, ((e & 0xff) << 8) | (f >> 8))
    return c === 1 && around !== '0.0.0.0' ? [last, around] : [last]
  }
  if (a === 0x2002) return [dotted(b, c)] // 6to4 (RFC 3056)
  if (a === 0x2001 && b === 0) return [dotted(c, d), dotted(g ^ 0xffff, h ^ 0xffff)] // Teredo (RFC 4380): server and client
  if ((e & 0xfdff) === 0 && f === 0x5efe) return [last] // ISATAP (RFC 5214)
  const isZero = a === 0 && b === 0 && c === 0 && d === 0
  if (!isZero) return []
  if (e === 0xffff && f === 0) return [last] // translated (RFC 2765)
  // Compatible (RFC 4291 section 2.5.5.1), but for :: and ::1. Mapped addresses are one with IPv4 already.
  return e === 0 && f === 0 && (g !== 0 || h > 1) ? [last] : []
}

function wordsOf(address: string): readonly number[] {
  const [head = '', tail] = address.split('::')
  const words = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16))
  const before = words(head)
  const after = tail === undefined ? [] : words(tail)
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after]
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.')
}
