/** What `prov get --json` prints: the whole entry, whichever part is asked for. */
import type { Entry, Signature } from '../../model/entry.ts'
import { output } from './document.ts'
import { ENTRY_ID, INPUT, KIND, type WithInput } from './parts.ts'
import { BASE64, list, object, says, TEXT } from './shape.ts'

const SIGNATURE = object<Signature>(
  { sig: BASE64 },
  {
    keyid: TEXT,
    keyHint: says(TEXT, "base64 of sha256 of the key's SPKI"),
    certificate: says(TEXT, 'PEM'),
    chain: says(TEXT, 'PEM'),
    logEntries: says(list(TEXT), "a Sigstore bundle's log entries, each JSON as it is stored"),
    logProof: says(TEXT, 'proof of the transparency log, JSON as it is stored'),
    timestamps: says(list(BASE64), 'RFC 3161 responses, DER'),
  },
)

/** The entry as run-get.ts prints it, bytes as base64. */
interface Printed extends Entry, WithInput {
  readonly location: string
  readonly id: string
}

export const schema = output(
  'prov get --json',
  object<Printed>(
    {
      location: TEXT,
      id: ENTRY_ID,
      kind: KIND,
      payloadType: TEXT,
      payload: BASE64,
      signatures: { ...list(SIGNATURE), minItems: 1 },
    },
    { envelope: says(BASE64, 'the DSSE envelope as it is stored'), input: INPUT },
  ),
)
