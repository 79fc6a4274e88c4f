/** Buckets that nobody else has, at fake-gcs-server. */
import { randomBytes } from 'node:crypto'
import { server } from '../servers/endpoints.ts'

export interface Bucket {
  readonly name: string
  /** `http://HOST:PORT` */
  readonly endpoint: string
  /** Puts an object past the backend. */
  put(name: string, bytes: Uint8Array): Promise<void>
}

/** A bucket that nobody else has, at a server that is started when need be. */
export async function freshBucket(): Promise<Bucket> {
  const endpoint = (await server('fake-gcs'))['FAKE_GCS'] ?? ''
  const name = `prov-${randomBytes(6).toString('hex')}`
  await post(`${endpoint}/storage/v1/b?project=test`, Buffer.from(JSON.stringify({ name })), 'application/json')
  return {
    name,
    endpoint,
    put: (object, bytes) =>
      post(
        `${endpoint}/upload/storage/v1/b/${name}/o?uploadType=media&name=${encodeURIComponent(object)}`,
        bytes,
        'application/octet-stream',
      ),
  }
}

async function post(url: string, body: Uint8Array, type: string): Promise<void> {
  const answer = await fetch(url, { method: 'POST', body: new Uint8Array(body), headers: { 'content-type': type } })
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`)
}
