/** One request and its whole answer, bounded in time and size. */
import { type Agent, type ClientRequest, request as plainRequest } from 'node:http'
import { ProvError } from '../errors.ts'
import { atPeer } from '../platform/http/peer.ts'
import type { KubeAnswer, Where } from './status.ts'

export interface Exchange {
  readonly method: 'GET' | 'PATCH'
  readonly url: URL
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body?: Uint8Array | undefined
  readonly agent: Agent
  /** From the first byte sent to the last one read, in milliseconds. */
  readonly timeoutMs: number
  /** Largest answer that is read. */
  readonly maxBytes: number
  readonly where: Where
  readonly signal: AbortSignal
}

/**
 * Sends it once. Throws `unreachable`, `timed_out`, `response_too_large`, `response_invalid` and `aborted`; statuses are not judged.
 *
 * @example (await exchange({ method: 'GET', url, headers: {}, agent, timeoutMs: 60_000, maxBytes: 1e6, where, signal })).status
 */
export async function exchange(job: Exchange): Promise<KubeAnswer> {
  const { signal, where } = job
  const send = job.url.protocol === 'https:' ? (await import('node:https')).request : plainRequest
  return new Promise((done, failed) => {
    let call: ClientRequest | undefined
    const settle = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    const fail = (error: ProvError): void => {
      settle()
      failed(error)
      call?.destroy()
    }
    const onAbort = (): void => fail(new ProvError('aborted', 'stopped before the cluster had answered', where))
    const timer = setTimeout(() => {
      fail(new ProvError('timed_out', `no complete answer within ${job.timeoutMs} ms`, where))
    }, job.timeoutMs)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) return onAbort()
    const length = job.body === undefined ? {} : { 'content-length': String(job.body.length) }
    const headers = Object.fromEntries(
      Object.entries({ ...job.headers, ...length }).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : [...value],
      ]),
    )
    const current = send(job.url, { method: job.method, headers, agent: job.agent })
    call = current
    current.on('error', (cause: NodeJS.ErrnoException) => fail(lost(cause, where)))
    current.on('response', (message) => {
      const tooLarge = (): void =>
        fail(new ProvError('response_too_large', `the answer is over ${job.maxBytes} bytes`, where))
      if (Number(message.headers['content-length'] ?? 0) > job.maxBytes) return tooLarge()
      const chunks: Buffer[] = []
      let size = 0
      message.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > job.maxBytes) tooLarge()
        else chunks.push(chunk)
      })
      message.on('error', () => fail(new ProvError('unreachable', 'the connection broke off in mid-answer', where)))
      message.on('end', () => {
        settle()
        const status = message.statusCode ?? 0
        done({ status, retryAfter: message.headers['retry-after'], body: Buffer.concat(chunks) })
      })
    })
    current.end(job.body)
  })
}

function lost(cause: NodeJS.ErrnoException, where: Where): ProvError {
  const code = cause.code ?? ''
  if (code.startsWith('HPE_')) return new ProvError('response_invalid', `the answer is no HTTP (${code})`, where)
  if (code === 'ETIMEDOUT') return new ProvError('timed_out', 'the cluster did not accept a connection in time', where)
  const tls = /CERT|SELF_SIGNED|TLS|SSL|EPROTO|UNABLE_TO/.test(code)
  const hint = tls ? 'check certificate-authority and the client certificate in the kubeconfig' : undefined
  const said = code === '' ? cause.name : code
  return new ProvError('unreachable', `the cluster${atPeer(cause)} could not be reached: ${said}`, { ...where, hint })
}
