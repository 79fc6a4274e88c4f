/** S3 servers and buckets for tests, and credentials as the environment gives them. */

import { randomBytes } from 'node:crypto'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { server } from '../servers/endpoints.ts'

export interface Account {
  /** `http://HOST:PORT` */
  readonly endpoint: string
  readonly env: Readonly<Record<string, string>>
}

/** The server, started when need be. moto takes any credentials, versitygw only its own. */
export async function account(name: 'moto' | 'versitygw'): Promise<Account> {
  const vars = await server(name)
  const own = name === 'moto' ? 'MOTO' : 'VERSITYGW'
  const env = {
    AWS_ACCESS_KEY_ID: vars[`${own}_ACCESS_KEY`] ?? 'any',
    AWS_SECRET_ACCESS_KEY: vars[`${own}_SECRET_KEY`] ?? 'any',
  }
  return { endpoint: vars[own] ?? '', env }
}

export interface Bucket {
  readonly name: string
  /** Puts an object past the backend. */
  put(key: string, bytes: Uint8Array): Promise<void>
}

/** A bucket that nobody else has. */
export async function freshBucket({ endpoint, env }: Account): Promise<Bucket> {
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '', secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '' },
  })
  const name = `prov-${randomBytes(6).toString('hex')}`
  await client.send(new CreateBucketCommand({ Bucket: name }))
  return {
    name,
    put: async (key, bytes) => {
      await client.send(new PutObjectCommand({ Bucket: name, Key: key, Body: bytes }))
    },
  }
}
