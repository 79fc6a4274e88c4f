/** A kid may begin with `-`, as one in 64 does, and is not a flag then. Pure. */

/** The RFC 7638 thumbprint in base64url: no flag is written like that. */
const DASHED = /^-[A-Za-z0-9_-]{42}$/

/**
 * The arguments with such a kid of `keys revoke` at the end, after `--`; any others as they are.
 *
 * @example dashedKid(['keys', 'revoke', kid, '--since', '1d']) // ['keys', 'revoke', '--since', '1d', '--', kid]
 */
export function dashedKid(args: readonly string[]): readonly string[] {
  const at = args.findIndex((arg) => DASHED.test(arg))
  const kid = args[at]
  if (kid === undefined || args[0] !== 'keys' || args[1] !== 'revoke' || args.includes('--')) return args
  // The value of a flag stays where it is.
  if (args[at - 1]?.startsWith('--') === true && args[at - 1]?.includes('=') === false) return args
  return [...args.slice(0, at), ...args.slice(at + 1), '--', kid]
}
