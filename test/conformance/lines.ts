import type { ErrorCode } from '../../src/errors.ts'

/**
 * The lines of the conformance suite, under short names. A gap names a line by its short name; the docs' tables are made of both.
 */
export const LINES = {
  bytes: 'payload and signature bytes come back exactly',
  spelling: 'a payload with spaces after its commas comes back exactly',
  nonAscii: 'a payload beyond ASCII comes back exactly',
  certificates: 'certificate and chain come back',
  plainKey: 'without a certificate none comes back',
  severalSignatures: 'several signatures of one payload come back',
  logProof: 'a log proof comes back',
  logEntries: 'log entries come back',
  timestamps: 'time-stamps come back',
  proofOfOne: 'what proves one signature comes back with that signature, and with no other',
  addsProof: 'a put that adds a proof to what is there is written, and loses none',
  proofRace: 'of concurrent puts that add unlike proofs all survive, or the loser is told',
  envelope: "the envelope's own bytes come back",
  putTwice: 'put twice gives unchanged and one entry',
  resign: 'another signature of the same payload: kept beside the first, or occupied and nothing changed',
  another:
    'another payload in the same slot: kept beside the first, or occupied with what was found and nothing changed',
  race: 'two concurrent puts both survive, or the loser is told',
  raceMany: 'eight concurrent puts of one entry leave one entry',
  absent: 'absent is [], never an error',
  getMany: 'many places in one call are what each of them is by itself',
  needsRun: 'slots is [] for what is not kept here',
  slotsMatch: 'slots match the receipts',
  slotsPure: 'slots is pure, stable and serialises to JSON',
  size: 'size says the bytes beforehand and touches nothing',
  sizeLimit: 'over the size limit fails before a byte is sent',
  denied: 'denied has a code of its own',
  throttled: 'throttled has a code of its own',
  unreachable: 'unreachable has a code of its own',
  timedOut: 'timed out has a code of its own',
  tooLarge: 'an answer too large has a code of its own',
  corrupt: 'a corrupt copy is damage with a code, not an error and not absent',
  neighbours: 'damage does not hide neighbours',
  abortBefore: 'an aborted signal stops the call before it does anything',
  abortDuring: 'abort stops within the call',
  replace: 'replace puts an entry in the place of what was found',
  replaceDamage: 'replace heals damage',
  replaceConflict: 'replace of what has changed since is a conflict and changes nothing',
  remove: 'remove takes away what was found and nothing else',
  removeProofs: 'remove takes the proofs of a copy along',
  replaceProofs: 'replace leaves no proof of what was replaced',
  removeGone: 'remove of what is gone is not an error, of what has changed a conflict',
  list: 'list streams every slot that holds something',
  listFound: 'what a listing hands over with a place is what stands there',
  seal: 'seal comes last, is idempotent and leaves the copies alone',
  diagnose: 'a diagnosis finds working what works, and leaves everything as it was',
  flat: 'after 2,000 different slots through one handle the heap is flat',
  close: 'close twice is not an error',
} as const

export type Line = keyof typeof LINES

/**
 * How a gap shows. `untried`: nothing brings the line about, since the backend has not the ability or the rig not the means. `differs`: what
 * comes back is not what the line demands. A code: a call of the line ends with it.
 */
export type Shows = 'untried' | 'differs' | ErrorCode

/** A line that does not hold for a backend, and why. */
export interface Gap {
  readonly line: Line
  /** Only for this kind of entry; absent: for both. */
  readonly kind?: 'dsse' | 'raw'
  readonly reason: string
  /** Only a failure of this kind confirms the gap; absent: `untried`, `differs` or `not_supported`. */
  readonly shows?: Shows
  /** It holds more often than not, so that trying it proves nothing: listed, and measured elsewhere. */
  readonly byChance?: true
}

/** Gaps as a list, or as reasons by line. */
export type Gaps = readonly Gap[] | Readonly<Partial<Record<Line, string>>>

/** @example gapList({ close: 'a second close hangs' }) // [{ line: 'close', reason: 'a second close hangs' }] */
export function gapList(gaps: Gaps): readonly Gap[] {
  if (isList(gaps)) return gaps
  return (Object.keys(gaps) as Line[]).map((line) => ({ line, reason: gaps[line] ?? '' }))
}

function isList(gaps: Gaps): gaps is readonly Gap[] {
  return Array.isArray(gaps)
}
