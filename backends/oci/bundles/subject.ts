/** An image for the bundles of a probe to refer to: nobody's, and gone with the probe. */

import type { CallOptions } from '../../../src/backend/backend.ts'
import type { ImageRef } from '../../../src/model/artifact.ts'
import { sha256Hex } from '../../../src/model/entry.ts'
import type { Registry } from '../port.ts'
import { OCI_MANIFEST_TYPE } from '../tags/layout.ts'
import { EMPTY_CONFIG } from './layout.ts'

/**
 * Pushes a manifest without layers, by its digest: no tag names it.
 *
 * @example (await pushSubject(registry, 'ghcr.io/acme/app', randomBytes, { signal })).digest
 */
export async function pushSubject(
  registry: Registry,
  repository: string,
  random: (size: number) => Uint8Array,
  options: CallOptions,
): Promise<ImageRef> {
  const config = {
    mediaType: 'application/vnd.oci.empty.v1+json',
    digest: `sha256:${sha256Hex(EMPTY_CONFIG)}`,
    size: EMPTY_CONFIG.length,
  }
  const annotations = { 'prov.doctor': `a probe that may be deleted, ${Buffer.from(random(16)).toString('hex')}` }
  const json = { schemaVersion: 2, mediaType: OCI_MANIFEST_TYPE, config, layers: [config], annotations }
  const bytes = Buffer.from(JSON.stringify(json))
  const digest = `sha256:${sha256Hex(bytes)}`
  await registry.putBlob(repository, EMPTY_CONFIG, options)
  await registry.putManifest(repository, digest, bytes, OCI_MANIFEST_TYPE, options)
  return { repository, digest }
}
