/**
 * Where a copy is, as a URI: the backend's name is the scheme, its location the rest, as the backend spells it but for what a URI
 * may not hold. Undefined when there is no place.
 *
 * @example copyUri('oci', 'ghcr.io/acme/app:sha256-ab….att') // 'oci:ghcr.io/acme/app:sha256-ab….att'
 */
export function copyUri(backend: string | undefined, location: string | undefined): string | undefined {
  if (backend === undefined || location === undefined) return undefined
  // encodeURI leaves brackets alone, which a URI has for IPv6 only, and a second fragment is none.
  const [path = '', ...fragments] = location
    .toWellFormed()
    .split('#')
    .map((part) => encodeURI(part).replace(/[[\]]/g, (c) => (c === '[' ? '%5B' : '%5D')))
  const fragment = fragments.length === 0 ? '' : `#${fragments.join('%23')}`
  return `${encodeURIComponent(backend.toWellFormed())}:${path}${fragment}`
}
