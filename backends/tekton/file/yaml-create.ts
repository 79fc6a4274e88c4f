/** Runs as new YAML, in the style of `kubectl get -o yaml`. Pure. */
import { stringify } from 'yaml'

/** One document a run. @example createYaml([{ kind: 'TaskRun' }]) // 'kind: TaskRun\n' */
export function createYaml(runs: readonly object[]): string {
  return runs.map(documentOf).join('---\n')
}

/** The text with one document a run more at its end. */
export function appendYaml(text: string, runs: readonly object[]): string {
  const eol = text.endsWith('\n') ? '' : '\n'
  return `${text}${eol}---\n${createYaml(runs)}`
}

// Strings that a YAML 1.1 reader (kubectl) would take for something else are quoted.
function documentOf(run: object): string {
  return stringify(run, { lineWidth: 0, indentSeq: false, compat: 'yaml-1.1', aliasDuplicateObjects: false })
}
