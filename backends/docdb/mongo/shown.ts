/** A connection string without what nobody else may know. Pure. */

/** Options of a connection string that hold a secret (mongodb's connection-string-options). */
const SECRET = /password|^authMechanismProperties$/i

/** @example withoutSecrets('mongodb://me:hush@db.example/?proxyHost=p&proxyPassword=hush') // 'mongodb://me@db.example/?proxyHost=p' */
export function withoutSecrets(url: string): string {
  const [before = '', query] = url.replace(/^([a-z+]+:\/\/[^/@:]*):[^/]*@/i, '$1@').split(/\?(.*)/s, 2)
  if (query === undefined) return before
  const options = query.split('&').filter((option) => !SECRET.test(option.split('=', 1)[0] ?? ''))
  return `${before}?${options.join('&')}`
}
