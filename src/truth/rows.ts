/** From rows of either engine to plain data: PostgreSQL gives 64-bit numbers as text and JSON as values, SQLite JSON as text. Pure. */
import type { Slot } from '../backend/backend.ts'
import type { CopyReceipt } from '../backend/receipt.ts'
import { ERRORS, type ErrorJson, ProvError } from '../errors.ts'
import { type JsonBounds, parseBounded } from '../platform/text/bounded-json.ts'
import { arrayIn, isRecord, recordIn } from '../platform/text/guards.ts'
import type { Action } from '../store/plan.ts'
import { entryOfBytes } from './kept.ts'
import type { Row } from './sql.ts'
import type { EntryState, State } from './states.ts'
import type { Claimed, Delivery, Kept } from './truth.ts'

export const DELIVERY_COLUMNS = `d.id, d.item, i.seq, i.run_uid, e.uri, e.format, d.target, d.lane, d.slot_key, d.slot, d.action, d.required,
  d.foreign_key, d.resign, d.host, d.state, e.state AS entry_state, d.due, d.changed, d.attempts, d.fence, d.holder, d.error, d.receipt`
export const DELIVERY_TABLES = 'delivery d JOIN item i ON i.id = d.item JOIN entry e ON e.seq = i.seq'

const BOUNDS: JsonBounds = { depth: 50, values: 20_000 }

/** @example numberOf(row, 'seq') // 12 */
export function numberOf(row: Row | undefined, column: string): number {
  return Number(row?.[column])
}

/** The text of a column; undefined for NULL. */
export function textOf(row: Row, column: string): string | undefined {
  const value = row[column]
  return value === null || value === undefined ? undefined : String(value)
}

/** The value of a JSON column; undefined for NULL, and for what somebody changed into something else. */
export function jsonOf<T>(row: Row, column: string): T | undefined {
  const value = row[column]
  if (value === null || value === undefined) return undefined
  if (typeof value !== 'string') return value as T
  try {
    return parseBounded(value, BOUNDS) as T
  } catch {
    return undefined // changed by hand; one such row must not keep its neighbours from being read
  }
}

/** An error as prov writes it; undefined for any other shape. */
export function errorOf(row: Row): ErrorJson | undefined {
  const error = jsonOf<unknown>(row, 'error')
  if (!isRecord(error) || typeof error['message'] !== 'string' || !Object.hasOwn(ERRORS, String(error['code'])))
    return undefined
  const { code, message, backend, location, hint } = error
  const text = (name: string, value: unknown) => (typeof value === 'string' ? { [name]: value } : {})
  const { retryAfterMs: after } = error
  return {
    code: code as ErrorJson['code'],
    message,
    ...text('backend', backend),
    ...text('location', location),
    ...text('hint', hint),
    ...(typeof after === 'number' && after >= 0 ? { retryAfterMs: after } : {}),
  }
}

/** A receipt as prov writes it; undefined for any other shape. */
function receiptOf(row: Row): CopyReceipt | undefined {
  const receipt = jsonOf<unknown>(row, 'receipt')
  return isRecord(receipt) && typeof receipt['location'] === 'string' && typeof receipt['backend'] === 'string'
    ? (receipt as unknown as CopyReceipt)
    : undefined
}

/** A location that was changed by hand beyond recognition is one that no backend names. */
export function slotOf(row: Row): Slot {
  const slot = recordIn(jsonOf<unknown>(row, 'slot'))
  const { backend, key, kind, holds, address } = slot
  const isSlot = typeof backend === 'string' && typeof key === 'string' && isRecord(address)
  if (isSlot && (kind === 'dsse' || kind === 'raw') && (holds === 'one' || holds === 'many')) {
    return { backend, key, kind, holds, address: address as Slot['address'] }
  }
  return { backend: String(row['target']), key: '', kind: 'dsse', holds: 'one', address: {} }
}

function bytesOf(row: Row, column: string): Uint8Array | undefined {
  const value = row[column]
  if (value === null || value === undefined) return undefined
  if (value instanceof Uint8Array) return value
  throw new ProvError('internal', `${column} is not bytes`)
}

/** Throws `copy_malformed` for an entry that was changed by hand. */
export function keptOf(row: Row): Kept {
  return {
    seq: numberOf(row, 'seq'),
    uri: String(row['uri']),
    format: String(row['format']),
    id: String(row['id']),
    state: String(row['state']) as EntryState,
    entry: entryOfBytes(bytesOf(row, 'bytes') ?? new Uint8Array()),
  }
}

/** A row of {@link DELIVERY_COLUMNS}. */
export function deliveryOf(row: Row): Delivery {
  const [run, host] = [textOf(row, 'run_uid'), textOf(row, 'host')]
  const error = errorOf(row)
  const receipt = receiptOf(row)
  return {
    id: numberOf(row, 'id'),
    seq: numberOf(row, 'seq'),
    ...(run === undefined ? {} : { run }),
    uri: String(row['uri']),
    format: String(row['format']),
    target: String(row['target']),
    lane: String(row['lane']),
    slotKey: String(row['slot_key']),
    required: Number(row['required']) === 1,
    ...(host === undefined ? {} : { host }),
    state: String(row['state']) as State,
    entryState: String(row['entry_state']) as EntryState,
    due: numberOf(row, 'due'),
    changed: numberOf(row, 'changed'),
    attempts: numberOf(row, 'attempts'),
    ...(error === undefined ? {} : { error }),
    ...(receipt === undefined ? {} : { receipt }),
  }
}

/** A row of {@link DELIVERY_COLUMNS} with the entry's bytes, about and the run's object. */
export function claimedOf(row: Row): Claimed {
  const error = errorOf(row)
  const run = bytesOf(row, 'object')
  return {
    id: numberOf(row, 'id'),
    fence: numberOf(row, 'fence'),
    holder: String(row['holder']),
    item: numberOf(row, 'item'),
    slotKey: String(row['slot_key']),
    seq: numberOf(row, 'seq'),
    uri: String(row['uri']),
    format: String(row['format']),
    target: String(row['target']),
    lane: String(row['lane']),
    slot: slotOf(row),
    action: String(row['action']) as Action,
    foreign: Number(row['foreign_key']) === 1,
    resign: Number(row['resign']) === 1,
    attempts: numberOf(row, 'attempts'),
    ...(error === undefined ? {} : { error }),
    entry: bytesOf(row, 'bytes') ?? new Uint8Array(),
    keyids: arrayIn(jsonOf<unknown>(row, 'keyids')).map(String),
    about: bytesOf(row, 'about') ?? new Uint8Array(),
    ...(run === undefined ? {} : { run }),
  }
}
