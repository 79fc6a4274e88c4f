/** A prepared item as reports show it, whether its copies are stored at once or owed. Pure. */
import { type Artifact, artifactName } from '../model/artifact.ts'
import type { PlanRow } from './plan.ts'
import { entryOf, type PreparedItem, signaturesOf } from './prepare.ts'

/** A row as it is reported: without what only its delivery needs. */
export type ReportedRow = Omit<PlanRow, 'foreign' | 'resign'>

export interface DescribedItem {
  readonly artifact: string
  readonly type: Artifact['type']
  readonly format: string
  /** `signed` now, or `adopted` from a copy that already verified; `planned`: nothing was signed. */
  readonly source: 'signed' | 'adopted' | 'planned'
  readonly entry: string
  readonly signatures: readonly string[]
  readonly keyids: readonly string[]
  /** JSON pointers at which today's payload would differ from the adopted one; [] when it would not. */
  readonly differs: readonly string[]
  readonly plan: readonly ReportedRow[]
}

/** @example described(prepared).source // 'signed' */
export function described(prepared: PreparedItem): DescribedItem {
  const { item, entry, source, differs, rows } = prepared
  return {
    artifact: artifactName(item.artifact),
    type: item.artifact.type,
    format: item.format.name,
    source,
    entry: entryOf(prepared),
    signatures: signaturesOf(prepared),
    keyids: entry.signatures.flatMap((signature) => (signature.keyid === undefined ? [] : [signature.keyid])),
    differs,
    plan: rows.map(({ foreign: _foreign, resign: _resign, ...shown }) => shown),
  }
}
