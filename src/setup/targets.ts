/** From artifacts to what verify and repair look for. */
import type { Backend } from '../backend/backend.ts'
import { formatNamed } from '../formats/index.ts'
import type { Artifact } from '../model/artifact.ts'
import type { VerifyTarget } from '../verify/verify.ts'
import type { Setup } from './backends.ts'

/** What has to be looked for: an image alone may carry signatures as well as attestations. */
export function targetsOf(artifact: Artifact, setup: Setup): readonly VerifyTarget[] {
  const backends = setup.backendsFor(artifact)
  if (backends.length === 0) return []
  const formats = [...new Set(backends.map((backend) => formatNamed(setup.formatFor(artifact, backend.name)).name))]
  if (artifact.type === 'image') return imageTargets(artifact, backends, setup)
  const format = formats.map(formatNamed).find((f) => f.describes(artifact))
  if (format === undefined) return []
  const required = (backend: string): readonly string[] =>
    setup.formatNamed && artifact.type === 'run' ? [formatNamed(setup.formatFor(artifact, backend)).name] : []
  const about = { artifact, kind: format.kind, subjects: format.subjects(artifact, setup.formatOptions) }
  return [{ about, backends, required, mayBeAbsent: false }]
}

function imageTargets(
  artifact: Artifact & { type: 'image' },
  backends: readonly Backend[],
  setup: Setup,
): readonly VerifyTarget[] {
  const { repository, digest } = artifact.image
  const subjects = [{ name: repository, digest: { sha256: digest.slice('sha256:'.length) } }]
  const alone = artifact.run === undefined
  const base = { required: () => [], mayBeAbsent: alone }
  const kindOf = (format: string) => formatNamed(format).kind
  // One target a kind: a backend that keeps signatures in two kinds is asked for both.
  const signatures = (['raw', 'dsse'] as const).flatMap((kind) => {
    const keeping = backends.filter((backend) => setup.formatsFor(artifact, backend).some((f) => kindOf(f) === kind))
    const about = { artifact, kind, subjects, ...(kind === 'dsse' ? { role: 'signature' as const } : {}) }
    return keeping.length === 0 ? [] : [{ about, backends: keeping, ...base }]
  })
  const about = { artifact, kind: 'dsse' as const, subjects, role: 'attestation' as const }
  return alone ? [...signatures, { about, backends, ...base }] : signatures
}
