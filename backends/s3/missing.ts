/** Which of the two abilities a service lacks that prov's writes need: checksums, or conditions. */
import { DeleteObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'

export interface Ask {
  /** Sends a checksum with what it writes. */
  readonly checked: S3Client
  /** Sends none, unless the service must have one. */
  readonly plain: S3Client
  readonly Bucket: string
  readonly Key: string
  readonly abortSignal: AbortSignal
}

export type Missing = 'checksums' | 'conditions'

/**
 * Writes an object of three bytes with and without each of the two, and removes it. Empty: neither is what the service refuses.
 *
 * @example await missingAt({ checked, plain, Bucket, Key, abortSignal }) // ['conditions']
 */
export async function missingAt({ checked, plain, Bucket, Key, abortSignal }: Ask): Promise<readonly Missing[]> {
  const at = { Bucket, Key }
  const write = async (client: S3Client, more: object): Promise<number> => {
    const command = new PutObjectCommand({ ...at, Body: Buffer.from('one'), ContentLength: 3, ...more })
    return client.send(command, { abortSignal }).then(() => 200, statusOf)
  }
  if ((await write(plain, {})) !== 200) return []
  try {
    const checksums = isRefused(await write(checked, {})) ? (['checksums'] as const) : []
    // The object is there: a service that knows conditions answers 412.
    const conditions = isRefused(await write(plain, { IfNoneMatch: '*' })) ? (['conditions'] as const) : []
    return [...checksums, ...conditions]
  } finally {
    await plain.send(new DeleteObjectCommand(at), { abortSignal }).catch(() => undefined)
  }
}

function isRefused(status: number): boolean {
  return status === 400 || status === 501
}

function statusOf(thrown: unknown): number {
  const { $metadata } = thrown as { readonly $metadata?: { readonly httpStatusCode?: number } }
  return $metadata?.httpStatusCode ?? 0
}
