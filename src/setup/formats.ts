/** Which format an artifact is stored in, by the flags and by the configuration. Pure. */
import { type FormatChoice, parseBackendList } from '../config/lists.ts'
import type { Settings } from '../config/settings.ts'
import { ProvError } from '../errors.ts'
import type { FormatOptions } from '../formats/format.ts'
import type { Artifact } from '../model/artifact.ts'

/** The artifact types of chains-config: each has its own storage, format and signer there. */
export type ArtifactClass = 'taskrun' | 'pipelinerun' | 'oci'

const CLASSES: readonly ArtifactClass[] = ['taskrun', 'pipelinerun', 'oci']

/** @example classOf({ type: 'image', image }) // 'oci' */
export function classOf(artifact: Artifact): ArtifactClass {
  if (artifact.type === 'run') return artifact.kind === 'TaskRun' ? 'taskrun' : 'pipelinerun'
  return artifact.type === 'image' ? 'oci' : 'taskrun'
}

/**
 * The backends of each class: those listed, else those of the configuration. Throws `usage` when nobody names any.
 *
 * @example classBackends(settings, ['tekton', 'oci']).oci // ['tekton', 'oci']
 */
export function classBackends(
  settings: Settings,
  listed: readonly string[] | undefined,
): Readonly<Record<ArtifactClass, readonly string[]>> {
  const of = (name: ArtifactClass): readonly string[] => {
    if (listed !== undefined) return listed
    if (settings.get(`artifacts.${name}.signer`) === 'none') return []
    return parseBackendList(settings.get(`artifacts.${name}.storage`) ?? '', { empty: true })
  }
  const keys = CLASSES.map((name) => `artifacts.${name}.storage`)
  if (listed === undefined && keys.every((key) => settings.origin(key) === 'default')) {
    throw new ProvError('usage', 'no backend was named', { hint: 'use --storage tekton,oci, or set PROV_STORAGE' })
  }
  return { taskrun: of('taskrun'), pipelinerun: of('pipelinerun'), oci: of('oci') }
}

/** @example formatFor(run, 'oci', undefined, settings) // 'slsa/v1' */
export function formatFor(
  artifact: Artifact,
  backend: string,
  chosen: FormatChoice | undefined,
  settings: Settings,
): string {
  if (artifact.type === 'image') return 'simplesigning'
  if (artifact.type === 'statement') return 'statement'
  const named = chosen?.of(backend)
  return named ?? settings.get(`artifacts.${classOf(artifact)}.format`) ?? 'slsa/v1'
}

/** Throws `usage` for a format that is chosen for a backend nobody uses. */
export function refuseUnknown(chosen: FormatChoice | undefined, names: readonly string[]): void {
  const odd = chosen?.backends.find((name) => !names.includes(name))
  if (odd === undefined) return
  throw new ProvError('usage', `--format names ${odd}, which --storage does not`, {
    hint: `the backends are ${names.join(', ')}`,
  })
}

/** What the formats take from the configuration. */
export function formatOptions(settings: Settings): FormatOptions {
  return {
    builderId: settings.get('builder.id') ?? 'https://tekton.dev/chains/v2',
    buildType: settings.get('builddefinition.buildtype') ?? 'https://tekton.dev/chains/v2/slsa',
    deepInspection: settings.get('artifacts.pipelinerun.enable-deep-inspection') === 'true',
  }
}
