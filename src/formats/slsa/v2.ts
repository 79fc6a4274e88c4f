/** `slsa/v2alpha3` and `slsa/v2alpha4`: a SLSA v1.0 predicate in an in-toto v1 Statement (formats/slsa/v2alpha3, v2alpha4). */

import { ProvError } from '../../errors.ts'
import type { RunArtifact, Subject } from '../../model/artifact.ts'
import type { Format, FormatOptions } from '../format.ts'
import { goStruct } from '../go/struct.ts'
import { protoTime } from '../go/time.ts'
import { runFormat } from '../kinds.ts'
import { type RunView, readingRun, runView } from '../tekton/run-view.ts'
import type { Json } from '../tekton/values.ts'
import { allResults, otherResults } from './byproducts.ts'
import { resolvedDependencies } from './resolved-dependencies.ts'
import { builtSubjects, hintedSubjects } from './subjects.ts'

const PREDICATE_TYPE = 'https://slsa.dev/provenance/v1'
const SLSA = 'https://tekton.dev/chains/v2/slsa'
const SLSA_TEKTON = 'https://tekton.dev/chains/v2/slsa-tekton'

export const slsaV2alpha3: Format = slsaV2('slsa/v2alpha3', hintedSubjects, allResults, false)
export const slsaV2alpha4: Format = slsaV2('slsa/v2alpha4', builtSubjects, otherResults, true)

function slsaV2(
  name: string,
  subjectsOf: (run: RunArtifact, deepInspection: boolean) => readonly Subject[],
  byproductsOf: (run: RunArtifact, deepInspection: boolean) => readonly Json[],
  stepActions: boolean,
): Format {
  return runFormat({
    name,
    predicateType: PREDICATE_TYPE,
    statementType: 'https://in-toto.io/Statement/v1',
    subjectsOf,
    predicateOf: (run, options) => {
      const byproducts = byproductsOf(run, options.deepInspection)
      return {
        buildDefinition: buildDefinition(run, options, stepActions),
        runDetails: {
          builder: options.builderId === '' ? {} : { id: options.builderId },
          metadata: metadata(run),
          ...(byproducts.length === 0 ? {} : { byproducts }),
        },
      }
    },
  })
}

function buildDefinition(run: RunArtifact, options: FormatOptions, stepActions: boolean): Json {
  const buildType = options.buildType === '' ? SLSA : options.buildType
  if (buildType !== SLSA && buildType !== SLSA_TEKTON) {
    throw new ProvError(
      'config_invalid',
      `builddefinition.buildtype ${JSON.stringify(buildType.slice(0, 120))} is not known`,
      {
        hint: `use ${SLSA} or ${SLSA_TEKTON}`,
      },
    )
  }
  const wholeTaskRuns = buildType === SLSA_TEKTON
  const dependencies = resolvedDependencies(run, { stepActions, deepInspection: options.deepInspection, wholeTaskRuns })
  return {
    buildType,
    externalParameters: {
      ...buildConfigSource(runView(run)),
      runSpec: goObject(run, `${run.kind}Spec`, run.object['spec'], 'spec'),
    },
    internalParameters: internalParameters(run, wholeTaskRuns),
    ...(dependencies.length === 0 ? {} : { resolvedDependencies: dependencies }),
  }
}

/** Only of a definition that a resolver fetched; of several digests Chains takes any, prov the first by name. */
function buildConfigSource(view: RunView): { readonly buildConfigSource?: Json } {
  const source = view.refSource
  if (source === undefined || view.resolver === '' || view.resolver === 'Cluster') return {}
  const [first] = Object.entries(source.digest).sort()
  const ref = first === undefined ? '' : first.join(':')
  return { buildConfigSource: { ref, repository: source.uri, path: source.entryPoint } }
}

function internalParameters(run: RunArtifact, withLabels: boolean): Json {
  const view = runView(run)
  const flags = view.featureFlags
  return {
    ...(flags === undefined
      ? {}
      : { 'tekton-pipelines-feature-flags': goObject(run, 'FeatureFlags', flags, 'status.provenance.featureFlags') }),
    ...(withLabels
      ? { labels: view.hasLabels ? view.labels : null, annotations: view.hasAnnotations ? view.annotations : null }
      : {}),
  }
}

function goObject(run: RunArtifact, type: string, value: unknown, path: string): Json {
  return JSON.parse(readingRun(run, () => goStruct(value, type, path))) as Json
}

function metadata(run: RunArtifact): Json {
  const { startTime, completionTime } = runView(run)
  return {
    invocationId: run.uid,
    ...(startTime === undefined ? {} : { startedOn: protoTime(startTime) }),
    ...(completionTime === undefined ? {} : { finishedOn: protoTime(completionTime) }),
  }
}
