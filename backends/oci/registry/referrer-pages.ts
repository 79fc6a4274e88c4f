/** The list of what refers to a manifest, page by page, as the referrers API of a registry gives it. */

import { INDEX_TYPE, parseReferrers, type Referrer } from '../bundles/layout.ts'
import { failure, type Where } from '../failure.ts'
import { MAX_ITEMS } from '../port.ts'
import type { LibrarySend } from './library.ts'
import { nextPage } from './tag-list.ts'

const MAX_PAGES = 100
/** What registries without the referrers API answer: the specification's 404, and what others say (406: Artifactory). */
export const NO_REFERRERS: readonly number[] = [400, 404, 405, 406, 501]

/**
 * Undefined where the registry has no such API: by its status, or since it answers with a page of its own. Throws `response_too_large`,
 * `response_invalid`, and `server_error` for a later page that is missing.
 *
 * @param send hands on statuses of {@link NO_REFERRERS}
 *
 * @example await referrersOf(send, `/v2/acme/app/referrers/${digest}`, where)
 */
export async function referrersOf(
  send: LibrarySend,
  first: string,
  where: Where,
): Promise<readonly Referrer[] | undefined> {
  const found: Referrer[] = []
  let path: string | undefined = first
  for (const asked = new Set<string>(); path !== undefined && !asked.has(path); ) {
    const page: string = path
    asked.add(page)
    const headers = new Map([['accept', INDEX_TYPE]])
    const answer = await send({ method: 'GET', path: page, headers })
    const isFirst = asked.size === 1
    if (answer.status >= 300) {
      if (isFirst) return undefined
      throw failure('server_error', `a page of the list of referrers was answered with ${answer.status}`, where)
    }
    // Some registries without the API answer anything with a page of their own.
    if (mediaTypeOf(answer.headers['content-type'] ?? null) !== INDEX_TYPE) {
      if (isFirst) return undefined
      throw failure('response_invalid', 'a page of the list of referrers is not an image index', where)
    }
    found.push(...referrersIn(answer.body, where))
    if (found.length > MAX_ITEMS) {
      throw failure('response_too_large', `more than ${MAX_ITEMS} manifests refer to the image`, where)
    }
    if (asked.size > MAX_PAGES) throw failure('limit_exceeded', `the list has more than ${MAX_PAGES} pages`, where)
    path = nextPage(answer)
  }
  return found
}

function referrersIn(body: Uint8Array, where: Where): readonly Referrer[] {
  try {
    return parseReferrers(body).referrers
  } catch (cause) {
    throw failure('response_invalid', 'the list of referrers is not an image index', where, { cause })
  }
}

/** The type without its parameters, in lower case. @example mediaTypeOf('Text/HTML; charset=utf-8') // 'text/html' */
export function mediaTypeOf(header: string | null): string {
  return (header ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}
