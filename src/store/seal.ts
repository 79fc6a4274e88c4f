/** Marks runs as signed, last of all. */
import pLimit from 'p-limit'
import type { Backend } from '../backend/backend.ts'
import { asProvError, type ErrorJson, errorJson } from '../errors.ts'
import { type Artifact, artifactName, type RunArtifact } from '../model/artifact.ts'

/** An artifact with its backends, and whether every required copy of it is confirmed. */
export interface Settlement {
  readonly artifact: Artifact
  readonly backends: readonly Backend[]
  readonly complete: boolean
}

export interface SealReport {
  readonly sealed: readonly string[]
  readonly findings: readonly ErrorJson[]
}

/** The run that an artifact belongs to; undefined for an image or a Statement alone. */
export function runOf(artifact: Artifact): RunArtifact | undefined {
  if (artifact.type === 'run') return artifact
  return artifact.type === 'image' ? artifact.run : undefined
}

/**
 * Seals every run of which all artifacts are complete, in each backend that has such a mark.
 *
 * @example (await sealRuns(settlements, signal)).sealed // ['TaskRun ci/build (b0a4…)']
 */
export async function sealRuns(settlements: readonly Settlement[], signal: AbortSignal): Promise<SealReport> {
  const limit = pLimit(64)
  const results = await Promise.all(sealable(settlements).map((one) => limit(() => sealRun(one, signal))))
  return {
    sealed: results.flatMap((result) => (result.error === undefined ? [result.run] : [])),
    findings: results.flatMap((result) => (result.error === undefined ? [] : [result.error])),
  }
}

interface Sealable {
  readonly run: RunArtifact
  readonly backends: readonly Backend[]
}

function sealable(settlements: readonly Settlement[]): readonly Sealable[] {
  const runs = new Map<string, { run: RunArtifact; backends: Set<Backend>; whole: boolean }>()
  for (const { artifact, backends, complete } of settlements) {
    const run = runOf(artifact)
    if (run === undefined) continue
    const seen = runs.get(run.uid) ?? { run, backends: new Set<Backend>(), whole: true }
    for (const backend of backends) if (backend.seal !== undefined) seen.backends.add(backend)
    seen.whole &&= complete
    runs.set(run.uid, seen)
  }
  return [...runs.values()]
    .filter((run) => run.whole && run.backends.size > 0)
    .map(({ run, backends }) => ({ run, backends: [...backends] }))
}

async function sealRun({ run, backends }: Sealable, signal: AbortSignal): Promise<{ run: string; error?: ErrorJson }> {
  const name = artifactName(run)
  try {
    for (const backend of backends) await backend.seal?.(run, { signal })
    return { run: name }
  } catch (thrown) {
    const { message, ...details } = errorJson(asProvError(thrown))
    return {
      run: name,
      error: { ...details, code: 'seal_failed', message: `${name} could not be marked as signed: ${message}` },
    }
  }
}
