/** What several outputs share: errors, places, ids. Each stands under `$defs` of the schemas that use it. Pure. */

import type { Slot, SlotNames } from '../../backend/backend.ts'
import type { CopyOutcome } from '../../backend/receipt.ts'
import { ERRORS, type ErrorJson, type FaultJson } from '../../errors.ts'
import type { InputCount } from '../../input/count.ts'
import { NOT_READ } from '../../input/folder.ts'
import type { Artifact, RunClaim } from '../../model/artifact.ts'
import type { Kind } from '../../model/entry.ts'
import { EXITS } from '../text/verify-text.ts'
import { COUNT, list, object, oneOf, type Schema, says, TEXT, tally } from './shape.ts'

const KINDS: Readonly<Record<Kind, true>> = { dsse: true, raw: true }
const TYPES: Readonly<Record<Artifact['type'], true>> = { run: true, image: true, statement: true }
/** What became of a copy. */
export const OUTCOMES: Readonly<Record<CopyOutcome, true>> = {
  written: true,
  unchanged: true,
  replaced: true,
  accepted: true,
  failed: true,
}
const HOLDS: Readonly<Record<Slot['holds'], true>> = { one: true, many: true }

export const KIND = says(oneOf(KINDS), 'dsse: an attestation in an envelope; raw: an image signature')
export const TYPE = oneOf(TYPES)
export const ENTRY_ID: Schema = {
  type: 'string',
  description: 'kind and sha256 of the payload',
  pattern: `^(${Object.keys(KINDS).join('|')}):sha256:[0-9a-f]{64}$`,
}
export const SHA256: Schema = { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' }
export const SIGNATURES = says(list(SHA256), 'sha256 of the bytes of each signature')
export const CODE = oneOf(ERRORS)
export const BACKEND = says(TEXT, 'name of the backend')

/** What to do after an exit that is not 0. */
export const NEXT = says(TEXT, 'what to do next: a command, or a sentence')

export const EXIT = exits(() => true)
const FAILURE_EXIT = exits((exit) => exit > 0)

export const SLOT_MEMBERS = {
  backend: BACKEND,
  kind: KIND,
  holds: says(oneOf(HOLDS), "many: shared with other people's entries"),
  address: says(
    { type: 'object', additionalProperties: TEXT },
    'what the backend needs to find the place again; its members differ from backend to backend',
  ),
} as const

const RUN_KINDS: Readonly<Record<RunClaim['kind'], true>> = { TaskRun: true, PipelineRun: true }

const RUN_CLAIM = object<RunClaim>(
  { kind: oneOf(RUN_KINDS) },
  { uid: TEXT, namespace: TEXT, name: TEXT, joined: says(TEXT, 'namespace and name, joined by the store') },
)

export const SLOT_NAMES = object<SlotNames>(
  {},
  {
    run: RUN_CLAIM,
    subject: says(TEXT, 'sha256 hex'),
    imageKey: says(TEXT, "the first 12 hex digits of the image's digest"),
  },
  'what the place itself says that it is for; no signature covers it',
)

/** What was read, where INPUT was given. */
export interface WithInput {
  readonly input?: InputCount
}

export const INPUT = object<InputCount>(
  {
    files: COUNT,
    runs: COUNT,
    withoutRun: says(COUNT, 'files of folders that were read and hold no run'),
    notRead: says(tally(NOT_READ, COUNT), 'things in folders that were not read, by the reason'),
  },
  {},
  'what was read, where INPUT was given',
)

/** The parts by the name that `$ref` has for them. */
export const PARTS = {
  error: object<ErrorJson>(
    { code: CODE, message: TEXT },
    {
      backend: BACKEND,
      operation: TEXT,
      location: TEXT,
      hint: TEXT,
      retryAfterMs: COUNT,
      faults: says(
        list(object<FaultJson>({ code: CODE, message: TEXT }, { hint: TEXT })),
        'where several were found at once: every one',
      ),
    },
    'a finding, or why the result is missing',
  ),
  failure: object<{ readonly exit: number; readonly error: ErrorJson }>(
    { exit: FAILURE_EXIT, error: ref('error') },
    {},
    'in place of a result: nothing more is printed',
  ),
  slot: object<Slot>({ ...SLOT_MEMBERS, key: TEXT }, { names: SLOT_NAMES }, 'one place in one backend'),
} as const satisfies Readonly<Record<string, Schema>>

/** @example ref('error') // { $ref: '#/$defs/error' } */
export function ref(name: 'error' | 'failure' | 'slot'): Schema {
  return { $ref: `#/$defs/${name}` }
}

function exits(among: (exit: number) => boolean): Schema {
  return {
    type: 'integer',
    description: Object.entries(EXITS)
      .filter(([exit]) => among(Number(exit)))
      .map(([exit, meaning]) => `${exit} ${meaning}`)
      .join('; '),
    enum: Object.keys(EXITS).map(Number).filter(among),
  }
}
