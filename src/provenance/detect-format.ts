/** The name of an entry's format, by what it holds. */

import { COSIGN_SIGN_PREDICATE } from '../formats/cosign-sign.ts'
import type { Entry } from '../model/entry.ts'
import { readStatement, type Statement } from '../model/statement.ts'
import { arrayIn, memberIn } from '../platform/text/guards.ts'
import { SLSA_V1, SLSA_V02 } from './identity.ts'

/**
 * Every format that an entry may be of, the likeliest first: `simplesigning`, `slsa/v1` (Chains' name for SLSA v0.2), Chains' two formats of
 * SLSA v1.0, or the predicate type of any other Statement. The two differ in their byproducts; a run without results has the same bytes in
 * both.
 *
 * @example formatsOf(entry) // ['slsa/v1']
 */
export function formatsOf(entry: Entry): readonly [string, ...string[]] {
  if (entry.kind === 'raw') return ['simplesigning']
  const statement = readStatement(entry.payload)
  if (statement === undefined) return ['unreadable']
  if (statement.predicateType === SLSA_V02) return ['slsa/v1']
  if (statement.predicateType === COSIGN_SIGN_PREDICATE) return ['cosign-sign']
  if (statement.predicateType !== SLSA_V1) return [statement.predicateType]
  return slsaV1Makes(statement)
}

/** The likeliest of {@link formatsOf}. */
export function formatOf(entry: Entry): string {
  return formatsOf(entry)[0]
}

// v2alpha3 names byproducts `taskRunResults/<result>`, v2alpha4 `taskRunResults/<run>/<result>` (reference: chains.md 3.4, 3.5).
function slsaV1Makes({ predicate, predicateType }: Statement): readonly [string, ...string[]] {
  const buildType = memberIn(predicate, 'buildDefinition', 'buildType')
  if (typeof buildType !== 'string' || !buildType.startsWith('https://tekton.dev/chains/v2/')) return [predicateType]
  const byproducts = memberIn(predicate, 'runDetails', 'byproducts')
  const names = arrayIn(byproducts).map((item) => memberIn(item, 'name'))
  const depths = names.flatMap((name) => (typeof name === 'string' ? [name.split('/').length] : []))
  if (depths.some((depth) => depth > 2)) return ['slsa/v2alpha4']
  if (depths.some((depth) => depth === 2)) return ['slsa/v2alpha3']
  return ['slsa/v2alpha4', 'slsa/v2alpha3']
}

/** True for an entry that signs an image itself, simplesigning or cosign's Statement, and is not an attestation about it. */
export function isImageSignature(entry: Entry): boolean {
  return entry.kind === 'raw' || formatOf(entry) === 'cosign-sign'
}
