/** The `invocation` of a SLSA v0.2 predicate: where the definition came from, parameters, labels (formats/slsa/attest/attest.go). Pure. */
import type { RunArtifact } from '../../model/artifact.ts'
import { invalidRun, type Param, runView } from '../tekton/run-view.ts'
import { type Json, type ParamValue, record } from '../tekton/values.ts'

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
const OWN_PREFIX = 'chains.tekton.dev/'

/**
 * Invocation of a run. Throws `input_invalid` for a param without a value, which Chains cannot write.
 *
 * @example invocation(run) // { configSource: {}, parameters: { url: '…' }, environment: { labels: {…} } }
 */
export function invocation(run: RunArtifact): Json {
  const view = runView(run)
  const overlaid = new Map([...view.defaults, ...view.params].map((param): [string, Param] => [param.name, param]))
  const source = view.refSource
  const annotations = Object.entries(view.annotations).filter(
    ([key]) => key !== LAST_APPLIED && !key.startsWith(OWN_PREFIX),
  )
  const environment = {
    ...(annotations.length === 0 ? {} : { annotations: record(annotations) }),
    ...(Object.keys(view.labels).length === 0 ? {} : { labels: view.labels }),
  }
  return {
    configSource: {
      ...(source === undefined || source.uri === '' ? {} : { uri: source.uri }),
      ...(source === undefined || Object.keys(source.digest).length === 0 ? {} : { digest: source.digest }),
      ...(source === undefined || source.entryPoint === '' ? {} : { entryPoint: source.entryPoint }),
    },
    parameters: record([...overlaid].map(([name, param]): [string, ParamValue] => [name, givenValue(run, param)])),
    ...(Object.keys(environment).length === 0 ? {} : { environment }),
  }
}

/** A param's or result's value; throws `input_invalid` where there is none. */
export function givenValue(run: RunArtifact, named: Param): ParamValue {
  if (named.value !== undefined) return named.value
  throw invalidRun(
    run,
    `${JSON.stringify(named.name)} has no value`,
    'every param and result needs one; Chains refuses such a run too',
  )
}
