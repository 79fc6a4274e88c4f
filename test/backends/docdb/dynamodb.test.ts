/** Against moto, which takes any credentials, and checks a condition and writes in two steps: hence one request at a time. */
import { randomBytes } from 'node:crypto'
import {
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDBClient,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll } from 'vitest'
import { open } from '../../../backends/docdb/backend.ts'
import type { Backend, Slot } from '../../../src/backend/backend.ts'
import { GAPS } from '../../conformance/gaps.ts'
import type { Rig } from '../../conformance/rig.ts'
import { sampleImage, sampleRun } from '../../conformance/samples.ts'
import { backendConformance } from '../../conformance/suite.ts'
import { describeWith, server } from '../../servers/endpoints.ts'
import { testContext } from '../../support/context.ts'
import { type Action, startProxy } from '../../support/proxy.ts'
import { oneAtATime } from './one-at-a-time.ts'

const KEYS = { AWS_ACCESS_KEY_ID: 'prov', AWS_SECRET_ACCESS_KEY: 'provsecret', AWS_REGION: 'eu-central-1' }

async function rig(endpoint: string, client: DynamoDBClient): Promise<Rig> {
  const TableName = `t${randomBytes(8).toString('hex')}`
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'Name', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'Name', KeyType: 'HASH' }],
    }),
  )
  const image = sampleImage('registry.example/acme/app', 'app')
  const at = (url: string, more: Readonly<Record<string, string>> = {}): Backend =>
    open(
      testContext(
        { 'storage.docdb.url': `dynamodb://${TableName}?partition_key=Name`, ...more },
        { ...KEYS, AWS_ENDPOINT_URL_DYNAMODB: url },
      ),
    )
  const troubled = (action: Action, more?: Readonly<Record<string, string>>) => async (): Promise<Backend> => {
    const proxy = await startProxy(new URL(endpoint).host, () => action)
    const backend = at(`http://${proxy.endpoint}`, more)
    return { ...backend, close: () => backend.close().then(proxy.close) }
  }
  const failing = (name: string) => ({
    status: 400,
    headers: { 'content-type': 'application/x-amz-json-1.0' },
    body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'made up' }),
  })
  return {
    run: sampleRun('build-1', image),
    image,
    otherImage: sampleImage('registry.example/acme/other', 'other'),
    open: () => at(endpoint),
    faults: {
      denied: troubled(failing('AccessDeniedException')),
      throttled: troubled(failing('ProvisionedThroughputExceededException')),
      unreachable: troubled({ cut: 'before' }),
      timedOut: troubled({ hang: true }, { 'storage.timeout': '150ms' }),
      tooLarge: troubled({ status: 200, body: JSON.stringify({ Item: { Signature: { S: 'x'.repeat(5_000_000) } } }) }),
      stalled: troubled({ hang: true }),
    },
    corrupt: async ({ address: { key = '' } }: Slot) => {
      await client.send(
        new UpdateItemCommand({
          TableName,
          Key: { Name: { S: key } },
          UpdateExpression: 'SET Signature = :s',
          ConditionExpression: 'attribute_exists(Signed)',
          ExpressionAttributeValues: { ':s': { S: 'no base64!' } },
        }),
      )
    },
    writes: async () => (await client.send(new ScanCommand({ TableName, Select: 'COUNT' }))).Count ?? 0,
    dispose: async () => {
      await client.send(new DeleteTableCommand({ TableName }))
    },
  }
}

describeWith(['moto'], 'moto', async () => {
  const { url: endpoint, close } = await oneAtATime((await server('moto'))['MOTO'] ?? '')
  const credentials = { accessKeyId: KEYS.AWS_ACCESS_KEY_ID, secretAccessKey: KEYS.AWS_SECRET_ACCESS_KEY }
  const client = new DynamoDBClient({ endpoint, region: KEYS.AWS_REGION, credentials })
  afterAll(async () => {
    client.destroy()
    await close()
  })
  backendConformance('docdb (DynamoDB: moto)', { rig: () => rig(endpoint, client), gaps: GAPS.docdbDynamo })
})
