/** Which of the runs in the input is meant. Pure. */

import { ProvError } from '../errors.ts'
import type { RunArtifact } from '../model/artifact.ts'

/**
 * The runs that `--run` names: a uid, a name, or namespace/name; all runs when undefined. Throws `run_not_found` or `run_ambiguous` with the
 * names there are.
 *
 * @example selectRuns(runs, 'ci/build-7x') // [run]
 */
export function selectRuns(runs: readonly RunArtifact[], run?: string): readonly RunArtifact[] {
  if (run === undefined) return runs
  const byUid = runs.filter((one) => one.uid === run)
  const found =
    byUid.length > 0 ? byUid : runs.filter((one) => one.name === run || `${one.namespace}/${one.name}` === run)
  if (found.length === 1) return found
  const wanted = JSON.stringify(run.slice(0, 80))
  if (found.length === 0) {
    throw new ProvError('run_not_found', `no run in the input has the uid or name ${wanted}`, {
      hint: `the input holds ${some(runs.map((one) => `${one.namespace}/${one.name}`))}`,
    })
  }
  throw new ProvError('run_ambiguous', `${found.length} runs in the input are named ${wanted}`, {
    hint: `name one by its uid: ${some(found.map((one) => one.uid))}`,
  })
}

function some(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ')
}
