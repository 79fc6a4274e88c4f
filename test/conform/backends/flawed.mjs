// A sound backend, in one map for each test, that every line of the suite can be tried on; and, with --set flaw=NAME, one with that flaw.
import { setImmediate, setTimeout } from 'node:timers/promises'
import { entryId, holds, holdsWith, ProvError, signatureId, withProofsOf } from 'prov'

const name = 'flawed'
const maxEntryBytes = 100_000

export function rig(context) {
  const places = new Map()
  const state = { writes: 0, sealed: false }
  const opened = (trouble) => open(context.setting('flaw'), places, state, trouble)
  const failing = (code) => () => opened(() => fail(code, 'made trouble'))
  return {
    open: () => opened(),
    faults: {
      denied: failing('denied'),
      throttled: failing('throttled'),
      unreachable: failing('unreachable'),
      timedOut: failing('timed_out'),
      tooLarge: failing('response_too_large'),
      stalled: () => opened((signal) => setTimeout(1200, undefined, { signal })),
    },
    corrupt: async (slot) => void places.set(slot.key, { ...places.get(slot.key), entry: undefined }),
    writes: () => state.writes,
    sealed: async () => state.sealed,
    inProcess: 'writes',
  }
}

function open(flaw, places, state, trouble) {
  let closed = 0
  async function begin(signal) {
    if (flaw === 'hangsAlways') await new Promise(() => {})
    if (flaw === 'plainErrors') signal.throwIfAborted()
    const heeds = flaw !== 'ignoresAbort'
    if (heeds && signal.aborted) fail('aborted', 'stopped')
    try {
      await trouble?.(heeds ? signal : undefined)
      await setImmediate()
    } catch (error) {
      if (error.name !== 'AbortError' || flaw === 'plainErrors') throw error
      fail('aborted', 'stopped')
    }
  }
  const write = (slot, entry) => {
    state.writes++
    places.set(slot.key, { slot, entry: structuredClone(entry), version: String(state.writes) })
  }
  const there = (slot, found) => {
    if (places.get(slot.key)?.version !== found.version) fail('conflict', 'it has changed since')
  }
  const receipt = (slot, entry, outcome, found) => ({
    backend: name,
    slot: flaw === 'strayReceipts' ? `${slot.key}-elsewhere` : slot.key,
    location: slot.key,
    entry: entryId(entry),
    signatures: entry.signatures.map(signatureId),
    outcome,
    ...(found === undefined ? {} : { found }),
  })
  const look = (slot) => {
    const place = places.get(slot.key)
    if (place === undefined && flaw === 'absentIsError') fail('absent', 'there is nothing')
    if (place === undefined) return []
    const common = { location: slot.key, raw: Buffer.from(String(place.version)), version: place.version }
    if (place.entry === undefined) return [{ ...common, damage: { code: 'copy_malformed', message: 'it is damaged' } }]
    const entry = structuredClone(place.entry)
    if (flaw === 'altersPayload') entry.payload[0] ^= 1
    return [{ ...common, entry }]
  }
  const backend = {
    name,
    capabilities: {
      readable: true,
      sharedWrites: 'precondition',
      entriesPerSlot: 'one',
      kinds: ['dsse', 'raw'],
      needsRun: false,
      keepsEnvelope: true,
      maxEntryBytes,
    },
    slots({ artifact, kind, subjects }) {
      const what = artifact.type === 'run' ? artifact.uid : JSON.stringify(subjects)
      return [{ backend: name, key: `${kind} ${what}`, kind, holds: 'one', address: {} }]
    },
    size(slot, entry) {
      if (flaw === 'spins' && slot.kind === 'raw') for (;;);
      const bytes = (entry.envelope ?? entry.payload).length + 100
      if (bytes > maxEntryBytes) fail('entry_too_large', 'too large')
      return bytes
    },
    async put(slot, entry, { signal }) {
      await begin(signal)
      backend.size({ ...slot, kind: 'dsse' }, entry)
      const place = places.get(slot.key)
      if (place?.entry !== undefined && holds(place.entry, entry)) {
        if (flaw === 'addsNoProof' || holdsWith(place.entry, entry)) return receipt(slot, entry, 'unchanged')
        write(slot, withProofsOf(place.entry, [entry]))
        return receipt(slot, entry, 'written')
      }
      if (place !== undefined && flaw !== 'overwrites') return receipt(slot, entry, 'occupied', look(slot))
      if (flaw === 'losesSecond') await setImmediate()
      write(slot, entry)
      return receipt(slot, entry, 'written')
    },
    async get(slot, { signal }) {
      await begin(signal)
      return look(slot)
    },
    async replace(slot, found, entry, { signal }) {
      await begin(signal)
      there(slot, found)
      write(slot, entry)
      return receipt(slot, entry, 'replaced')
    },
    async remove(slot, found, { signal }) {
      await begin(signal)
      if (flaw === 'leavesRejections') void Promise.reject(new Error('nobody waits for this'))
      if (!places.has(slot.key)) return
      there(slot, found)
      state.writes++
      places.delete(slot.key)
    },
    async *list({ kind, subject }, { signal }) {
      await begin(signal)
      if (flaw === 'exits') process.exit(0)
      for (const { slot } of places.values()) {
        if ((kind ?? slot.kind) === slot.kind && subject === undefined) yield slot
      }
    },
    async seal(_run, { signal }) {
      await begin(signal)
      if (state.sealed) return
      state.writes++
      state.sealed = true
    },
    async close() {
      closed++
      if (flaw === 'hangs' && closed > 1) await new Promise(() => {})
    },
  }
  return backend
}

function fail(code, message) {
  throw new ProvError(code, message, { backend: name, operation: 'try' })
}
