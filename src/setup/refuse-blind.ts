/** Backends of whole-backend commands into which nobody can look. */
import type { Backend } from '../backend/backend.ts'
import { ProvError } from '../errors.ts'

/** True where copies lie on runs that nobody named, and that cannot be listed. */
export function isBlind({ capabilities, list }: Backend): boolean {
  return capabilities.needsRun && list === undefined
}

/**
 * Refuses to go through whole backends where it is known beforehand that nothing can be looked at in one of them. Throws `not_supported`
 * with what to give.
 *
 * @param optional names of those that may be passed over, which is then said
 * @example refuseBlind(setup.backends, ['tekton'])
 */
export function refuseBlind(backends: readonly Backend[], optional: readonly string[]): void {
  const blind = backends.find((backend) => isBlind(backend) && !optional.includes(backend.name))
  if (blind === undefined || backends.every(isBlind)) return
  const { name } = blind
  throw new ProvError('not_supported', `${name} cannot list what it holds here, so nothing could be looked at there`, {
    backend: name,
    hint: `name the runs as INPUT in place of --all, set storage.${name}.file (--${name}-file) or storage.${name}.cluster=true, or leave ${name} out of --storage`,
  })
}
