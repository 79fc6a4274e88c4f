/** Answers of `tags/list` (distribution specification, content discovery). Pure. */
import type { HttpResponse } from '../../../src/platform/http/exchange.ts'

import { parseBounded } from '../../../src/platform/text/bounded-json.ts'
import { recordIn } from '../../../src/platform/text/guards.ts'
import { failure, type Where } from '../failure.ts'

/** The tags of one page. Throws `response_invalid`. */
export function tagsOf(answer: HttpResponse, where: Where): readonly string[] {
  let json: unknown
  try {
    json = parseBounded(Buffer.from(answer.body).toString())
  } catch {
    throw failure('response_invalid', 'the list of tags is not valid JSON', where)
  }
  const tags = recordIn(json)['tags']
  if (tags === null || tags === undefined) return []
  if (!Array.isArray(tags)) throw failure('response_invalid', 'the list of tags is not a list', where)
  return tags.filter((tag) => typeof tag === 'string')
}

/** Path and query of the next page (RFC 8288), undefined after the last; only the same registry is followed. */
export function nextPage(answer: HttpResponse): string | undefined {
  const { link } = answer.headers
  const target = linkTo('next', (typeof link === 'string' ? link : link?.[0]) ?? '')
  if (target === undefined || !URL.canParse(target, answer.url.href)) return undefined
  const next = new URL(target, answer.url)
  return next.origin === answer.url.origin ? `${next.pathname}${next.search}` : undefined
}

/** The target of the first link of that relation in a Link header. Each character is looked at once. */
function linkTo(relation: string, header: string): string | undefined {
  for (let at = header.indexOf('<'); at >= 0; ) {
    const end = header.indexOf('>', at)
    if (end < 0) return undefined
    const comma = header.indexOf(',', end)
    const parameters = header.slice(end + 1, comma < 0 ? header.length : comma).split(';')
    const isIt = parameters.some((one) => {
      const [name = '', value = ''] = one.split('=', 2).map((part) => part.trim().toLowerCase())
      return name === 'rel' && value.replaceAll('"', '').split(' ').includes(relation)
    })
    if (isIt) return header.slice(at + 1, end)
    at = comma < 0 ? -1 : header.indexOf('<', comma)
  }
  return undefined
}
