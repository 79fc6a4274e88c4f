/** Whether a service can do its work, from named checks. Pure. */
import type { ProvError } from '../errors.ts'
import type { Page } from './listen.ts'

/** Why the service cannot work, in a few words; undefined: it can. */
export type Check = () => string | undefined

/**
 * 200 `ready`, or 503 with one line for each check that fails.
 *
 * @example readiness({ keys: () => undefined }) // { status: 200, body: 'ready\n' }
 */
export function readiness(checks: Readonly<Record<string, Check>>): Page {
  const failed = Object.entries(checks).flatMap(([name, check]) => {
    const why = check()
    return why === undefined ? [] : [`not ready: ${name}: ${why}\n`]
  })
  return failed.length === 0 ? { status: 200, body: 'ready\n' } : { status: 503, body: failed.join('') }
}

/** It runs. @example liveness() // { status: 200, body: 'ok\n' } */
export function liveness(): Page {
  return { status: 200, body: 'ok\n' }
}

/** An error as a check tells it, with its code; undefined: there is none. @example whyNot(trusts.stale) // 'key_unreadable: the trusted keys …' */
export function whyNot(error: ProvError | undefined): string | undefined {
  return error === undefined ? undefined : `${error.code}: ${error.message}`
}
