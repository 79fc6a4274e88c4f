/** Certificates and token that the service listens with, from files that may change at any time. */
import { ProvError } from '../errors.ts'
import { readOrRefuse } from '../platform/fs/read-limited.ts'
import type { TlsMaterial } from '../service/connections.ts'
import { readTls, type TlsFiles } from '../service/tls-files.ts'

export interface ListenerFiles {
  readonly tls?: TlsFiles
  readonly token?: string
}

export interface Listener {
  readonly tls?: TlsMaterial
  readonly token?: string
}

const MAX_TOKEN_BYTES = 4096
/** What can be guessed is not a token. */
const LEAST_TOKEN = 16

/** Paths of all of them. @example filesOf({ token: 'token' }) // ['token'] */
export function filesOf({ tls, token }: ListenerFiles): readonly string[] {
  return [tls?.cert, tls?.key, tls?.clientCa, token].filter((path) => path !== undefined)
}

/** Throws `config_invalid` for what cannot be used. @example (await readListener({ token: 'token' })).token */
export async function readListener({ tls, token }: ListenerFiles): Promise<Listener> {
  const [material, text] = await Promise.all([
    tls === undefined ? undefined : readTls(tls),
    token === undefined ? undefined : readToken(token),
  ])
  return { ...(material === undefined ? {} : { tls: material }), ...(text === undefined ? {} : { token: text }) }
}

async function readToken(path: string): Promise<string> {
  const refused = (why: string): ProvError =>
    new ProvError('config_invalid', `the file of the token (serve.token-file) ${why}`, { location: path })
  const text = (await readOrRefuse(path, MAX_TOKEN_BYTES, refused)).toString('latin1').replace(/\r?\n$/, '')
  if (text.length < LEAST_TOKEN) throw refused(`holds fewer than ${LEAST_TOKEN} characters`)
  if (!/^[\x21-\x7e]+$/.test(text)) throw refused('holds blanks or characters that a header does not take')
  return text
}
