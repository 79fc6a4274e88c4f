/** Who asks: the headers and the client certificate of the next request, renewed in time. */
import { ProvError } from '../errors.ts'
import { type ExecCredential, runExecPlugin } from './exec-plugin.ts'
import { readText } from './find.ts'
import type { Held, KubeAccess } from './kubeconfig.ts'

/** A token file is renewed under our feet (a pod's token every hour or so). */
const TOKEN_FILE_MS = 10_000
/** A credential is renewed this long before it expires. */
const EARLY_MS = 10_000
const PLUGIN_TIMEOUT_MS = 60_000

export interface Login {
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly certificate?: string
  readonly key?: string
}

export interface LoginSource {
  /** What counts for the next request. Throws `config_invalid`, `denied`, `aborted`. */
  next(signal: AbortSignal): Promise<Login>
  /** The server has refused what was given: true when there may be something newer. */
  refused(): boolean
}

/** What plugins gave, for the whole process: input and storage of one command ask one plugin once, as in client-go. */
const plugins = new Map<string, Promise<ExecCredential>>()

/** @example const login = await openLogin(access, { env, now: Date.now, caPem }).next(signal) */
export function openLogin(
  access: KubeAccess,
  options: {
    readonly env: Readonly<Record<string, string | undefined>>
    now(): number
    readonly caPem: string | undefined
  },
): LoginSource {
  const { user } = access
  const { env, now, caPem } = options
  let file: { readonly token: string; readonly at: number } | undefined
  let pems: Promise<{ certificate?: string; key?: string }> | undefined
  const pluginKey = JSON.stringify([user.exec, access.server, env['PATH'] ?? ''])

  async function tokenOfFile(path: string): Promise<string> {
    if (file === undefined || now() - file.at >= TOKEN_FILE_MS) {
      file = { token: (await readText(path)).trim(), at: now() }
    }
    return file.token
  }

  async function ofPlugin(signal: AbortSignal): Promise<ExecCredential> {
    if (user.exec === undefined) return {}
    const known = plugins.get(pluginKey)
    if (known !== undefined) {
      const credential = await known.catch(() => undefined)
      if (credential !== undefined && (credential.expires === undefined || credential.expires - EARLY_MS > now())) {
        return credential
      }
      if (plugins.get(pluginKey) !== known) return ofPlugin(signal)
    }
    const credential = runExecPlugin(user.exec, { ...access, caPem }, { env, timeoutMs: PLUGIN_TIMEOUT_MS, signal })
    plugins.set(pluginKey, credential)
    return credential
  }

  async function bearer(exec: ExecCredential): Promise<string | undefined> {
    if (user.tokenFile !== undefined) return tokenOfFile(user.tokenFile)
    return user.token ?? exec.token
  }

  return {
    async next(signal) {
      const exec = await ofPlugin(signal)
      const token = await bearer(exec)
      if (token !== undefined && /[^\x21-\x7e]/.test(token)) {
        throw new ProvError('config_invalid', `the token of context ${access.context} holds more than one plain line`)
      }
      pems ??= readPems(user)
      const { certificate = exec.certificate, key = exec.key } = await pems
      return {
        headers: { ...authorization(token, access), ...user.impersonate },
        ...(certificate === undefined || key === undefined ? {} : { certificate, key }),
      }
    },
    refused() {
      file = undefined
      pems = undefined
      const known = plugins.get(pluginKey)
      if (known !== undefined) plugins.delete(pluginKey)
      return known !== undefined || user.tokenFile !== undefined
    },
  }
}

function authorization(token: string | undefined, { user }: KubeAccess): Readonly<Record<string, string>> {
  if (token !== undefined) return { authorization: `Bearer ${token}` }
  if (user.username === undefined) return {}
  return { authorization: `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}` }
}

async function readPems(user: KubeAccess['user']): Promise<{ certificate?: string; key?: string }> {
  const certificate = await pemOf(user.certificate)
  const key = await pemOf(user.key)
  return { ...(certificate === undefined ? {} : { certificate }), ...(key === undefined ? {} : { key }) }
}

/** @example await pemOf({ file: '/etc/kubernetes/ca.crt' }) */
export async function pemOf(held: Held | undefined): Promise<string | undefined> {
  if (held === undefined) return undefined
  return 'pem' in held ? held.pem : readText(held.file)
}
