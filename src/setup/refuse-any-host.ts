/** Whoever asks a service chooses the image, and with it a host: which hosts may be contacted is said beforehand. */
import type { Settings } from '../config/settings.ts'
import { ProvError } from '../errors.ts'

/** Throws `config_invalid` where a caller could name any host. @example refuseAnyHost(settings, ['oci']) */
export function refuseAnyHost(settings: Settings, backends: readonly string[]): void {
  const isSet = (key: string): boolean => (settings.get(key) ?? '') !== ''
  if (!backends.includes('oci') || isSet('storage.oci.layout') || isSet('storage.oci.hosts')) return
  const hasBundles = (settings.get('storage.oci.encoding-format') ?? '').includes('sigstore-bundle')
  if (isSet('storage.oci.repository') && !hasBundles) return
  const why = hasBundles && isSet('storage.oci.repository') ? ' (bundles lie beside their images)' : ''
  throw new ProvError('config_invalid', `callers choose the image, so the registries have to be named${why}`, {
    hint: 'set storage.oci.hosts, for example storage.oci.hosts=ghcr.io,*.example.com',
  })
}
