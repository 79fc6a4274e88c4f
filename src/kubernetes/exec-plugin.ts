/** Runs a credential plugin (client.authentication.k8s.io/v1 and v1beta1): KUBERNETES_EXEC_INFO in, an ExecCredential on stdout. */
import { ProvError } from '../errors.ts'
import type { ExecPlugin, KubeAccess } from './kubeconfig.ts'

const MAX_OUTPUT_BYTES = 1024 * 1024

export interface ExecCredential {
  readonly token?: string
  /** PEM, with the key. */
  readonly certificate?: string
  readonly key?: string
  /** Milliseconds since the epoch; absent: valid until the server refuses it. */
  readonly expires?: number
}

export interface ExecOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Runs the plugin once; never on a terminal, so one that insists on it is refused. Throws `denied` when it cannot be run, fails,
 * takes too long or answers no credential, and `aborted`. Its output is in no message.
 *
 * @example (await runExecPlugin(plugin, access, { env, timeoutMs: 60_000, signal })).token
 */
export async function runExecPlugin(
  plugin: ExecPlugin,
  access: Pick<KubeAccess, 'server' | 'serverName' | 'insecure' | 'proxyUrl'> & { readonly caPem?: string | undefined },
  options: ExecOptions,
): Promise<ExecCredential> {
  const name = plugin.command.slice(plugin.command.lastIndexOf('/') + 1).slice(0, 80)
  const refuse = (what: string, hint?: string): ProvError =>
    new ProvError('denied', `the credential plugin ${name} ${what}`, {
      operation: 'run the credential plugin',
      hint: hint ?? 'log in with kubectl and try again',
    })
  if (plugin.interactiveMode === 'Always') throw refuse('needs a terminal', 'use credentials that need none')
  const env = { ...options.env, ...plugin.env, KUBERNETES_EXEC_INFO: JSON.stringify(execInfo(plugin, access)) }
  const { code, output } = await run(plugin, env, options)
  if (options.signal.aborted) {
    throw new ProvError('aborted', 'stopped while asking for credentials', { operation: 'run the credential plugin' })
  }
  if (code === 'ENOENT') throw refuse('is not there', plugin.installHint?.replaceAll(/\s+/g, ' ').trim().slice(0, 300))
  if (code !== 0) throw refuse(`failed (${code})`)
  const credential = parse(output, plugin.apiVersion)
  if (credential === undefined) throw refuse('answered no credential of its apiVersion')
  return credential
}

function execInfo(
  plugin: ExecPlugin,
  access: Pick<KubeAccess, 'server' | 'serverName' | 'insecure' | 'proxyUrl'> & { readonly caPem?: string | undefined },
): object {
  const cluster = {
    server: access.server,
    ...(access.serverName === undefined ? {} : { 'tls-server-name': access.serverName }),
    ...(access.insecure ? { 'insecure-skip-tls-verify': true } : {}),
    ...(access.caPem === undefined
      ? {}
      : { 'certificate-authority-data': Buffer.from(access.caPem).toString('base64') }),
    ...(access.proxyUrl === undefined ? {} : { 'proxy-url': access.proxyUrl }),
  }
  return {
    kind: 'ExecCredential',
    apiVersion: plugin.apiVersion,
    spec: { interactive: false, ...(plugin.provideClusterInfo ? { cluster } : {}) },
  }
}

async function run(
  { command, args }: ExecPlugin,
  env: Readonly<Record<string, string | undefined>>,
  { timeoutMs, signal }: ExecOptions,
): Promise<{ readonly code: number | string; readonly output: string }> {
  const { spawn } = await import('node:child_process')
  return new Promise((done) => {
    // Of its own process group: what it starts ends with it.
    const child = spawn(command, args, { env: { ...env }, stdio: ['ignore', 'pipe', 'ignore'], detached: true })
    const chunks: Buffer[] = []
    let size = 0
    const finish = (code: number | string): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      if (child.exitCode === null && child.signalCode === null) killGroup(child.pid)
      child.stdout.destroy()
      done({ code, output: Buffer.concat(chunks).toString('utf8') })
    }
    const onAbort = (): void => finish('aborted')
    const timer = setTimeout(() => finish('timed out'), timeoutMs)
    signal.addEventListener('abort', onAbort)
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_OUTPUT_BYTES) finish('too much output')
      else chunks.push(chunk)
    })
    child.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'failed'))
    child.on('close', (code, killed) => finish(code ?? killed ?? 'failed'))
    if (signal.aborted) onAbort()
  })
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {} // it has just ended
}

function parse(output: string, apiVersion: string): ExecCredential | undefined {
  try {
    const answer = JSON.parse(output) as Readonly<Record<string, unknown>>
    const status = answer['status'] as Readonly<Record<string, unknown>>
    if (answer['apiVersion'] !== apiVersion || answer['kind'] !== 'ExecCredential') return undefined
    const { token, clientCertificateData, clientKeyData, expirationTimestamp } = status
    const withToken = typeof token === 'string' && token !== '' && !/[^\x21-\x7e]/.test(token)
    const withKey = typeof clientCertificateData === 'string' && typeof clientKeyData === 'string'
    if (!withToken && !withKey) return undefined
    const expires = typeof expirationTimestamp === 'string' ? Date.parse(expirationTimestamp) : Number.NaN
    return {
      ...(withToken ? { token } : {}),
      ...(withKey ? { certificate: clientCertificateData, key: clientKeyData } : {}),
      ...(Number.isNaN(expires) ? {} : { expires }),
    }
  } catch {
    return undefined
  }
}
