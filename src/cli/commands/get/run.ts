/** The work of `prov get`. */

import type { FoundEntry } from '../../../backend/backend.ts'
import { parseFormats } from '../../../config/lists.ts'
import { ProvError } from '../../../errors.ts'
import { formatNamed } from '../../../formats/index.ts'
import { type InputCount, inputText } from '../../../input/count.ts'
import { artifactName } from '../../../model/artifact.ts'
import { type Entry, entryId, type Kind } from '../../../model/entry.ts'
import { encodeEnvelope } from '../../../model/envelope.ts'
import { type Io, write } from '../../../platform/io.ts'
import { jsonText } from '../../../platform/text/json-text.ts'
import { formatsOf } from '../../../provenance/detect-format.ts'
import { relation } from '../../../provenance/identity.ts'
import { artifactsOf } from '../../../setup/artifacts.ts'
import { setUp } from '../../../setup/backends.ts'
import { isAnyoneTrusted, trustFor } from '../../../setup/keys.ts'
import { targetsOf } from '../../../setup/targets.ts'
import { checkEntry } from '../../../trust/verify-entry.ts'
import { warn, worldOf } from '../../world.ts'
import type { GetOptions, Part } from './flags.ts'

/**
 * Writes the part to stdout, byte for byte. Without --format it is that of the attestation; of an image alone that has none, of its signature.
 * Throws `absent` when the copy or the part does not exist.
 */
export async function runGet(part: Part, inputs: readonly string[], options: GetOptions, io: Io): Promise<void> {
  const setup = await setUp(options, worldOf(io, options), { truth: true })
  try {
    const [backend, ...more] = setup.backends
    if (backend === undefined || more.length > 0)
      throw new ProvError('usage', 'get reads from one backend', { hint: 'name one with --storage' })
    const { artifacts, notes, input } = await artifactsOf(inputs, options, worldOf(io, options))
    if (input !== undefined) warn(io, options, inputText(input))
    for (const note of notes) warn(io, options, note)
    const wanted = artifacts.flatMap((artifact) => targetsOf(artifact, setup))
    const named = options.format === undefined ? undefined : parseFormats(options.format).of(backend.name)
    const format = named === undefined ? undefined : formatNamed(named)
    const alone = format === undefined && artifacts.every((artifact) => artifact.type === 'image')
    const trust = isAnyoneTrusted(options) ? await trustFor(options, worldOf(io, options)) : undefined
    const isWanted = (entry: Entry): boolean =>
      (format === undefined || format.name === 'statement' || formatsOf(entry).includes(format.name)) &&
      (trust === undefined || checkEntry(entry, trust).verified.length > 0)
    const copiesOf = async (kind: Kind): Promise<readonly FoundEntry[]> => {
      const copies: FoundEntry[] = []
      for (const { about } of wanted.filter((target) => target.about.kind === kind)) {
        for (const slot of backend.slots(about)) {
          for (const found of await backend.get(slot, { signal: io.signal })) {
            if (found.entry === undefined || !isWanted(found.entry)) continue
            if (relation(found.entry, about.artifact, about.subjects, slot.holds) === 'same') copies.push(found)
          }
        }
      }
      return copies
    }
    const likeliest = await copiesOf(format?.kind ?? 'dsse')
    const copy = choose(likeliest.length === 0 && alone ? await copiesOf('raw') : likeliest, options)
    if (copy === undefined) {
      const what = artifacts.length === 1 && artifacts[0] !== undefined ? artifactName(artifacts[0]) : 'the input'
      throw new ProvError(
        'absent',
        `${backend.name} holds no ${trust === undefined ? '' : 'verifying '}copy for ${what}`,
        { backend: backend.name },
      )
    }
    await write(io.stdout, options.json === true ? asJson(copy, input) : partOf(copy.entry, part))
  } finally {
    await setup.close()
  }
}

/** Copies that are the same entry in several slots count once. */
function choose(copies: readonly FoundEntry[], options: GetOptions): FoundEntry | undefined {
  const unlike = [...new Map(copies.map((copy) => [JSON.stringify(entryJson(copy.entry)), copy])).values()]
  if (options.copy !== undefined) return unlike[options.copy - 1]
  if (unlike.length <= 1) return unlike[0]
  throw new ProvError('run_ambiguous', `there are ${unlike.length} copies that differ`, {
    hint: `choose with --run, --image, --format or --copy 1..${unlike.length}`,
  })
}

function partOf(entry: Entry, part: Part): Uint8Array | string {
  const [first] = entry.signatures
  switch (part) {
    case 'payload':
      return entry.payload
    case 'signature':
      return entry.kind === 'dsse' ? encodeEnvelope(entry) : (first?.sig ?? missing(part))
    case 'envelope':
      return entry.kind === 'dsse' ? encodeEnvelope(entry) : missing(part)
    case 'certificate':
      return first?.certificate ?? missing(part)
    case 'chain':
      return first?.chain ?? missing(part)
    case 'entry':
      return jsonText(entryJson(entry))
  }
}

function missing(part: Part): never {
  throw new ProvError('absent', `this copy has no ${part}`, {
    hint: part === 'envelope' ? 'an image signature is raw: get payload and signature' : 'it was made with a plain key',
  })
}

function asJson({ location, entry }: FoundEntry, input: InputCount | undefined): string {
  return jsonText({ location, id: entryId(entry), ...entryJson(entry), input })
}

/** The whole entry, bytes as base64. */
function entryJson(entry: Entry): object {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
  const { kind, payloadType, payload, signatures, envelope } = entry
  return {
    kind,
    payloadType,
    payload: base64(payload),
    ...(envelope === undefined ? {} : { envelope: base64(envelope) }),
    signatures: signatures.map(({ sig, timestamps, ...rest }) => ({
      sig: base64(sig),
      ...rest,
      ...(timestamps === undefined ? {} : { timestamps: timestamps.map(base64) }),
    })),
  }
}
