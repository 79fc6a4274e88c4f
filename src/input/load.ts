/** Runs from files, folders and standard input. */
import { ProvError } from '../errors.ts'
import { type InputCount, inputText } from './count.ts'
import type { NotRead } from './folder.ts'
import { MAX_BYTES, readFiles } from './read.ts'
import { isRunLike, type LoadedInput, type Placed, runsOf } from './runs.ts'
import { parseDocuments } from './text.ts'

export interface LoadOptions {
  /** Read for `-`. */
  readonly stdin?: AsyncIterable<Uint8Array | string>
  /** Largest single input in bytes; 32 MiB unless said. */
  readonly maxBytes?: number
  /** Objects that were read elsewhere, and count as a part of the input. */
  readonly beside?: readonly Placed[]
}

/**
 * Every run of the inputs: YAML (several documents), JSON, Lists, folders, `-`. Objects of other kinds are passed over with a note, and files
 * of a folder that hold no run are counted; a file that was named must hold one. Throws `input_unreadable`, `input_too_large`,
 * `input_invalid`, `input_empty` (no run), each with the file and a hint.
 *
 * @example (await loadInputs(['run.yaml'])).runs[0]?.name // 'build-7x'
 */
export async function loadInputs(paths: readonly string[], options: LoadOptions = {}): Promise<LoadedInput & Counted> {
  const documents: Placed[] = []
  const notRead: Partial<Record<NotRead, number>> = {}
  let files = 0
  let withoutRun = 0
  const reading = {
    stdin: options.stdin,
    maxBytes: options.maxBytes ?? MAX_BYTES,
    notRead: (why: NotRead) => {
      notRead[why] = (notRead[why] ?? 0) + 1
    },
  }
  for await (const { file, bytes, named, direct } of readFiles(paths, reading)) {
    files++
    // Below the folder that was named, whatever a checkout holds may stand, templates that are not YAML included.
    if (!named && !direct && !mentionsTekton(bytes)) {
      withoutRun++
      continue
    }
    const parsed = await parsedOf(file, bytes, named || direct)
    const placed = parsed.map((value, document) => ({ value, source: { file, document } }))
    // One by one: as arguments of one call, a hundred thousand documents are more than the stack holds.
    if (placed.some(({ value }) => isRunLike(value, named))) for (const one of placed) documents.push(one)
    else if (named) throw noRun([file], runsOf(placed).notes)
    else withoutRun++
  }
  const input = runsOf([...documents, ...(options.beside ?? [])])
  const count = { files, runs: input.runs.length, withoutRun, notRead }
  if (input.runs.length > 0) return { ...input, count }
  throw noRun(paths, input.notes, inputText(count))
}

interface Counted {
  readonly count: InputCount
}

/** A file that cannot be parsed is passed over only below the folder that was named, and if nothing in it claims to be a run. */
async function parsedOf(file: string, bytes: Uint8Array, strict: boolean): Promise<readonly unknown[]> {
  try {
    return await parseDocuments(file === '-' ? 'standard input' : file, bytes)
  } catch (thrown) {
    if (strict || /(?:Task|Pipeline)Run/.test(textOf(bytes))) throw thrown
    return []
  }
}

/** Every run has an apiVersion; in JSON the slash may be escaped. A file in another encoding that is not read has to be reported. */
function mentionsTekton(bytes: Uint8Array): boolean {
  return /tekton\.dev(?:\\?\/|\\u002[fF])/.test(textOf(bytes))
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1').replaceAll('\0', '')
}

function noRun(paths: readonly string[], notes: readonly string[], read?: string): ProvError {
  const where =
    paths.length === 0 ? 'no input was named' : `no TaskRun or PipelineRun in ${paths.slice(0, 3).join(', ')}`
  const more = [read, notes[0]].filter((text) => text !== undefined)
  return new ProvError('input_empty', `${where}${more.length === 0 ? '' : ` (${more.join('; ')})`}`, {
    ...(paths.length === 1 ? { location: paths[0] } : {}),
    hint: 'give the run as the cluster has it: kubectl get taskrun NAME -o yaml',
  })
}
