/** `statement`: an existing Statement, signed as it is. */

import { ProvError } from '../errors.ts'
import type { Artifact, StatementArtifact } from '../model/artifact.ts'
import { STATEMENT_TYPE } from '../model/entry.ts'
import type { Format } from './format.ts'

export const statement: Format = {
  name: 'statement',
  kind: 'dsse',
  payloadType: STATEMENT_TYPE,
  predicateType: undefined, // that of the file
  describes: (artifact) => artifact.type === 'statement',
  subjects: (artifact) => given(artifact).subjects,
  payload: (artifact) => given(artifact).payload,
}

function given(artifact: Artifact): StatementArtifact {
  if (artifact.type === 'statement') return artifact
  throw new ProvError('internal', `a Statement was expected, not ${artifact.type}`)
}
