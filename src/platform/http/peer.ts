/** Which host a failed connection was to. Pure. */

/** Errors stand in each other as causes, several attempts as members of one; deeper is no error of a connection. */
const MAX_DEPTH = 6

/**
 * ` at HOST:PORT` for a message, as far as the error of Node.js says it; an empty text when it does not. Of several attempts (one for each
 * address of a name) the first counts.
 *
 * @example `the service${atPeer(error)} could not be reached` // 'the service at 127.0.0.1:9000 could not be reached'
 */
export function atPeer(thrown: unknown, depth = 0): string {
  if (!(thrown instanceof Error) || depth > MAX_DEPTH) return ''
  const { hostname, host, address, port } = thrown as Error & Readonly<Record<string, unknown>>
  const name = [hostname, host, address].find((one) => typeof one === 'string' && /^[\w.:[\]-]{1,253}$/.test(one))
  if (typeof name === 'string') {
    const bare = name.includes(':') && !name.startsWith('[') && isIp6(name) ? `[${name}]` : name
    return typeof port === 'number' && !/:\d+$/.test(bare) ? ` at ${bare}:${port}` : ` at ${bare}`
  }
  const inner: readonly unknown[] = thrown instanceof AggregateError ? thrown.errors : []
  for (const one of [...inner, thrown.cause]) {
    const found = atPeer(one, depth + 1)
    if (found !== '') return found
  }
  return ''
}

function isIp6(text: string): boolean {
  return text.split(':').length > 2
}
