/** Bounds an answer of DynamoDB: the SDK reads whatever comes into memory. */
import { pipeline, Transform } from 'node:stream'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { ProvError } from '../../../src/errors.ts'

/** A page of a scan holds 1 MB, an item 400 KB; in JSON with base64 that is less than twice as much. */
const MAX_BYTES = 4 * 1024 * 1024

/**
 * A plug-in of the client's middleware: an answer over the limit ends with `response_too_large`.
 *
 * @example client.middlewareStack.use(bounded)
 */
export const bounded: Parameters<DynamoDBClient['middlewareStack']['use']>[0] = {
  applyToStack: (stack) => {
    stack.add(
      (next) => async (args) => {
        const result = await next(args)
        const { response } = result
        // Not `pipe`: an answer cut off in the middle must end the reader too.
        if (isReadable(response)) response.body = pipeline(response.body, counting(), () => {})
        return result
      },
      { step: 'deserialize', priority: 'low', name: 'boundedAnswer' },
    )
  },
}

function isReadable(response: unknown): response is { body: NodeJS.ReadableStream } {
  if (typeof response !== 'object' || response === null || !('body' in response)) return false
  const { body } = response
  return typeof body === 'object' && body !== null && 'pipe' in body && typeof body.pipe === 'function'
}

function counting(): Transform {
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length
      if (bytes <= MAX_BYTES) done(null, chunk)
      else done(new ProvError('response_too_large', `DynamoDB answered more than ${MAX_BYTES} bytes`))
    },
  })
}
