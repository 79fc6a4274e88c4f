/** What a command was given, as flags of the next one that its report names. */

import type { Given } from '../report/text/next-step.ts'
import type { CommonOptions, FilterOptions, InputOptions } from './options.ts'

type Options = CommonOptions &
  InputOptions &
  Partial<FilterOptions> & { readonly key: readonly string[]; readonly all?: boolean }

/**
 * The flags that say which backends, keys, settings and artifacts; `names` are the backends where --storage was not given.
 *
 * @example givenOf(['run.yaml'], options, ['tekton', 'oci']).flags() // ['--storage', 'tekton,oci', '--key', 'cosign.pub']
 */
export function givenOf(inputs: readonly string[], options: Options, names: readonly string[]): Given {
  const { config, set, kubeconfig, context, key, image, run, statement, predicate, type, subject = [] } = options
  const each = (flag: string, values: readonly string[]): readonly string[] => values.flatMap((value) => [flag, value])
  const one = (flag: string, value: string | undefined): readonly string[] => (value === undefined ? [] : [flag, value])
  const where = [
    ...one('--config', config),
    ...each('--set', set),
    ...one('--tekton-file', options.tektonFile),
    ...one('--truth', options.truth),
    ...one('--kubeconfig', kubeconfig),
    ...one('--context', context),
    ...each('--key', key),
  ]
  const what = [
    ...each('--image', image),
    ...one('--run', run),
    ...each('--statement', statement),
    ...one('--predicate', predicate),
    ...one('--type', type),
    ...each('--subject', subject),
    ...one('--format', options.format),
    ...one('--namespace', options.namespace),
    ...(options.all === true ? ['--all'] : []),
    ...one('--kind', options.kind),
    ...one('--since', options.since),
    ...one('--before', options.before),
    ...inputs,
  ]
  return { flags: (backends = names) => ['--storage', backends.join(','), ...where], what }
}
