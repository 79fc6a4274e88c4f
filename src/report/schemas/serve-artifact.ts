/** What GET /v1/artifacts/{uri} answers: the entries of one artifact that stand, and where their copies are. */
import type { KnownCopy, Standing } from '../../truth/search-port.ts'
import { output } from './document.ts'
import { ENTRY_ID } from './parts.ts'
import { COPY, ENTRY_STATE } from './search.ts'
import { COUNT, list, object, oneOf, says, TEXT } from './shape.ts'

/** The answer of GET /v1/artifacts/{uri}. */
export interface ArtifactAnswer {
  readonly artifact: string
  readonly entries: readonly ArtifactEntry[]
}

export interface ArtifactEntry {
  readonly seq: number
  readonly entry: string
  readonly format: string
  readonly state: Standing['state']
  /** RFC 3339. */
  readonly committed: string
  readonly copies: readonly KnownCopy[]
}

export const schema = output(
  'answer of GET /v1/artifacts/{uri} of prov serve',
  object<ArtifactAnswer>(
    {
      artifact: says(TEXT, 'its URI'),
      entries: list(
        object<ArtifactEntry>(
          {
            seq: says(COUNT, 'number of the entry in the truth'),
            entry: ENTRY_ID,
            format: TEXT,
            state: oneOf(ENTRY_STATE),
            committed: says(TEXT, 'RFC 3339'),
            copies: says(list(COPY), 'as the truth has them'),
          },
          {},
        ),
      ),
    },
    {},
  ),
)
