/** Runs from files, folders and standard input. */
import { ProvError } from '../errors.ts'
import { MAX_BYTES, readFiles } from './read.ts'
import { type LoadedInput, type Placed, runsOf } from './runs.ts'
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
 * Every run of the inputs: YAML (several documents), JSON, Lists, folders, `-`. Objects of other kinds are passed over with a note. Throws
 * `input_unreadable`, `input_too_large`, `input_invalid`, `input_empty` (no run at all), each with the file and a hint.
 *
 * @example (await loadInputs(['run.yaml'])).runs[0]?.name // 'build-7x'
 */
export async function loadInputs(paths: readonly string[], options: LoadOptions = {}): Promise<LoadedInput> {
  const documents: Placed[] = []
  for await (const { file, bytes } of readFiles(paths, {
    stdin: options.stdin,
    maxBytes: options.maxBytes ?? MAX_BYTES,
  })) {
    const parsed = await parseDocuments(file === '-' ? 'standard input' : file, bytes)
    for (const [document, value] of parsed.entries()) documents.push({ value, source: { file, document } })
  }
  const input = runsOf([...documents, ...(options.beside ?? [])])
  if (input.runs.length > 0) return input
  const where =
    paths.length === 0 ? 'no input was named' : `no TaskRun or PipelineRun in ${paths.slice(0, 3).join(', ')}`
  const beside = input.notes.length === 0 ? '' : ` (${input.notes[0]})`
  throw new ProvError('input_empty', `${where}${beside}`, {
    hint: 'give the run as the cluster has it: kubectl get taskrun NAME -o yaml',
  })
}
