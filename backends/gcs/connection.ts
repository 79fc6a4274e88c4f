/** The port over Google Cloud Storage. The client is imported here, statically: this file is imported only on first use. */
import { type Bucket, CRC32C, type File, Storage } from '@google-cloud/storage'
import type { CallOptions, Context } from '../../src/backend/backend.ts'
import { errorAt, ProvError } from '../../src/errors.ts'
import { within } from '../../src/platform/async/deadline.ts'
import { singleTry } from '../../src/platform/http/single.ts'
import { fault, refused, unreachable, type Where } from '../objects/failure.ts'
import type { ObjectStore } from '../objects/store.ts'
import { googleTransport } from '../shared/google-transport.ts'
import { pageGuard } from '../shared/pages.ts'
import { type GcsSettings, NAME } from './settings.ts'
import { Answered, NoCredentials, type Response, replaceTransport } from './transport.ts'

/**
 * A {@link ObjectStore} over a bucket; versions are generations. What is sent carries its CRC32C, what comes back is checked against the one
 * the service gives. Nothing is tried again here: the core does that.
 *
 * @example connect(settings, context).get('taskrun-ci-build/taskrun-b0a4….payload', { signal })
 */
export function connect(settings: GcsSettings & { readonly bucket: string }, context: Context): ObjectStore {
  const { endpoint, anonymous } = settings
  const http = singleTry(context, settings.requestMs)
  const storage = new Storage({
    apiEndpoint: endpoint,
    retryOptions: { autoRetry: false, maxRetries: 0 },
    clientOptions: googleTransport(context, NAME),
  })
  // The client would take the emulator's variable for the whole base, and miss the path of the API.
  storage.baseUrl = `${endpoint}/storage/v1`
  replaceTransport(storage, { anonymous, http, random: (size) => context.random(size) })
  const request = requestsOver(storage, settings, context)

  const absent = (status: number): { readonly result: undefined } | undefined =>
    status === 404 ? { result: undefined } : undefined

  return {
    get: (name, calls) =>
      request('get', name, calls, absent, async (at, where) => {
        const { bytes, headers } = await download(at.file(name))
        checkHash(bytes, headers, where)
        return { bytes, version: generationOf(headers.get('x-goog-generation'), where) }
      }),

    head: (name, calls) =>
      request('head', name, calls, absent, async (at, where) => {
        const [metadata] = await at.file(name).getMetadata()
        return generationOf(metadata.generation, where)
      }),

    put: (name, bytes, expect, calls) =>
      request(
        'put',
        name,
        calls,
        (status) => (status === 412 || (status === 404 && expect !== null) ? { result: undefined } : undefined),
        async (at, where) => {
          const file = at.file(name)
          await file.save(Buffer.from(bytes), {
            resumable: false,
            validation: false,
            gzip: false,
            metadata: {
              contentType: calls.served?.type ?? 'application/octet-stream',
              ...(calls.served === undefined ? {} : { cacheControl: calls.served.cache }),
              crc32c: crc32c(bytes),
            },
            preconditionOpts: { ifGenerationMatch: expect ?? 0 },
          })
          return generationOf(file.metadata.generation, where)
        },
      ),

    delete: (name, expect, calls) =>
      request(
        'delete',
        name,
        calls,
        (status) => (status === 404 || status === 412 ? { result: undefined } : undefined),
        async (at) => {
          await at.file(name).delete({ ifGenerationMatch: expect })
        },
      ),

    async *list(prefix, calls) {
      const follow = pageGuard('gcs', prefix)
      for (let pageToken: string | undefined, more = true; more; ) {
        const [files, next] = await request(
          'list',
          prefix,
          calls,
          () => undefined,
          async (at) => {
            const from = pageToken === undefined ? {} : { pageToken }
            const query = { prefix, autoPaginate: false, maxResults: 1000, fields: 'items(name,size),nextPageToken' }
            const [page, nextQuery] = await at.getFiles({ ...query, ...from })
            return [page, tokenOf(nextQuery)] as const
          },
        )
        for (const file of files) yield { name: file.name, size: sizeOf(file) }
        pageToken = next
        more = next !== undefined
        follow(files.length, next)
      }
    },

    close: () => http.close(),
  }
}

/** Runs one request; `expected` gives what an answer other than success means, where it means something. */
type Request = <T>(
  operation: string,
  name: string,
  options: CallOptions,
  expected: (status: number) => { readonly result: T } | undefined,
  work: (at: Bucket, where: Where) => Promise<T>,
) => Promise<T>

function requestsOver(
  storage: Storage,
  settings: GcsSettings & { readonly bucket: string },
  context: Context,
): Request {
  const { bucket, endpoint, anonymous } = settings
  return async (operation, name, { signal }, expected, work) => {
    const where = { backend: NAME, operation, location: `gs://${bucket}/${name}` }
    try {
      return await within(
        (own) => {
          const at = storage.bucket(bucket)
          at.interceptors.push({ request: (job) => Object.assign(job, { signal: own }) as never })
          return work(at, where)
        },
        { signal },
        settings.requestMs,
      )
    } catch (thrown) {
      if (thrown instanceof ProvError) throw errorAt(thrown, where)
      if (!(thrown instanceof Answered)) throw withoutAnswer(thrown, where)
      const said = saidBy(thrown, anonymous)
      // A page of some gateway says nothing of the object.
      const isAnswer = said.message !== undefined && !/bucket does not exist/i.test(said.message)
      const known = isAnswer ? expected(thrown.status) : undefined
      if (known !== undefined) return known.result
      throw refused(
        {
          status: thrown.status,
          host: URL.parse(endpoint)?.host,
          ...said,
          retryAfter: thrown.headers.get('retry-after') ?? undefined,
        },
        where,
        context.now(),
      )
    }
  }
}

/** The client's own download does not say which generation it read. */
async function download(file: File): Promise<{ readonly bytes: Uint8Array; readonly headers: Headers }> {
  return new Promise((done, fail) => {
    file.request({ uri: '', qs: { alt: 'media' } }, (error: unknown, body?: unknown, response?: unknown) => {
      if (error !== null && error !== undefined) fail(error)
      else done({ bytes: body as Uint8Array, headers: (response as Response).headers })
    })
  })
}

function crc32c(bytes: Uint8Array): string {
  const sum = new CRC32C()
  sum.update(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
  return sum.toString()
}

/** Only what is stored as it was sent has the hash that the service gives. */
function checkHash(bytes: Uint8Array, headers: Headers, where: Where): void {
  if ((headers.get('x-goog-stored-content-encoding') ?? 'identity') !== 'identity') return
  const [, given] = /(?:^|,)\s*crc32c=([A-Za-z0-9+/=]+)/.exec(headers.get('x-goog-hash') ?? '') ?? []
  if (given === undefined || given === crc32c(bytes)) return
  throw fault('response_invalid', 'the bytes received do not have the checksum that the service gave', where)
}

function generationOf(generation: unknown, where: Where): string {
  if (generation !== null && generation !== undefined && /^[0-9]+$/.test(String(generation))) return String(generation)
  throw fault('response_invalid', 'the service gave no generation', where)
}

function tokenOf(query: unknown): string | undefined {
  const token = typeof query === 'object' && query !== null && 'pageToken' in query ? query.pageToken : undefined
  return typeof token === 'string' ? token : undefined
}

/** With `fields`, the client hands on the items as the service listed them. */
function sizeOf(file: unknown): number | undefined {
  const size = typeof file === 'object' && file !== null && 'size' in file ? Number(file.size) : Number.NaN
  return Number.isNaN(size) ? undefined : size
}

/** Google's JSON errors, `{"error":{"message":…,"errors":[{"reason":…}]}}`; of other bodies the beginning, if it is text. */
function saidBy({ body, headers }: Answered, emulated: boolean): { readonly code?: string; readonly message?: string } {
  const text = Buffer.from(body.subarray(0, 65_536)).toString()
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown; errors?: readonly { reason?: unknown }[] } }
    const reason = error?.errors?.[0]?.reason
    return {
      ...(typeof reason === 'string' ? { code: reason } : {}),
      ...(typeof error?.message === 'string' ? { message: error.message } : {}),
    }
  } catch {
    // For a download the service answers in bare text, whatever its type; an emulator says only what a gateway would say too.
    if (/^No such object: /.test(text) || /bucket does not exist/i.test(text)) return { message: text }
    return emulated && /^text\/plain/.test(headers.get('content-type') ?? '') && /^Not Found\s*$/.test(text)
      ? { message: text }
      : {}
  }
}

function withoutAnswer(thrown: unknown, where: Where): ProvError {
  if (thrown instanceof SyntaxError) return fault('response_invalid', 'the answer of the service is not JSON', where)
  if (thrown instanceof NoCredentials) {
    return fault('denied', 'no credentials were found, or they were refused', where, {
      hint: 'set GOOGLE_APPLICATION_CREDENTIALS, or run gcloud auth application-default login',
      cause: thrown.cause,
    })
  }
  return unreachable(thrown, where)
}
