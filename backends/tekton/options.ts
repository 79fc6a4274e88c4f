/** Options of tekton for programs that embed prov. */
import type { Backend } from '../../src/backend/backend.ts'
import { contextOf, type Surroundings } from '../shared/embedded.ts'

/** Annotations of runs: in the file that each was read from, in one file, or on the live object. */
export interface TektonOptions {
  /** Gets the annotations of runs that have no file of their own. */
  readonly file?: string
  /** Annotate the live objects also of runs that were read from a file. */
  readonly cluster?: boolean
  readonly kubeconfig?: string
  /** Of the kubeconfig. */
  readonly context?: string
  /** Longest time of one request. */
  readonly timeoutMs?: number
}

const KEYS = {
  file: 'storage.tekton.file',
  cluster: 'storage.tekton.cluster',
  kubeconfig: 'kubernetes.kubeconfig',
  context: 'kubernetes.context',
  timeoutMs: 'storage.timeout',
} as const satisfies Record<keyof TektonOptions, string>

/**
 * Connects on first use. Throws what the settings of the same meaning are refused for.
 *
 * @example const backend = await openTekton({ file: 'runs.yaml' })
 */
export async function openTekton(options: TektonOptions, surroundings?: Surroundings): Promise<Backend> {
  return (await import('./backend.ts')).open(contextOf(options, KEYS, surroundings))
}
