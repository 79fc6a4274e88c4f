/**
 * oci: cosign's tags beside the image, in one repository for all, or in an image layout directory; and Sigstore bundles that refer
 * to the image.
 */
import type { Backend, Context, OpenBackend, Slot } from '../../src/backend/backend.ts'
import { registryOf } from '../../src/model/image-reference.ts'
import type { Bundles } from './bundles/slots.ts'
import { type Connection, connect } from './connect.ts'
import { failure } from './failure.ts'
import { MAX_BLOB_BYTES, type Registry } from './port.ts'
import { hostPolicy } from './registry/hosts.ts'
import { type OciSettings, readSettings, servable } from './settings.ts'
import { bundleSize } from './size.ts'
import { hostRefused, isBundles, listedAs, slotsOf } from './slots.ts'
import { tags } from './tags/slots.ts'

/**
 * Opens the backend; nothing is contacted before the first call that needs it. Settings: `storage.oci.encoding-format`,
 * `.repository`, `.repository.insecure`, `.hosts`, `.layout`, `.tag-writes`, `.ca-file`, `.timeout`.
 *
 * There are slots for the encodings that are configured, and for no other: bundles are not looked for without
 * `sigstore-bundle`, nor tags with it alone. A bundle refers to its image, hence lies in the image's own repository whatever
 * `storage.oci.repository` says, and holds no raw signature: cosign's Statement takes its place (format `cosign-sign`).
 *
 * @example const oci = open(context); await oci.get(slot, { signal })
 */
export const open: OpenBackend = (context) => openOci(context)

/** As {@link open}, over a registry that is wrapped, for a probe that must know what it wrote. */
export function openOci(context: Context, wrap?: (registry: Registry) => Registry): Backend {
  const settings = readSettings(context)
  const policy = hostPolicy(settings.hosts, settings.repository && registryOf(settings.repository))
  let connection: Promise<Connection> | undefined
  const connected = () => (connection ??= connect(settings, policy, context, wrap))
  const inTags = tags(connected)
  const { encodings } = settings
  const hasTags = encodings.includes('dsse')
  const hasBundles = encodings.includes('sigstore-bundle')
  let bundled: Promise<Bundles> | undefined
  const bundles = () =>
    (bundled ??= Promise.all([import('./bundles/slots.ts'), connected()]).then(([made, open]) =>
      made.bundles(open, () => context.now()),
    ))

  const backend: Backend = {
    name: 'oci',
    warnings:
      hasBundles && settings.repository !== undefined
        ? [
            'storage.oci.repository does not hold bundles: they refer to their images, and go to the repositories of those',
          ]
        : [],
    capabilities: {
      readable: true,
      sharedWrites: settings.layout === undefined ? settings.tagWrites : 'lock',
      entriesPerSlot: 'many',
      kinds: hasTags ? ['dsse', 'raw'] : ['dsse'],
      imageFormats: [...(hasTags ? ['simplesigning'] : []), ...(hasBundles ? ['cosign-sign'] : [])],
      needsRun: false,
      keepsEnvelope: !hasBundles,
      maxEntryBytes: MAX_BLOB_BYTES,
    },

    slots: (about) => slotsOf(about, settings, policy),

    ...(settings.layout === undefined ? { hostOf } : {}),

    configured: async () => {
      // A layout needs neither logins nor connections.
      if (settings.layout === undefined) await (await import('./configured.ts')).configured(settings, context)
    },

    async ready() {
      if (settings.layout !== undefined) await (await import('./image-layout/registry.ts')).isLayout(settings.layout)
    },

    size: (slot, entry) => (isBundles(slot) ? bundleSize(entry, slot) : inTags.size(slot, entry)),

    async put(slot, entry, { signal }) {
      if (!isBundles(slot)) return inTags.put(slot, entry, signal)
      bundleSize(entry, slot)
      return (await bundles()).put(slot, entry, signal)
    },

    get: async (slot, { signal }) => (isBundles(slot) ? await bundles() : inTags).get(slot, signal),

    async replace(slot, found, entry, { signal }) {
      if (!isBundles(slot)) return inTags.replace(slot, found, entry, signal)
      bundleSize(entry, slot)
      return (await bundles()).replace(slot, found, entry, signal)
    },

    remove: async (slot, found, { signal }) => (isBundles(slot) ? await bundles() : inTags).remove(slot, found, signal),

    async resolveTag(repository, tag, { signal }) {
      const repo = servable(repository)
      if (repo === undefined || !policy.names(registryOf(repo))) throw hostRefused(repository)
      return (await (await connected()).registry.getManifest(repo, tag, { signal }))?.digest
    },

    async keep(slot, found, { signal }) {
      if (!isBundles(slot)) return inTags.keep(slot, signal)
      throw failure('not_supported', 'a bundle cannot be kept beside its image', {
        operation: 'keep',
        location: found.location,
      })
    },

    async *list(filter, { signal }) {
      if (filter.namespace !== undefined) {
        const hint = 'name its runs instead'
        throw failure('not_supported', 'nothing in a registry says in which namespace its run was', LISTING, { hint })
      }
      const { registry } = await connected()
      for await (const repo of repositories(settings, registry, signal)) {
        for await (const name of registry.listTags(repo, { signal })) {
          const { subject, slot } = listedAs(repo, name, settings) ?? {}
          if (slot === undefined || (filter.kind ?? slot.kind) !== slot.kind) continue
          if (subject !== undefined && (filter.subject ?? subject) === subject) yield { ...slot, names: { subject } }
        }
      }
    },

    async diagnose(options) {
      return (await import('./diagnose.ts')).diagnose({ context, settings, policy, open: openOci }, options)
    },

    async close() {
      const open = await connection?.catch(() => undefined)
      open?.registry.close()
    },
  }
  if (settings.layout !== undefined || (hasTags && settings.repository !== undefined)) return backend
  // Copies lie beside their images, and no registry can be asked for all of those.
  const { list: _list, ...unlisted } = backend
  return unlisted
}

const LISTING = { operation: 'list', location: 'oci' }

async function* repositories(
  settings: OciSettings,
  registry: Connection['registry'],
  signal: AbortSignal,
): AsyncIterable<string> {
  if (signal.aborted) throw failure('aborted', 'stopped before anything was listed', LISTING)
  if (settings.repository !== undefined) yield settings.repository
  else if (registry.listRepositories !== undefined) yield* registry.listRepositories({ signal })
  else {
    throw failure('not_supported', 'copies beside their images cannot be listed', LISTING, {
      hint: 'name the repository that holds them with storage.oci.repository',
    })
  }
}

function hostOf({ address }: Slot): string {
  return (address['repository'] ?? '').split('/')[0] ?? ''
}
