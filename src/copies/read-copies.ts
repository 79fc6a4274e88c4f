/** Looks for every copy of one artifact, in every backend at once. */

import type { About, Backend, Found, Slot } from '../backend/backend.ts'
import { asProvError, type ErrorJson, errorJson } from '../errors.ts'
import { type Signature, signatureId } from '../model/entry.ts'
import { isLack, type Lent } from '../trust/judge-signature.ts'
import type { Trust } from '../trust/trust.ts'
import { type Checks, checkFound, type Verdicts } from '../trust/verify-entry.ts'
import { type GoodCopy, type Judged, judge } from './judge-slot.ts'

/** One backend's answer for one slot, or that it keeps nothing of the kind. */
export interface Reading {
  readonly backend: string
  /** Undefined: the backend does not keep this artifact. */
  readonly slot?: Slot
  readonly judged?: Judged
  /** Copies that verify and are not in the slot, but came with the artifact. */
  readonly carried?: readonly GoodCopy[]
  /** In place of a slot: where a write-only store takes the entry. Nobody can look there, so it is `x` in verify. */
  readonly sendTo?: Slot
  /** Why it could not be read. */
  readonly error?: ErrorJson
}

export interface ReadCopiesOptions {
  readonly signal: AbortSignal
  /** What was found in one of the places just now, so that it is not read twice. */
  readonly known?: { readonly slot: Slot; readonly found: readonly Found[]; readonly checks: Checks }
}

/**
 * One {@link Reading} a slot, in the order of the backends; a backend that keeps nothing of the kind gives one without a slot.
 * Never throws for what a backend does: that is in the look's `error`. `trust` may still be on its way, a key being opened:
 * the stores are read meanwhile.
 *
 * @example (await readCopies(about, backends, trust, { signal })).map((reading) => reading.judged?.good.length)
 */
export async function readCopies(
  about: About,
  backends: readonly Backend[],
  trust: Trust | Promise<Trust>,
  options: ReadCopiesOptions,
): Promise<readonly Reading[]> {
  const before = options.known?.checks
  const verdicts: Verdicts = before?.trust === trust ? before.verdicts : new Map()
  const read = (backend: Backend) => readSlots(backend, about, { trust, verdicts }, options)
  const all = (await Promise.all(backends.map(read))).flat()
  return helped(about, all, await trust)
}

/** A reading with the items that it was made of, which another backend's proofs may help to verify. */
interface Read {
  readonly reading: Reading
  readonly found: readonly Found[]
  /** Of the items; absent where there are none. */
  readonly checks?: Checks
}

/** A copy that lacks a proof is judged once more with those that other backends hold for the same signature. */
async function helped(about: About, all: readonly Read[], trust: Trust): Promise<readonly Reading[]> {
  // Of each signature: where several signers are wanted, or a stranger stands first, the item fails for something else.
  const lacks = ({ found, checks }: Read): boolean =>
    found.some(({ entry }) => entry !== undefined && checks?.of(entry).failed.some(({ code }) => isLack(code)))
  if (trust.proofs === undefined || !all.some(lacks)) return all.map(({ reading }) => reading)
  const lent = lentBy(all)
  return Promise.all(
    all.map(async (one) => {
      const { reading, found } = one
      if (reading.slot === undefined || !lacks(one)) return reading
      return { ...reading, judged: judge(about, reading.slot, found, await checkFound(found, trust, { lent })) }
    }),
  )
}

/** A store may hold any number of copies of one signature; what more of them lend is not tried. Each store has its own: none crowds out another. */
const MAX_LENT = 8

function lentBy(all: readonly Read[]): Lent {
  const lent = new Map<string, { readonly backend: string; readonly signature: Signature }[]>()
  for (const { reading, found } of all) {
    for (const signature of found.flatMap(({ entry }) => entry?.signatures ?? [])) {
      const { certificate, logEntries, logProof, timestamps } = signature
      if ((certificate ?? logEntries ?? logProof ?? timestamps) === undefined) continue
      const id = signatureId(signature)
      const known = lent.get(id) ?? []
      const own = known.filter(({ backend }) => backend === reading.backend)
      if (own.length < MAX_LENT) lent.set(id, [...known, { backend: reading.backend, signature }])
    }
  }
  return lent
}

/** What the copies of one artifact are checked against, and what was verified of them so far. */
interface Grounds {
  readonly trust: Trust | Promise<Trust>
  readonly verdicts: Verdicts
}

async function readSlots(
  backend: Backend,
  about: About,
  grounds: Grounds,
  options: ReadCopiesOptions,
): Promise<readonly Read[]> {
  const { name } = backend
  let slots: readonly Slot[]
  try {
    slots = backend.slots(about)
  } catch (thrown) {
    const error = asProvError(thrown)
    if (error.code !== 'host_refused') throw error
    return [without({ backend: name, error: errorJson(error) })]
  }
  if (slots.length === 0) return [without({ backend: name })]
  if (!backend.capabilities.readable) return slots.map((slot) => without({ backend: name, sendTo: slot }))
  const found = await readTogether(backend, slots, options)
  return Promise.all(slots.map((slot, i) => lookAt(backend, slot, about, grounds, options, found?.[i])))
}

function without(reading: Reading): Read {
  return { reading, found: [] }
}

/** Several places in one call; undefined where the backend has no such call, or where it failed: then each is asked, and says for itself. */
async function readTogether(
  backend: Backend,
  slots: readonly Slot[],
  { known, signal }: ReadCopiesOptions,
): Promise<readonly (readonly Found[])[] | undefined> {
  if (backend.getMany === undefined || slots.length < 2 || known !== undefined) return undefined
  try {
    return await backend.getMany(slots, { signal })
  } catch (thrown) {
    if (asProvError(thrown).code === 'internal') throw thrown
    return undefined
  }
}

async function lookAt(
  backend: Backend,
  slot: Slot,
  about: About,
  { trust, verdicts }: Grounds,
  options: ReadCopiesOptions,
  read: readonly Found[] | undefined,
): Promise<Read> {
  const { known: given, signal } = options
  const known = given?.slot.backend === slot.backend && given.slot.key === slot.key ? given : undefined
  let found: readonly Found[]
  try {
    found = read ?? known?.found ?? (await backend.get(slot, { signal }))
  } catch (thrown) {
    const error = asProvError(thrown)
    if (error.code === 'internal') throw error
    return without({ backend: backend.name, slot, error: errorJson(error) })
  }
  const checks = known?.checks ?? (await checkFound(found, await trust, { verdicts }))
  const judged = judge(about, slot, found, checks)
  const carried = backend.carried?.(slot) ?? []
  const more = carried.length === 0 ? {} : { carried: judge(about, slot, carried, checks).good }
  return { reading: { backend: backend.name, slot, judged, ...more }, found, checks }
}
