/** A service in a process of its own, as a user starts it: `prov serve` on a port that the system gives out. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { request as plainRequest } from 'node:http'
import { type RequestOptions, request as secureRequest } from 'node:https'
import { onTestFinished } from 'vitest'
import { BIN, cleanEnv, ROOT } from './cli.ts'

/** One line of its log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly event: string }

export interface Started {
  /** HOST:PORT */
  readonly address: string
  /** Of --metrics-listen. */
  readonly metrics: string | undefined
  readonly child: ChildProcess
  readonly log: readonly LogLine[]
  /** Everything on standard output, as it is. */
  text(): string
  stderr(): string
  /** The first line of this event, once it is there. */
  logged(event: string, from?: number): Promise<LogLine>
  /** The exit status; null when a signal ended it. */
  readonly ended: Promise<number | null>
  /** SIGTERM, and the exit status. */
  stop(): Promise<number | null>
}

/** Starts it and waits until it listens; it ends with the test. @example const service = await startService(['--storage', 'oci', …]) */
export async function startService(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Started> {
  return spawnService(args, env, (child, ended) =>
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await ended
    }),
  )
}

/** The same outside of a test. */
export async function spawnService(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  begun: (child: ChildProcess, ended: Promise<number | null>) => void = () => undefined,
): Promise<Started> {
  const listen = args.includes('--listen') ? [] : ['--listen', '127.0.0.1:0']
  const child = spawn(process.execPath, [BIN, 'serve', ...listen, ...args], {
    cwd: ROOT,
    env: cleanEnv(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log: LogLine[] = []
  let [out, err, rest] = ['', '', '']
  const waiting = new Set<() => void>()
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) log.push(JSON.parse(line) as LogLine)
    for (const tell of waiting) tell()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  begun(child, ended)
  const logged = (event: string, from = 0): Promise<LogLine> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = log.slice(from).find((line) => line.event === event)
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      void ended.then((code) => reject(new Error(`the service ended (${code}) without ${event}: ${out}${err}`)))
      look()
    })
  const { address, metrics } = await logged('listening')
  return {
    address: String(address),
    metrics: metrics === undefined ? undefined : String(metrics),
    child,
    log,
    text: () => out,
    stderr: () => err,
    logged,
    ended,
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}

export interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
  /** The body as JSON. */
  json<T>(): T
}

/** What is sent beside the path. */
export interface Sent extends Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'agent'> {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** One request, over TLS where there is a `ca`. @example (await ask(service.address, '/healthz')).status // 200 */
export function ask(address: string, path: string, sent: Sent = {}): Promise<Got> {
  const { method = sent.body === undefined ? 'GET' : 'POST', headers = {}, body, ...tls } = sent
  const isSecure = tls.ca !== undefined
  const send = isSecure ? secureRequest : plainRequest
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const url = `${isSecure ? 'https' : 'http'}://${address}${path}`
    const call = send(url, { method, headers: { ...type, ...headers }, agent: false, ...tls }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          text,
          json: <T>() => JSON.parse(text) as T,
        })
      })
    })
    call.on('error', reject)
    call.end(body)
  })
}

export interface Item {
  readonly key: string
  readonly value?: unknown
  readonly error?: string
}

interface Provided {
  readonly response: { readonly items?: readonly Item[]; readonly systemError?: string; readonly idempotent?: boolean }
}

/** As Gatekeeper asks. @example (await provide(service.address, '/verify', [image])).items */
export async function provide(
  address: string,
  path: '/verify' | '/mutate',
  keys: readonly unknown[],
  sent: Sent = {},
): Promise<Got & Provided['response']> {
  const body = JSON.stringify(providerRequest(keys))
  const got = await ask(address, path, { ...sent, body })
  return { ...got, ...got.json<Provided>().response }
}

/** @example JSON.stringify(providerRequest(['ghcr.io/acme/app@sha256:…'])) */
export function providerRequest(keys: unknown): object {
  return { apiVersion: 'externaldata.gatekeeper.sh/v1beta1', kind: 'ProviderRequest', request: { keys } }
}
