/** Lets one piece of work show that it does no harm before others do the same at once. */

export type Turns = <T>(work: () => Promise<T>) => Promise<T>

/**
 * Runs work one after the other until one has succeeded, and from then on at once. After a failure that is `fatal` nothing is begun any
 * more: whoever comes later fails likewise.
 *
 * @example const turns = oneFirst((thrown) => thrown instanceof TypeError); await turns(() => remove(item))
 */
export function oneFirst(fatal: (thrown: unknown) => boolean): Turns {
  let isProven = false
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    if (isProven) return work()
    const own = last.then(work)
    last = own.then(
      () => {
        isProven = true
      },
      (thrown: unknown) => {
        if (fatal(thrown)) throw thrown
      },
    )
    last.catch(() => undefined)
    return own
  }
}
