/** The port over S3 and what speaks its protocol. The client is imported here, statically: this file is imported only on first use. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import type { CallOptions, Context } from '../../src/backend/backend.ts'
import { errorAt, ProvError } from '../../src/errors.ts'
import { within } from '../../src/platform/async/deadline.ts'
import { fault, refused, unreachable, type Where } from '../objects/failure.ts'
import { MAX_OBJECT_BYTES, type ObjectStore } from '../objects/store.ts'
import { awsHttp } from '../shared/aws-http.ts'
import { pageGuard } from '../shared/pages.ts'
import { credentialsFor } from './credentials.ts'
import { NAME, type S3Settings } from './settings.ts'

/** AWS's own variable: a service that refuses checksums takes writes without. */
const CHECKSUMS = 'AWS_REQUEST_CHECKSUM_CALCULATION'

/**
 * A {@link ObjectStore} over a bucket. Writes carry `If-None-Match: *` or `If-Match`; the client adds a CRC32 to what it sends and
 * checks the one it is sent. It never tries again: the core does.
 *
 * @example connect(settings, context).get('taskrun-ci-build/taskrun-b0a4….payload', { signal })
 */
export function connect(settings: S3Settings & { readonly bucket: string }, context: Context): ObjectStore {
  const { bucket: Bucket, prefix, endpoint, region, pathStyle } = settings
  const credentials = credentialsFor(settings, context.env)
  const clientWith = (checksums: 'WHEN_SUPPORTED' | 'WHEN_REQUIRED'): S3Client =>
    new S3Client({
      maxAttempts: 1,
      forcePathStyle: pathStyle,
      requestChecksumCalculation: checksums,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(region === undefined ? {} : { region }),
      ...(credentials === undefined ? {} : { credentials }),
      requestHandler: awsHttp({ requestMs: settings.requestMs, maxBytes: MAX_OBJECT_BYTES, backend: NAME }, context),
      logger: { debug() {}, info() {}, warn() {}, error() {}, trace() {} },
    })
  const checksums = context.env[CHECKSUMS] === 'WHEN_REQUIRED' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED'
  const client = clientWith(checksums)
  const request = requestsFor(settings, checksums, context)

  // Some services answer 404 for an unknown user too, and a gateway for anything: only the object's own absence counts. To HEAD there is no
  // body that could say so, and the client makes NotFound of it.
  const isAbsent = (status: number, code: string): boolean => status === 404 && code === 'NoSuchKey'
  const absent = (status: number, code: string): { readonly result: undefined } | undefined =>
    isAbsent(status, code) ? { result: undefined } : undefined
  const Key = (name: string): { readonly Bucket: string; readonly Key: string } => ({ Bucket, Key: `${prefix}${name}` })

  return {
    get: (name, calls) =>
      request('get', name, calls, absent, async (abortSignal, where) => {
        const answer = await client.send(new GetObjectCommand(Key(name)), { abortSignal })
        const bytes = await readBody(answer.Body, answer.ContentLength, where)
        return { bytes, version: etagOf(answer.ETag, where) }
      }),

    head: (name, calls) =>
      request(
        'head',
        name,
        calls,
        (status, code) =>
          isAbsent(status, code) || (status === 404 && code === 'NotFound') ? { result: undefined } : undefined,
        async (abortSignal, where) =>
          etagOf((await client.send(new HeadObjectCommand(Key(name)), { abortSignal })).ETag, where),
      ),

    put: (name, bytes, expect, calls) =>
      request(
        'put',
        name,
        calls,
        // What should be replaced may be gone (404); two conditional writes at once may both be told to try again (409).
        (status, code) =>
          status === 412 || (expect !== null && isAbsent(status, code)) ? { result: undefined } : undefined,
        async (abortSignal, where) => {
          const condition = expect === null ? { IfNoneMatch: '*' } : { IfMatch: expect }
          const { served } = calls
          const as = served === undefined ? {} : { ContentType: served.type, CacheControl: served.cache }
          const input = { ...Key(name), Body: bytes, ContentLength: bytes.length, ...as, ...condition }
          return etagOf((await client.send(new PutObjectCommand(input), { abortSignal })).ETag, where)
        },
      ),

    delete: (name, expect, calls) =>
      request(
        'delete',
        name,
        calls,
        (status, code) => (status === 412 || isAbsent(status, code) ? { result: undefined } : undefined),
        async (abortSignal) => {
          await client.send(new DeleteObjectCommand({ ...Key(name), IfMatch: expect }), { abortSignal })
        },
      ),

    async *list(under, calls) {
      const follow = pageGuard('s3', under)
      for (let token: string | undefined, more = true; more; ) {
        const page = await request(
          'list',
          under,
          calls,
          () => undefined,
          (abortSignal) => {
            const from = token === undefined ? {} : { ContinuationToken: token }
            return client.send(new ListObjectsV2Command({ Bucket, Prefix: `${prefix}${under}`, ...from }), {
              abortSignal,
            })
          },
        )
        for (const { Key: key, Size: size } of page.Contents ?? []) {
          if (key?.startsWith(prefix)) yield { name: key.slice(prefix.length), size }
        }
        token = page.NextContinuationToken
        more = page.IsTruncated === true && token !== undefined
        if (more) follow(page.Contents?.length ?? 0, token)
      }
    },

    async missing(name, { signal }) {
      const plain = clientWith('WHEN_REQUIRED')
      try {
        const { missingAt } = await import('./missing.ts')
        return await missingAt({ checked: client, plain, ...Key(name), abortSignal: signal })
      } finally {
        plain.destroy()
      }
    },

    close: () => client.destroy(),
  }
}

/** Runs one request; `expected` gives what an answer other than success means, where it means something. */
type Request = <T>(
  operation: string,
  name: string,
  options: CallOptions,
  expected: (status: number, code: string) => { readonly result: T } | undefined,
  work: (abortSignal: AbortSignal, where: Where) => Promise<T>,
) => Promise<T>

function requestsFor(settings: S3Settings & { readonly bucket: string }, checksums: string, context: Context): Request {
  const { bucket, prefix, endpoint } = settings
  return async (operation, name, { signal }, expected, work) => {
    const where = { backend: NAME, operation, location: `s3://${bucket}/${prefix}${name}` }
    try {
      return await within((own) => work(own, where), { signal }, settings.requestMs)
    } catch (thrown) {
      if (thrown instanceof ProvError) throw errorAt(thrown, where)
      const { status, code } = answerOf(thrown)
      if (status === undefined) throw withoutAnswer(thrown, where)
      const known = expected(status, code)
      if (known !== undefined) return known.result
      const message = thrown instanceof S3ServiceException && thrown.message !== 'UnknownError' ? thrown.message : ''
      const hint = operation === 'put' && endpoint !== undefined ? writeHint(status, checksums) : undefined
      const host = endpoint === undefined ? undefined : URL.parse(endpoint)?.host
      throw refused({ status, host, code, message, retryAfter: retryAfterOf(thrown), hint }, where, context.now())
    }
  }
}

/** What most often makes a service other than AWS's refuse a write. */
function writeHint(status: number, checksums: string): string | undefined {
  const conditions = 'it may know no conditional writes (If-None-Match, If-Match), which prov needs'
  if (status === 501) return `${conditions}, or no checksums: for these set ${CHECKSUMS}=WHEN_REQUIRED`
  if (status !== 400 || checksums === 'WHEN_REQUIRED') return undefined
  return `the service may know no checksums: try ${CHECKSUMS}=WHEN_REQUIRED`
}

function etagOf(etag: string | undefined, where: Where): string {
  if (etag !== undefined && etag !== '') return etag
  throw fault('response_invalid', 'the service gave no ETag', where)
}

async function readBody(body: unknown, length: number | undefined, where: Where): Promise<Uint8Array> {
  if (!isStream(body)) throw fault('response_invalid', 'the service gave no body', where)
  const tooLarge = (): ProvError => {
    body.destroy?.()
    return fault('response_too_large', `the object is over ${MAX_OBJECT_BYTES} bytes`, where)
  }
  if (length !== undefined && length > MAX_OBJECT_BYTES) throw tooLarge()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > MAX_OBJECT_BYTES) throw tooLarge()
    chunks.push(chunk)
  }
  if (length !== undefined && size !== length)
    throw fault('unreachable', 'the connection broke off in mid-answer', where)
  return new Uint8Array(Buffer.concat(chunks))
}

interface Readable extends AsyncIterable<Uint8Array> {
  destroy?(): void
}

function isStream(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
}

/** Status and code of an answer; no status: there was none. The client's errors carry it also when the body was no XML. */
function answerOf(thrown: unknown): { readonly status?: number; readonly code: string } {
  if (!(thrown instanceof Error)) return { code: '' }
  const { $metadata, $response } = thrown as {
    readonly $metadata?: { readonly httpStatusCode?: number }
    readonly $response?: { readonly statusCode?: number }
  }
  const status = $metadata?.httpStatusCode ?? $response?.statusCode
  const code = /^(?:Unknown|UnknownError|Error|SyntaxError|\d+)$/.test(thrown.name) ? '' : thrown.name
  return status === undefined ? { code } : { status, code }
}

function retryAfterOf(thrown: unknown): string | undefined {
  const { $response } = thrown as { readonly $response?: { readonly headers?: Readonly<Record<string, string>> } }
  return $response?.headers?.['retry-after']
}

function withoutAnswer(thrown: unknown, where: Where): ProvError {
  const { name, message } = thrown instanceof Error ? thrown : { name: '', message: '' }
  if (name === 'CredentialsProviderError' || /credential/i.test(name)) {
    return fault('denied', 'no credentials were found', where, {
      hint: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE',
      cause: thrown,
    })
  }
  if (/region is missing/i.test(message)) {
    return fault('config_invalid', 'no region is set', where, { hint: 'set storage.s3.region or AWS_REGION' })
  }
  if (/^checksum mismatch/i.test(message)) {
    return fault('response_invalid', 'the bytes received do not have the checksum that the service gave', where)
  }
  return unreachable(thrown, where)
}
