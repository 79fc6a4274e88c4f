/** What `prov serve --check` found, for people. */
import type { ServeCheck } from '../schemas/serve.ts'
import { type Layout, page } from './verify-text.ts'

/** @example checkText(found, layout) // 'everything that the service needs was opened: oci\n' */
export function checkText({ backends, tls, truth, cache }: ServeCheck, layout: Layout): string {
  const more = [
    tls ? 'with TLS' : 'without TLS',
    ...(truth ? ['with a source of truth'] : []),
    ...(cache ? ['with a cache'] : []),
  ]
  return page([`everything that the service needs was opened: ${backends.join(', ')}, ${more.join(', ')}`], layout)
}
