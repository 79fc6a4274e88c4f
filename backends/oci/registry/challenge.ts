/** WWW-Authenticate (RFC 9110 section 11.6.1): one header may hold several challenges. Pure. */

export interface Challenge {
  /** Lower case. */
  readonly scheme: string
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>
}

const PARAMETER = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)/
const SCHEME = /^[\s,]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s+|\s*,|$)/

/**
 * Every challenge in the header, in order; what is not understood ends the list.
 *
 * @example parseChallenges('Bearer realm="https://auth.example.com/token",service="r", Basic realm="r"').map((c) => c.scheme) // ['bearer', 'basic']
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: Challenge[] = []
  let rest = header
  for (let scheme = SCHEME.exec(rest); scheme?.[1] !== undefined; scheme = SCHEME.exec(rest)) {
    rest = rest.slice(scheme[0].length)
    const parameters: Record<string, string> = {}
    for (let found = PARAMETER.exec(rest); found?.[1] !== undefined; found = PARAMETER.exec(rest)) {
      parameters[found[1].toLowerCase()] = found[2]?.replaceAll(/\\(.)/g, '$1') ?? found[3] ?? ''
      rest = rest.slice(found[0].length)
    }
    challenges.push({ scheme: scheme[1].toLowerCase(), parameters })
  }
  return challenges
}
