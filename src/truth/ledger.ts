/** A truth as the ledger of a store: from what a store has prepared to the rows that are committed. */
import type { Backend } from '../backend/backend.ts'
import type { CopyReceipt } from '../backend/receipt.ts'
import { signatureId } from '../model/entry.ts'
import type { Ledger, LedgerOptions, OwedCopy } from '../store/ledger.ts'
import type { PlanRow } from '../store/plan.ts'
import { backendOf, entryOf, type PreparedItem } from '../store/prepare.ts'
import { runOf } from '../store/seal.ts'
import { keyNames } from '../trust/key-names.ts'
import { checkEntry } from '../trust/verify-entry.ts'
import { indexDelivery } from './index-delivery.ts'
import { truthUri } from './kept.ts'
import type { Delivery, NewDelivery, NewItem, Truth } from './truth.ts'

/**
 * `host` names this machine: copies that belong into a file of the input are delivered from here alone. `indexed`: each entry is owed to the
 * search index as well.
 *
 * @example await commitStore({ ...job, ledger: ledgerOf(truth, hostname()) })
 */
export function ledgerOf(truth: Truth, host: string, { indexed = false } = {}): Ledger {
  return {
    find: async (about, format) => (await truth.find(truthUri(about.artifact), format))?.entry,
    imported: (about, format) => truth.imported(truthUri(about.artifact), format),
    isPruned: async (about, format) => (await truth.pruned(truthUri(about.artifact), format)) !== undefined,
    commit: async (items, options) => {
      const rows = items.map((item) => newItem(item, host, { ...options, indexed }))
      const { items: made, first } = rows.length === 0 ? { items: [] } : await truth.commit(rows)
      if (made !== undefined) return { owed: made.map(({ deliveries }) => deliveries.map(owedCopy)) }
      const stands = new Map(first?.map((one) => [`${one.uri} ${one.format}`, one.entry]))
      const told = rows.flatMap(({ uri, format }, at) => {
        const entry = stands.get(`${uri} ${format}`)
        return entry === undefined ? [] : [[at, entry] as const]
      })
      return { first: new Map(told) }
    },
  }
}

function newItem(
  prepared: PreparedItem,
  host: string,
  { optional, resign, trust, indexed }: LedgerOptions & { readonly indexed: boolean },
): NewItem {
  const { item, about, entry, source, rows } = prepared
  const seals = runOf(about.artifact) === undefined ? [] : item.backends.filter(({ seal }) => seal !== undefined)
  return {
    uri: truthUri(about.artifact),
    format: item.format.name,
    entry,
    keyids: keyNames(checkEntry(entry, trust).verified),
    source: source === 'signed' ? 'signed' : 'adopted',
    about,
    resign,
    deliveries: [
      ...rows.flatMap((row) => {
        const made = newDelivery(row, prepared, host)
        return made === undefined ? [] : [{ ...made, required: !optional.includes(row.backend) }]
      }),
      ...(indexed ? [indexDelivery(entry, resign)] : []),
    ],
    seals: seals.map((backend) => ({
      backend: backend.name,
      ...(rows.some((row) => row.backend === backend.name && isHere(backend, row)) ? { host } : {}),
    })),
  }
}

function newDelivery(row: PlanRow, prepared: PreparedItem, host: string): NewDelivery | undefined {
  const { slot, action, error } = row
  if (slot === undefined || action === 'not_kept') return undefined
  const backend = backendOf(prepared.item, row.backend)
  const at = backend.hostOf?.(slot)
  const receipt = action === 'present' ? receiptOf(row, slot.key, prepared) : undefined
  return {
    target: backend.name,
    lane: at === undefined ? backend.name : `${backend.name}/${at}`,
    slot,
    action,
    required: true,
    foreign: row.foreign === true,
    resign: row.resign === true,
    ...(isHere(backend, row) ? { host } : {}),
    state: action === 'present' ? 'done' : action === 'blocked' ? 'held' : 'pending',
    ...(error === undefined ? {} : { error }),
    ...(receipt === undefined ? {} : { receipt }),
  }
}

function isHere(backend: Backend, { slot }: PlanRow): boolean {
  return slot !== undefined && backend.isInputFile?.(slot) === true
}

function receiptOf({ backend, detail }: PlanRow, slot: string, prepared: PreparedItem): CopyReceipt {
  const signatures = prepared.entry.signatures.map(signatureId)
  const more = detail === undefined ? {} : { detail }
  return {
    backend,
    slot,
    location: slot,
    outcome: 'unchanged',
    confirmed: true,
    entry: entryOf(prepared),
    signatures,
    ...more,
  }
}

/** @example owedCopy(delivery).state // 'pending' */
export function owedCopy({ id, target, slotKey, state, required, host, due, error, receipt }: Delivery): OwedCopy {
  return {
    id,
    target,
    slot: slotKey,
    state,
    required,
    ...(host === undefined ? {} : { host }),
    due,
    ...(error === undefined ? {} : { error }),
    ...(receipt === undefined ? {} : { receipt }),
  }
}
