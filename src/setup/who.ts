/** Who acts, for what a database remembers of decisions. */
import { userInfo } from 'node:os'

/** Name of the user that runs this process. @example whoAmI() // 'ci' */
export function whoAmI(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}` // a container may run as a user without a name
  }
}
