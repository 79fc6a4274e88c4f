/** Copies of one run by two keys, and what agree says of them. */

import type { About } from '../../../src/backend/backend.ts'
import type { Reading } from '../../../src/copies/read-copies.ts'
import { formatNamed } from '../../../src/formats/index.ts'
import type { RunArtifact } from '../../../src/model/artifact.ts'
import type { Entry } from '../../../src/model/entry.ts'
import { joinTrust, trustOf } from '../../../src/trust/trusted-keys.ts'
import { agree } from '../../../src/verify/agree.ts'
import { aboutRun, attest, FORMAT_OPTIONS, item, reading, signer, taskRun } from '../../support/makers.ts'

export const run = taskRun('aa')
export const sibling = taskRun('bb', { image: 'aa' })
export const about = aboutRun(run)
export const ours = await signer()
export const theirs = await signer()
export const trust = joinTrust([trustOf(ours), trustOf(theirs)])
export const good = await attest(run, ours)

/** Provenance of a run, bent before it is signed. */
export async function inFormat(of: RunArtifact, format: string, change: (text: string) => string = (text) => text) {
  const text = Buffer.from(formatNamed(format).payload(of, FORMAT_OPTIONS)).toString()
  return attest(of, ours, Buffer.from(change(text)))
}

export const one = (...entries: readonly Entry[]) => at('one', entries)
export const many = (...entries: readonly Entry[]) => at('many', entries)
export function at(holds: 'one' | 'many', entries: readonly Entry[], of: About = about): Reading {
  return reading(
    of,
    'x',
    holds,
    entries.map((entry, i) => item(entry, `at ${i}`)),
    trust,
  )
}
/** Backends a, b, c, … in this order. */
export function told(readings: readonly Reading[], required: readonly string[] = [], of: About = about) {
  const named = readings.map((one, i) => ({ ...one, backend: String.fromCharCode(97 + i) }))
  return agree(of, named, () => required)
}
export const marks = (readings: readonly Reading[], required: readonly string[] = [], of: About = about): string =>
  told(readings, required, of)
    .rows.map(({ backend, mark }) => `${backend}${mark}`)
    .join(' ')
