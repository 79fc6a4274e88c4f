/** Copies as documents of a database, each as Tekton Chains writes it: MongoDB, Firestore, DynamoDB, or SQLite as the embedded one. */

import type { About, Backend, CallOptions, Context, Found, Receipt, Slot } from '../../src/backend/backend.ts'
import { receiptOf } from '../../src/backend/receipt.ts'
import { errorAt, ProvError } from '../../src/errors.ts'
import { type Entry, holds, sha256Hex } from '../../src/model/entry.ts'
import { PROOFS } from '../../src/model/proofs.ts'
import { BESIDE_CHAINS, proofsIn, proofsLacking } from '../../src/model/proofs-json.ts'
import { refuseProxies } from '../shared/configured.ts'
import { locationOf, placeIn, placeOf, readKeysOf, type Standing, slotOf, standing } from './address.ts'
import { callsOf } from './calls.ts'
import { documentOf, keptDocument, NAME, type SignedDocument } from './layout.ts'
import { listSlots } from './list.ts'
import { addProofs, proofsDocument, setProofs } from './proofs.ts'
import { readTarget } from './settings.ts'
import { SIZE_RULES, sizeOf, tooLarge } from './size.ts'
import type { DocumentStore } from './store.ts'

/** How often a put looks again when another writer was faster. */
const ROUNDS = 3

/**
 * The docdb backend. Throws `config_invalid` when `storage.docdb.url` is missing or wrong; connects on the first call.
 *
 * @example const backend = open(context); await backend.get(backend.slots(about)[0], { signal })
 */
export function open(context: Context): Backend {
  const target = readTarget(context)
  const { where } = target
  const rule = SIZE_RULES[target.engine]
  const { call, close } = callsOf(target, context)

  /** The document and its size, if it fits. */
  function fitting(slot: Slot, entry: Entry): { readonly document: SignedDocument; readonly bytes: number } {
    try {
      if (entry.payload.length > rule.limit) throw tooLarge('the payload', entry.payload.length, rule.limit)
      const document = documentOf(entry, placeIn(slot).key)
      const beside = proofsDocument(entry, document.Name)
      return { document, bytes: sizeOf(document, rule) + (beside === undefined ? 0 : sizeOf(beside, rule)) }
    } catch (thrown) {
      throw errorAt(thrown, { backend: NAME, operation: 'put', location: slot.key })
    }
  }

  const put = (slot: Slot, entry: Entry, options: CallOptions): Promise<Receipt> =>
    call('put', slot.key, options, async (documents, signal) => {
      const { document } = fitting(slot, entry)
      const place = placeIn(slot)
      for (let round = 0; round < ROUNDS; round++) {
        const { items, freeKey, beside } = standing(place, await documents.get(readKeysOf(place), { signal }))
        const same = items.find((item) => item.entry !== undefined && holds(item.entry, entry))
        if (same?.entry !== undefined) {
          const lacking = proofsLacking(same.entry, entry, PROOFS)
          const added = await addProofs(documents, same.key, lacking, same.beside, { signal })
          return receipt(slot, same.key, entry, added ? 'written' : 'unchanged')
        }
        const [occupant] = items
        if (occupant !== undefined) {
          return { ...receipt(slot, occupant.key, entry, 'occupied'), found: items.map((item) => foundOf(where, item)) }
        }
        const proofs = proofsIn(entry.signatures, BESIDE_CHAINS)
        await addProofs(documents, freeKey, proofs, beside(freeKey), { signal })
        if (await documents.create({ ...document, Name: freeKey }, { signal }))
          return receipt(slot, freeKey, entry, 'written')
      }
      throw changedSince()
    })

  const get = (slot: Slot, options: CallOptions): Promise<readonly Found[]> =>
    call('get', slot.key, options, async (documents, signal) => {
      const place = placeIn(slot)
      return standing(place, await documents.get(readKeysOf(place), { signal })).items.map((item) =>
        foundOf(where, item),
      )
    })

  const replace = (slot: Slot, found: Found, entry: Entry, options: CallOptions): Promise<Receipt> =>
    call('replace', slot.key, options, async (documents, signal) => {
      const { document } = fitting(slot, entry)
      const item = await still(documents, where, slot, found, signal)
      const done = item && (await documents.replace(item.stored, { ...document, Name: item.key }, { signal }))
      if (!done || !(await setProofs(documents, item.key, entry, item.beside, { signal }))) throw changedSince()
      return receipt(slot, item.key, entry, 'replaced')
    })

  const remove = (slot: Slot, found: Found, options: CallOptions): Promise<void> =>
    call('remove', slot.key, options, async (documents, signal) => {
      const item = await still(documents, where, slot, found, signal)
      if (item === undefined) return
      if (await documents.remove(item.stored, { signal })) {
        // Proofs that another writer has added meanwhile stay: alone they are nothing, and belong to a signature that comes again.
        if (item.beside !== undefined) await documents.remove(item.beside, { signal })
        return
      }
      // Somebody was faster: gone is well, changed is a conflict.
      if ((await still(documents, where, slot, found, signal)) !== undefined) throw changedSince()
    })

  const keep = (slot: Slot, found: Found, options: CallOptions): Promise<string> =>
    call('keep', slot.key, options, async (documents, signal) => {
      const document = keptDocument(placeIn(slot).key, found.raw)
      // The key tells the bytes: what stands there already is the same.
      await documents.create(document, { signal })
      return locationOf(where, document.Name)
    })

  function receipt(slot: Slot, key: string, entry: Entry, outcome: Receipt['outcome']): Receipt {
    return receiptOf(slot, locationOf(where, key), entry, outcome)
  }

  return {
    name: NAME,
    ...('place' in target ? { place: target.place } : {}),
    configured: async () => {
      // MongoDB's protocol goes through no proxy of HTTP, and a file through none at all.
      if (/^(?:firestore|dynamodb):/.test(context.setting('storage.docdb.url') ?? ''))
        await refuseProxies(context, NAME)
    },
    capabilities: {
      readable: true,
      listNames: 'uid',
      sharedWrites: 'precondition',
      entriesPerSlot: 'one',
      kinds: ['dsse', 'raw'],
      needsRun: false,
      keepsEnvelope: true,
      maxEntryBytes: rule.limit,
    },
    slots: (about: About) => {
      const place = placeOf(about)
      return place === undefined ? [] : [slotOf(where, place)]
    },
    size: (slot, entry) => fitting(slot, entry).bytes,
    put,
    get,
    replace,
    remove,
    keep,
    list: (filter, options) => listSlots(call, where, filter, options),
    diagnose: async (options) => (await import('./diagnose.ts')).diagnose(context, target, options, open),
    close,
  }
}

/** What was found, as it stands now; undefined when it is gone. Throws `conflict` when it has changed. */
async function still(
  documents: DocumentStore,
  where: string,
  slot: Slot,
  found: Found,
  signal: AbortSignal,
): Promise<Standing | undefined> {
  const place = placeIn(slot)
  const { items } = standing(place, await documents.get(readKeysOf(place), { signal }))
  const item = items.find(({ key }) => locationOf(where, key) === found.location)
  if (item !== undefined && sha256Hex(item.raw) !== found.version) throw changedSince()
  return item
}

function foundOf(where: string, item: Standing): Found {
  const { key, entry, damage, proofsDamage } = item
  const common = {
    location: locationOf(where, key),
    get raw() {
      return item.raw
    },
    get version() {
      return sha256Hex(item.raw)
    },
  }
  if (entry === undefined) return Object.assign(common, { damage })
  return Object.assign(common, { entry, ...(proofsDamage === undefined ? {} : { proofsDamage }) })
}

function changedSince(): ProvError {
  return new ProvError('conflict', 'what was found there has changed since', { hint: 'read the slot again' })
}
