/**
 * oci: cosign's tags beside the image, in one repository for all, or in an image layout directory; and Sigstore bundles that refer
 * to the image.
 */
import type { Backend, Context, OpenBackend, Receipt, Slot } from '../../src/backend/backend.ts'
import { receiptOf } from '../../src/backend/receipt.ts'
import { type Entry, signatureId } from '../../src/model/entry.ts'
import { registryOf } from '../../src/model/image-reference.ts'
import { boundedMap } from '../../src/platform/async/bounded-map.ts'
import { bundlesOf } from './bundles/layout.ts'
import type { Bundles } from './bundles/slots.ts'
import { type Connection, connect } from './connect.ts'
import { failure } from './failure.ts'
import { MAX_BLOB_BYTES, type Registry } from './port.ts'
import { hostPolicy } from './registry/hosts.ts'
import { type OciSettings, readSettings } from './settings.ts'
import { isBundles, listedAs, slotsOf, tagOfSlot } from './slots.ts'
import { keptTag, type Layer, layerKey, layersOf, type NewLayer, signatureOf } from './tags/layout.ts'
import { type KnownBlobs, present } from './tags/present.ts'
import { editOf, locationOf, readTag } from './tags/read.ts'
import { readTagState, type Tag } from './tags/tag.ts'

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

/** Blobs of which it is remembered whose they are. */
const MAX_KNOWN = 500

/** As {@link open}, over a registry that is wrapped, for a probe that must know what it wrote. */
export function openOci(context: Context, wrap?: (registry: Registry) => Registry): Backend {
  const settings = readSettings(context)
  const policy = hostPolicy(settings.hosts, settings.repository && registryOf(settings.repository))
  let connection: Promise<Connection> | undefined
  const connected = () => (connection ??= connect(settings, policy, context, wrap))
  const known: KnownBlobs = boundedMap(MAX_KNOWN)
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

    size(slot, entry) {
      if (isBundles(slot)) return bundleSize(entry, slot)
      const layers = checkedLayers(entry, slot)
      return layers.reduce((sum, { layer, blob }) => sum + blob.length + JSON.stringify(layer).length, 0)
    },

    async put(slot, entry, { signal }) {
      if (isBundles(slot)) {
        bundleSize(entry, slot)
        return (await bundles()).put(slot, entry, signal)
      }
      const layers = checkedLayers(entry, slot)
      const { registry, writer } = await connected()
      const tag = tagOfSlot(slot)
      const state = await readTagState(registry, tag, signal)
      const { layer, missing } = await present(registry, tag, state.layers, entry, known, signal)
      if (missing.length === 0 && layer !== undefined) return receipt(slot, entry, layer, 'unchanged')
      const add = layersWith(layers, missing)
      await upload(registry, tag, add, signal)
      await writer.edit(tag, { add: add.map((item) => item.layer), drop: [] }, signal)
      return receipt(slot, entry, layer ?? firstOf(layers), 'written')
    },

    async get(slot, { signal }) {
      if (isBundles(slot)) return (await bundles()).get(slot, signal)
      const { registry, protocol } = await connected()
      const tag = tagOfSlot(slot)
      await protocol.settle(tag, signal)
      return readTag(registry, slot, tag, signal)
    },

    async replace(slot, found, entry, { signal }) {
      if (isBundles(slot)) {
        bundleSize(entry, slot)
        return (await bundles()).replace(slot, found, entry, signal)
      }
      const layers = checkedLayers(entry, slot)
      const { registry, writer } = await connected()
      const tag = tagOfSlot(slot)
      const edit = editOf(found)
      await upload(registry, tag, layers, signal)
      await writer.edit(tag, { add: layers.map((item) => item.layer), ...edit }, signal)
      return receipt(slot, entry, firstOf(layers), 'replaced')
    },

    async remove(slot, found, { signal }) {
      if (isBundles(slot)) return (await bundles()).remove(slot, found, signal)
      const { registry, writer } = await connected()
      const tag = tagOfSlot(slot)
      const edit = editOf(found)
      const state = await readTagState(registry, tag, signal, edit.replaces)
      const gone = edit.drop.some((key) => !state.layers.some((layer) => layerKey(layer) === key))
      if (state.digest !== null && !gone) await writer.edit(tag, { add: [], ...edit }, signal)
    },

    async keep(slot, found, { signal }) {
      if (isBundles(slot)) {
        throw failure('not_supported', 'a bundle cannot be kept beside its image', {
          operation: 'keep',
          location: found.location,
        })
      }
      const { registry } = await connected()
      const { repo, name } = tagOfSlot(slot)
      const manifest = await registry.getManifest(repo, name, { signal })
      if (manifest === undefined)
        throw failure('conflict', 'the tag is gone', { operation: 'keep', location: slot.key })
      const kept = keptTag(name, manifest.digest)
      await registry.putManifest(repo, kept, manifest.bytes, manifest.mediaType, { signal })
      return `${repo}:${kept}`
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

/** About 900 bytes of manifest and 500 of the index come with each bundle. */
const REFERRER_BYTES = 1400

function bundleSize(entry: Entry, slot: Slot): number {
  const sizes = bundlesOf(entry).map((bundle) => bundle.length)
  refuseTooLarge(Math.max(...sizes), slot)
  return sizes.reduce((sum, size) => sum + size + REFERRER_BYTES, 0)
}

function checkedLayers(entry: Entry, slot: Slot): readonly NewLayer[] {
  const layers = layersOf(entry)
  refuseTooLarge(Math.max(...layers.map(({ blob }) => blob.length)), slot)
  return layers
}

function refuseTooLarge(bytes: number, slot: Slot): void {
  if (bytes <= MAX_BLOB_BYTES) return
  const where = { operation: 'put', location: slot.key }
  throw failure('entry_too_large', `the entry is ${bytes} bytes, over the ${MAX_BLOB_BYTES} this backend holds`, where)
}

/** An envelope goes as a whole; of single signatures only those that are missing. */
function layersWith(layers: readonly NewLayer[], missing: Entry['signatures']): readonly NewLayer[] {
  const wanted = new Set(missing.map(signatureId))
  return layers.filter(({ layer }) => {
    const sig = signatureOf(layer)
    return sig === undefined || wanted.has(signatureId({ sig }))
  })
}

async function upload(
  registry: Connection['registry'],
  { repo }: Tag,
  layers: readonly NewLayer[],
  signal: AbortSignal,
) {
  const blobs = new Map(layers.map(({ layer, blob }) => [layer.digest, blob]))
  await Promise.all([...blobs.values()].map((blob) => registry.putBlob(repo, blob, { signal })))
}

function receipt(slot: Slot, entry: Entry, layer: Layer, outcome: Receipt['outcome']): Receipt {
  return receiptOf(slot, locationOf(slot, layer), entry, outcome)
}

function firstOf(layers: readonly NewLayer[]): Layer {
  const [first] = layers
  if (first === undefined) throw failure('internal', 'an entry without signatures', { operation: 'put', location: '' })
  return first.layer
}

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
