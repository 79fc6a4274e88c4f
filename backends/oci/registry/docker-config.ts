/** Credentials as docker and podman keep them: config.json, its helpers and its store. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecord } from '../../../src/platform/text/guards.ts'
import { withoutTrailing } from '../../../src/platform/text/trim.ts'
import { failure } from '../failure.ts'
import type { CredentialQuery, Credentials } from './auth.ts'
import { normalHost } from './hosts.ts'

const MAX_FILE_BYTES = 4 * 1024 * 1024
const DOCKER_HUB_KEY = 'https://index.docker.io/v1/'

interface AuthItem {
  readonly auth?: unknown
  readonly username?: unknown
  readonly password?: unknown
  readonly identitytoken?: unknown
  readonly registrytoken?: unknown
}

interface DockerConfig {
  readonly auths: Readonly<Record<string, AuthItem>>
  readonly credHelpers: Readonly<Record<string, string>>
  readonly credsStore: string | undefined
}

export interface DockerConfigOptions {
  /** REGISTRY_AUTH_FILE, DOCKER_CONFIG, HOME, USERPROFILE and XDG_RUNTIME_DIR are read from here. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Runs `docker-credential-<name> get` with the server on standard input. */
  readonly runHelper: (name: string, server: string, query: CredentialQuery) => Promise<Credentials | undefined>
  /** The configuration names this host, so that the catch-all `credsStore` may be asked about it. */
  readonly names: (host: string) => boolean
}

/**
 * Looks up credentials for a host in the first of the docker and podman files that exists. An entry of `credHelpers` or
 * `auths` that names the host is the user's own naming of it; the catch-all `credsStore` is asked only about hosts
 * that such an entry or prov's own configuration names. Throws `config_invalid` for a file that is not a docker config.
 *
 * @example const find = dockerCredentials({ env: process.env, runHelper, names: () => false })
 */
export function dockerCredentials(
  options: DockerConfigOptions,
): (query: CredentialQuery) => Promise<Credentials | undefined> {
  let loaded: Promise<DockerConfig | undefined> | undefined
  return async (query) => {
    loaded ??= load(options.env)
    const config = await loaded
    if (config === undefined) return undefined
    const helper = pick(config.credHelpers, query)
    if (helper !== undefined) return options.runHelper(helper.value, helper.key, query)
    const item = pick(config.auths, query)
    const own = item === undefined ? undefined : readAuth(item.value, item.key)
    if (own !== undefined || config.credsStore === undefined) return own
    if (item === undefined && !options.names(query.host)) return undefined
    const server = item?.key ?? (query.host === 'index.docker.io' ? DOCKER_HUB_KEY : query.host)
    return options.runHelper(config.credsStore, server, query)
  }
}

/**
 * Throws `config_invalid` for a file that is not a docker config, or an entry that docker could not read either.
 *
 * @example await refuseDockerConfig(process.env)
 */
export async function refuseDockerConfig(env: DockerConfigOptions['env']): Promise<void> {
  for (const [key, item] of Object.entries((await load(env))?.auths ?? {})) readAuth(item, key)
}

function candidates(env: DockerConfigOptions['env']): readonly string[] {
  const { REGISTRY_AUTH_FILE, DOCKER_CONFIG, XDG_RUNTIME_DIR } = env
  const home = env['HOME'] ?? env['USERPROFILE']
  return [
    ...(REGISTRY_AUTH_FILE ? [REGISTRY_AUTH_FILE] : []),
    ...(DOCKER_CONFIG ? [join(DOCKER_CONFIG, 'config.json')] : home ? [join(home, '.docker', 'config.json')] : []),
    ...(XDG_RUNTIME_DIR ? [join(XDG_RUNTIME_DIR, 'containers', 'auth.json')] : []),
  ]
}

async function load(env: DockerConfigOptions['env']): Promise<DockerConfig | undefined> {
  for (const file of candidates(env)) {
    const where = { operation: 'read docker config', location: file }
    let text: string
    try {
      text = await readFile(file, 'utf8')
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ENOTDIR') continue
      throw failure('config_invalid', `the docker config could not be read (${code})`, where, { cause })
    }
    const config = text.length > MAX_FILE_BYTES ? undefined : parse(text)
    if (config === undefined) throw failure('config_invalid', 'the file is not a docker config', where)
    return config
  }
  return undefined
}

function parse(text: string): DockerConfig | undefined {
  let json: unknown = {}
  try {
    if (text.trim() !== '') json = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isRecord(json)) return undefined
  const auths = isRecord(json['auths']) ? json['auths'] : {}
  const helpers = isRecord(json['credHelpers']) ? json['credHelpers'] : {}
  const store = json['credsStore']
  return {
    auths: Object.fromEntries(Object.entries(auths).flatMap(([key, value]) => (isRecord(value) ? [[key, value]] : []))),
    credHelpers: Object.fromEntries(
      Object.entries(helpers).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
    ),
    credsStore: typeof store === 'string' && store !== '' ? store : undefined,
  }
}

/** The entry whose key names the host, or the longest path of the repository, in any of the spellings in use. */
function pick<T>(
  map: Readonly<Record<string, T>>,
  query: CredentialQuery,
): { readonly key: string; readonly value: T } | undefined {
  const full = `${query.host}/${query.repository}/`
  let best: { readonly key: string; readonly value: T; readonly length: number } | undefined
  for (const [key, value] of Object.entries(map)) {
    const name = normalKey(key)
    if (name !== undefined && full.startsWith(`${name}/`) && name.length > (best?.length ?? 0))
      best = { key, value, length: name.length }
  }
  return best
}

/** `https://host/v1/`, `host`, `host/path` → `host`, `host/path`, with the host in prov's spelling. */
function normalKey(key: string): string | undefined {
  const text = withoutTrailing(key.replace(/^https?:\/\//, ''), '/')
  const slash = text.indexOf('/')
  const host = normalHost(slash < 0 ? text : text.slice(0, slash))
  const path = slash < 0 ? '' : text.slice(slash).replace(/^\/v[12]$/, '')
  return host === undefined ? undefined : `${host}${path}`
}

function readAuth(item: AuthItem, key: string): Credentials | undefined {
  const { identitytoken, registrytoken } = item
  if (isText(registrytoken)) return { registryToken: registrytoken }
  const login = loginIn(item, key)
  if (isText(identitytoken)) return { identityToken: identitytoken, ...login }
  return login
}

function loginIn({ username, password, auth }: AuthItem, key: string): Login | undefined {
  if (isText(username) && typeof password === 'string') return { username, password }
  if (!isText(auth)) return undefined
  const text = Buffer.from(auth, 'base64').toString()
  const colon = text.indexOf(':')
  if (colon < 0) {
    const where = { operation: 'read docker config', location: key }
    throw failure('config_invalid', 'the entry of the docker config is not base64 of user:password', where)
  }
  return { username: text.slice(0, colon), password: withoutTrailing(text.slice(colon + 1), '\0') }
}

interface Login {
  readonly username: string
  readonly password: string
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
