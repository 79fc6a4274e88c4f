/** Runs a docker credential helper (docker/docker-credential-helpers: `get`, server on stdin, JSON on stdout). */

import { failure } from '../failure.ts'
import type { CredentialQuery, Credentials } from './auth.ts'

const MAX_OUTPUT_BYTES = 64 * 1024

/**
 * What `docker-credential-<name> get` knows about `server`, or undefined when it knows nothing. The name is a plain
 * program name looked up in PATH, never a path. Throws `denied` when the helper cannot be run, fails or takes longer than
 * `timeoutMs`; its output is in no message.
 *
 * @example await runCredentialHelper('pass', 'ghcr.io', query, process.env, 30_000)
 */
export async function runCredentialHelper(
  name: string,
  server: string,
  query: CredentialQuery,
  env: Readonly<Record<string, string | undefined>>,
  timeoutMs: number,
): Promise<Credentials | undefined> {
  const where = { operation: `run docker-credential-${name.slice(0, 40)}`, location: query.host }
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name))
    throw failure('config_invalid', 'the credential helper has no plain name', where)
  const { code, output } = await run(`docker-credential-${name}`, server, env, timeoutMs, query.signal)
  if (query.signal.aborted) throw failure('aborted', 'stopped while asking for credentials', where)
  if (code !== 0) {
    if (/credentials not found/i.test(output)) return undefined
    throw failure('denied', `the credential helper did not give credentials (${code})`, where, {
      hint: `try it: echo ${server} | docker-credential-${name} get`,
    })
  }
  const answer = parse(output)
  if (answer === undefined) throw failure('denied', 'the credential helper gave no credentials', where)
  if (answer.Secret === '') return undefined
  // The helpers' convention for identity tokens (docker/cli: tokenUsername).
  if (answer.Username === '<token>') return { identityToken: answer.Secret }
  return { username: answer.Username, password: answer.Secret }
}

async function run(
  program: string,
  input: string,
  env: Readonly<Record<string, string | undefined>>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<{ readonly code: number | string; readonly output: string }> {
  const { spawn } = await import('node:child_process')
  return new Promise((done) => {
    const child = spawn(program, ['get'], { env: { ...env }, stdio: ['pipe', 'pipe', 'ignore'] })
    let output = ''
    // A helper's own children may outlive it and hold the pipe: its end is not waited for.
    const finish = (code: number | string) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      child.kill('SIGKILL')
      child.stdout.destroy()
      done({ code, output })
    }
    const onAbort = () => finish('aborted')
    const timer = setTimeout(() => finish('timed out'), timeoutMs)
    signal.addEventListener('abort', onAbort)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.length > MAX_OUTPUT_BYTES) finish('too much output')
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    child.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'failed'))
    child.on('close', (code, killed) => finish(code ?? killed ?? 'failed'))
  })
}

function parse(output: string): { readonly Username: string; readonly Secret: string } | undefined {
  try {
    const { Username, Secret } = JSON.parse(output) as { readonly Username?: unknown; readonly Secret?: unknown }
    return typeof Username === 'string' && typeof Secret === 'string' ? { Username, Secret } : undefined
  } catch {
    return undefined
  }
}
