/** What kubeconfig files say (client-go's clientcmd, v1), as data: nothing is read, run or contacted here. Pure. */
import { dirname, resolve } from 'node:path'
import { ProvError } from '../errors.ts'
import { arrayIn, isRecord, recordIn, textIn } from '../platform/text/guards.ts'
import { withoutTrailing } from '../platform/text/trim.ts'

type Fields = Readonly<Record<string, unknown>>

/** A certificate or key: given in the configuration itself (PEM text), or the absolute path of the file that holds it. */
export type Held = { readonly pem: string } | { readonly file: string }

/** A program that gives credentials (client.authentication.k8s.io). */
export interface ExecPlugin {
  readonly apiVersion: string
  /** A name looked up in PATH, or an absolute path. */
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly provideClusterInfo: boolean
  /** `Never`, `IfAvailable` or `Always`. */
  readonly interactiveMode: string
  /** What to do when the program is missing, in its maker's words. */
  readonly installHint?: string
}

export interface KubeUser {
  readonly token?: string
  /** Counts before `token`; read again and again, since it is renewed. */
  readonly tokenFile?: string
  readonly username?: string
  readonly password?: string
  readonly certificate?: Held
  readonly key?: Held
  readonly exec?: ExecPlugin
  /** Request headers of an impersonation; {} when there is none. */
  readonly impersonate: Readonly<Record<string, string | readonly string[]>>
}

/** One context: a server, how to verify it, and the user. */
export interface KubeAccess {
  /** For messages. */
  readonly context: string
  readonly server: string
  /** The namespace when none is named. */
  readonly namespace: string
  readonly ca?: Held
  /** The server's certificate is not verified. */
  readonly insecure: boolean
  /** Name that the server's certificate must carry, when not that of the URL. */
  readonly serverName?: string
  readonly proxyUrl?: string
  readonly user: KubeUser
}

/** A parsed file; every scalar is text. */
export interface KubeconfigFile {
  readonly path: string
  readonly value: unknown
}

/**
 * One context out of several files, merged as client-go does: of two things with one name the first counts. `wanted` is the name of
 * a context, by default the first `current-context`. Throws `config_invalid`; no message holds a token, a password or a key.
 *
 * @example chooseContext([{ path: 'config', value }]).server // 'https://10.0.0.1:6443'
 */
export function chooseContext(files: readonly KubeconfigFile[], wanted?: string): KubeAccess {
  const contexts = named(files, 'contexts', 'context')
  const current = files.map(({ value }) => text(value, 'current-context')).find((name) => name !== undefined)
  const name = wanted ?? current
  const where = files.map((file) => file.path).join(', ')
  if (name === undefined) {
    throw invalid(where, 'names no current context', `choose one with --context: ${list([...contexts.keys()])}`)
  }
  const context = contexts.get(name)
  if (context === undefined) {
    throw invalid(where, `has no context ${quoted(name)}`, `it has ${list([...contexts.keys()])}`)
  }
  const clusterName = text(context.fields, 'cluster') ?? ''
  const cluster = named(files, 'clusters', 'cluster').get(clusterName)
  if (cluster === undefined) throw invalid(context.path, `context ${quoted(name)} names no cluster that is there`)
  const userName = text(context.fields, 'user') ?? ''
  const user = named(files, 'users', 'user').get(userName)
  if (user === undefined && userName !== '') {
    throw invalid(context.path, `context ${quoted(name)} names no user that is there`)
  }
  const { fields } = cluster
  return {
    context: name,
    server: serverOf(cluster, clusterName, user),
    namespace: text(context.fields, 'namespace') ?? 'default',
    insecure: text(fields, 'insecure-skip-tls-verify') === 'true',
    ...given('ca', held(cluster, 'certificate-authority')),
    ...given('serverName', text(fields, 'tls-server-name')),
    ...given('proxyUrl', text(fields, 'proxy-url')),
    user: user === undefined ? { impersonate: {} } : userOf(user, userName),
  }
}

interface Named {
  readonly path: string
  readonly fields: Fields
}

/** The members of a list like `users: [{name, user: {…}}]` by name, over all files; the first of a name counts. */
function named(files: readonly KubeconfigFile[], list: string, member: string): ReadonlyMap<string, Named> {
  const all = new Map<string, Named>()
  for (const { path, value } of files) {
    for (const item of arrayIn(recordIn(value)[list])) {
      const name = text(item, 'name')
      const fields = recordIn(recordIn(item)[member])
      if (name !== undefined && !all.has(name)) all.set(name, { path, fields })
    }
  }
  return all
}

/** Where no scheme is given, TLS decides as in client-go (rest/url_utils.go): https with a CA, a client certificate or unverified TLS. */
function serverOf({ path, fields }: Named, name: string, user: Named | undefined): string {
  const given = text(fields, 'server') ?? ''
  const isSet = (of: Fields | undefined, key: string): boolean =>
    (text(of, `${key}-data`) ?? text(of, key)) !== undefined
  const hasTls =
    isSet(fields, 'certificate-authority') ||
    isSet(user?.fields, 'client-certificate') ||
    text(fields, 'insecure-skip-tls-verify') === 'true'
  const server = given === '' || given.includes('://') ? given : `${hasTls ? 'https' : 'http'}://${given}`
  const url = URL.canParse(server) ? new URL(server) : undefined
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '') {
    throw invalid(path, `the server of cluster ${quoted(name)} is not an https URL`)
  }
  return `${url.origin}${withoutTrailing(url.pathname, '/')}`
}

function userOf(user: Named, name: string): KubeUser {
  const { path, fields } = user
  const provider = fields['auth-provider']
  if (isRecord(provider)) {
    const called = text(provider, 'name') ?? ''
    // client-go still has oidc; gcp and azure are gone since 1.26.
    const why = ['gcp', 'azure'].includes(called) ? 'which Kubernetes gave up' : 'which prov does not have'
    const hint = called === 'oidc' ? 'use an exec plugin (kubectl oidc-login), or a token' : 'use an exec plugin'
    throw invalid(path, `user ${quoted(name)} has the auth-provider ${quoted(called)}, ${why}`, hint)
  }
  const tokenFile = text(fields, 'tokenFile')
  const exec = fields['exec']
  return {
    impersonate: impersonation(fields),
    ...given('token', text(fields, 'token')),
    ...given('tokenFile', tokenFile === undefined ? undefined : resolve(dirname(path), tokenFile)),
    ...given('username', text(fields, 'username')),
    ...given('password', text(fields, 'password')),
    ...given('certificate', held(user, 'client-certificate')),
    ...given('key', held(user, 'client-key')),
    ...given('exec', isRecord(exec) ? execOf(exec, path, name) : undefined),
  }
}

const EXEC_VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']

function execOf(exec: Fields, path: string, user: string): ExecPlugin {
  const apiVersion = text(exec, 'apiVersion') ?? ''
  const command = text(exec, 'command') ?? ''
  const mode = text(exec, 'interactiveMode') ?? 'IfAvailable'
  if (!EXEC_VERSIONS.includes(apiVersion)) {
    throw invalid(path, `the exec plugin of user ${quoted(user)} has an unknown apiVersion`, EXEC_VERSIONS.join(' or '))
  }
  if (command === '') throw invalid(path, `the exec plugin of user ${quoted(user)} names no command`)
  if (!['Never', 'IfAvailable', 'Always'].includes(mode)) {
    throw invalid(path, `the exec plugin of user ${quoted(user)} has an unknown interactiveMode`)
  }
  return {
    apiVersion,
    // A path is relative to the file that names it, a bare name is looked up (client-go: clientcmd/loader.go).
    command: command.includes('/') ? resolve(dirname(path), command) : command,
    args: arrayIn(exec['args']).map(String),
    env: Object.fromEntries(
      arrayIn(exec['env']).flatMap((item) => {
        const name = text(item, 'name')
        return name === undefined ? [] : [[name, text(item, 'value') ?? '']]
      }),
    ),
    provideClusterInfo: text(exec, 'provideClusterInfo') === 'true',
    interactiveMode: mode,
    ...given('installHint', text(exec, 'installHint')),
  }
}

function impersonation(fields: Fields): Readonly<Record<string, string | readonly string[]>> {
  const user = text(fields, 'as')
  const uid = text(fields, 'as-uid')
  const groups = arrayIn(fields['as-groups'])
  const extra = recordIn(fields['as-user-extra'])
  return {
    ...given('Impersonate-User', user),
    ...given('Impersonate-Uid', uid),
    ...(groups.length > 0 ? { 'Impersonate-Group': groups.map(String) } : {}),
    ...Object.fromEntries(
      Object.entries(extra).flatMap(([key, values]) =>
        Array.isArray(values) ? [[`Impersonate-Extra-${encodeURIComponent(key)}`, values.map(String)]] : [],
      ),
    ),
  }
}

/** `NAME-data` (base64 of PEM) counts before `NAME` (a path, relative to the file). */
function held({ path, fields }: Named, name: string): Held | undefined {
  const data = text(fields, `${name}-data`)
  if (data !== undefined) {
    const pem = Buffer.from(data, 'base64').toString('utf8')
    if (!pem.includes('-----BEGIN ')) throw invalid(path, `${name}-data is not base64 of PEM`)
    return { pem }
  }
  const file = text(fields, name)
  return file === undefined ? undefined : { file: resolve(dirname(path), file) }
}

function text(value: unknown, key: string): string | undefined {
  return textIn(recordIn(value)[key]) || undefined
}

function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V })
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'it has none' : names.slice(0, 10).join(', ')
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 100))
}

function invalid(path: string, what: string, hint?: string): ProvError {
  return new ProvError('config_invalid', `kubeconfig ${path}: ${what}`, { location: path, hint })
}
