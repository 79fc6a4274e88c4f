/** Questions that the lines of the suite ask about what a backend gave back. */

import { AssertionError } from 'node:assert'
import type { Backend, Found, FoundDamage, Slot } from '../../src/backend/backend.ts'
import { type ErrorCode, ProvError } from '../../src/errors.ts'
import { type Entry, entryId, type Signature, sameBytes } from '../../src/model/entry.ts'
import { joinSignatures } from '../../src/model/proofs.ts'
import { expect } from './expect.ts'

/** A signal that nobody aborts. */
export const calm = (): { readonly signal: AbortSignal } => ({ signal: new AbortController().signal })

/** Everything in the slot, after a trip of the slot through JSON, as the plan makes it. */
export async function look(backend: Backend, slot: Slot): Promise<readonly Found[]> {
  return backend.get(JSON.parse(JSON.stringify(slot)), calm())
}

/** The entries in the slot; items with one id are one entry, with the signatures and proofs of all. */
export async function entries(backend: Backend, slot: Slot): Promise<readonly Entry[]> {
  return merged(await look(backend, slot))
}

export function merged(found: readonly Found[]): readonly Entry[] {
  const byId = new Map<string, Entry>()
  for (const { entry } of found) {
    if (entry === undefined) continue
    const known = byId.get(entryId(entry))
    byId.set(entryId(entry), known === undefined ? entry : { ...known, signatures: union(known, entry) })
  }
  return [...byId.values()]
}

function union(a: Entry, b: Entry): readonly Signature[] {
  const joined = a.signatures.map((own) => {
    const same = b.signatures.find(({ sig }) => sameBytes(sig, own.sig))
    return same === undefined ? own : joinSignatures(own, same)
  })
  return [...joined, ...b.signatures.filter((s) => !a.signatures.some((known) => sameBytes(known.sig, s.sig)))]
}

export function damages(found: readonly Found[]): readonly FoundDamage[] {
  return found.filter((item): item is FoundDamage => item.damage !== undefined)
}

/** Payload, type and signature bytes of `wanted` are there, byte for byte, and no other signature. */
export function expectSame(found: Entry | undefined, wanted: Entry): void {
  expect(found, 'the entry').toBeDefined()
  if (found === undefined) return
  expect(found.kind, 'the kind').toBe(wanted.kind)
  expect(found.payloadType, 'the payload type').toBe(wanted.payloadType)
  expect(Buffer.from(found.payload).toString('base64'), 'the payload').toBe(
    Buffer.from(wanted.payload).toString('base64'),
  )
  expect(signatureSet(found), 'the signatures').toEqual(signatureSet(wanted))
}

export function signatureSet(entry: Entry): readonly string[] {
  return entry.signatures.map((s) => Buffer.from(s.sig).toString('base64')).sort()
}

/** Entries as comparable text, in no particular order. */
export function entrySet(all: readonly Entry[]): readonly string[] {
  return all.map((entry) => `${entryId(entry)} ${signatureSet(entry).join(' ')}`).sort()
}

/** The error that the call must end with. */
export async function failure(call: Promise<unknown> | (() => unknown)): Promise<ProvError> {
  try {
    await (typeof call === 'function' ? call() : call)
  } catch (thrown) {
    if (thrown instanceof ProvError) return thrown
    throw endedWith(noProvError(thrown), thrown)
  }
  throw endedWith('the call did not fail', undefined)
}

/** The core knows its own class only: what another copy of prov, or a look-alike, throws is a defect to it. */
function noProvError(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'it failed with something that is no Error'
  if (thrown.name !== 'ProvError') return `it failed without a code: ${thrown.name}: ${thrown.message}`
  return 'it failed with the ProvError of another copy of prov: try with the prov that the backend imports'
}

export async function expectCode(call: Promise<unknown> | (() => unknown), code: ErrorCode): Promise<ProvError> {
  const error = await failure(call)
  if (error.code === code) return error
  throw endedWith(`the code of "${error.message}": expected '${code}', found '${error.code}'`, error)
}

/** A demand on how a call ends that is not met; `cause` is what it ended with. */
function endedWith(message: string, cause: unknown): AssertionError {
  return Object.assign(new AssertionError({ message }), cause === undefined ? {} : { cause })
}

/** Everything that a stream gives. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const item of stream) all.push(item)
  return all
}
