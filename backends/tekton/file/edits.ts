/** Edits of several runs in the text of their file. */
import { ProvError } from '../../../src/errors.ts'
import type { RunArtifact } from '../../../src/model/artifact.ts'
import type { Job } from '../../../src/platform/async/coalesce.ts'
import { isRecord } from '../../../src/platform/text/guards.ts'
import { type Annotations, annotationBytes, NAME, TOTAL_LIMIT } from '../layout.ts'
import type { Changes, RunsText, Spot } from './cut-text.ts'
import { appendRuns, createRuns, editRun, splitRuns } from './runs-text.ts'

/** Which run of the file; document and item are hints. */
export interface Target {
  readonly uid: string
  readonly document?: number
  readonly item?: number
  /** What to add where `create` allows it. */
  readonly run?: RunArtifact
}

export interface EditInput {
  readonly target: Target
  readonly decide: (annotations: Annotations) => Changes
}

export type EditJob = Job<EditInput, void>

/** The sum of a group's edits of one run. */
export interface RunEdit {
  readonly target: Target
  /** Absent: the run is added. */
  readonly spot: Spot | undefined
  readonly changes: Changes
  readonly after: Annotations
  readonly jobs: readonly EditJob[]
}

/** The file that the text is of. */
export interface EditedFile {
  readonly path: string
  debug(line: string): void
}

/**
 * The whole text with the edits made; undefined when there are none. An edit that cannot be made fails its own callers only.
 *
 * @param before undefined: there is no file yet
 *
 * @example textAfter({ path: 'run.yaml', debug }, state?.text, edits)
 */
export function textAfter(
  file: EditedFile,
  before: RunsText | undefined,
  due: readonly RunEdit[],
): RunsText | undefined {
  let text = before
  const missing: RunEdit[] = []
  for (const run of due) {
    const { spot, changes } = run
    const now = text
    if (now === undefined || spot === undefined) missing.push(run)
    else text = attempt(file, run, () => editRun(now, spot, changes)) ?? now
  }
  const objects = missing.flatMap((run) => attempt(file, run, () => [runObject(file, run)]) ?? [])
  if (objects.length > 0) text = added(file, text, objects)
  return text === before ? undefined : text
}

/** What the work gives; undefined when it cannot be done, which fails the run's own callers. */
function attempt<T>({ path, debug }: EditedFile, { target, after, jobs }: RunEdit, work: () => T): T | undefined {
  try {
    const result = work()
    const size = annotationBytes(after)
    if (size > TOTAL_LIMIT) {
      debug(`${path}: the annotations of run ${target.uid} have ${size} bytes, a cluster takes ${TOTAL_LIMIT}`)
    }
    return result
  } catch (error) {
    for (const job of jobs) job.reject(error)
    return undefined
  }
}

function runObject({ path }: EditedFile, { target: { run, uid }, after }: RunEdit): object {
  const metadata = run?.object['metadata']
  if (isRecord(metadata)) return { ...run?.object, metadata: { ...metadata, annotations: after } }
  const where = { backend: NAME, operation: 'put', location: path }
  throw new ProvError('run_not_found', `the run ${uid} is not in ${path}, and not at hand to be added`, where)
}

function added({ path }: EditedFile, text: RunsText | undefined, objects: readonly object[]): RunsText {
  if (text?.parts.some((part) => part.trim() !== '')) return splitRuns(appendRuns(text, objects))
  return splitRuns(createRuns(path.toLowerCase().endsWith('.json') ? 'json' : 'yaml', objects))
}
