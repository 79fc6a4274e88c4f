/** The tags of a repository, page by page. */
import { ProvError } from '../../../src/errors.ts'
import { failure, type Where } from '../failure.ts'
import { MAX_TAGS } from '../port.ts'
import type { LibrarySend } from './library.ts'
import { orAbsent } from './own-absence.ts'
import { nextPage, tagsOf } from './tag-list.ts'

const TAGS_A_PAGE = 1000

/**
 * Nothing when there is no such repository. Throws `response_invalid`, `limit_exceeded` for a list without an end, and `server_error` for a
 * later page that is missing.
 *
 * @example for await (const tag of tagsIn(send, '/v2/acme/app/tags/list', where)) …
 */
export async function* tagsIn(send: LibrarySend, first: string, where: Where): AsyncIterable<string> {
  let path: string | undefined = `${first}?n=${TAGS_A_PAGE}`
  let [count, pages] = [0, 0]
  for (let last = ''; path !== undefined; ) {
    const page: string = path
    // An honest registry fills its pages, or has few of them.
    if (count > MAX_TAGS || ++pages > 100 + count / 10) {
      throw failure('limit_exceeded', 'the list of tags does not come to an end', where)
    }
    const ask = () => send({ method: 'GET', path: page, headers: new Map([['accept', 'application/json']]) })
    // No repository, no tags; but of a list that has begun no page may be missing.
    const answer = last === '' ? await orAbsent(ask) : await ask().catch(rest(where))
    if (answer === undefined) return
    const tags = tagsOf(answer, where)
    count += tags.length
    yield* tags
    path = nextPage(answer)
    // A registry that sends us round in a circle must not keep us for ever.
    if (tags.at(-1) === undefined || tags.at(-1) === last) return
    last = tags.at(-1) ?? ''
  }
}

/** A later page that is absent is a failure of the registry. */
function rest(where: Where): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof ProvError) || error.code !== 'absent') throw error
    throw failure('server_error', `a page of the list of tags is missing: ${error.message}`, where, { cause: error })
  }
}
