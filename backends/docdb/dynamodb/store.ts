/** DynamoDB: Chains' fields as go-cloud's awsdynamodb spells them (`Signed` is B, `Object` M, the empty string NULL). */
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import type { HttpContext } from '../../../src/platform/http/context.ts'
import { awsHttp } from '../../shared/aws-http.ts'
import { pageGuard } from '../../shared/pages.ts'
import type { SignedDocument } from '../layout.ts'
import type { DynamoTarget } from '../settings.ts'
import type { DocumentStore, StoredDocument, StoreOptions, Wanted } from '../store.ts'
import { dynamoFailure } from './failure.ts'
import { fieldsOf, type Item, itemIn } from './value.ts'

/** A page of a scan holds 1 MB, an item 400 KB; in JSON with base64 that is less than twice as much. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024
/** A replacement or removal goes by all that prov and Chains read. */
const STATE = ['Signed', 'Signature', 'Cert', 'Chain'] as const

/**
 * The client connects on the first call. Credentials: those of the environment it was given, else AWS's default chain.
 *
 * @example const store = openDynamo(target, context); await store.get(['09e72cd46682'], { signal })
 */
export function openDynamo(target: DynamoTarget, context: HttpContext): DocumentStore {
  const client = clientFor(target, context)
  const TableName = target.table
  const keyed = (key: string) => ({ TableName, Key: { Name: { S: key } } })

  async function attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (thrown) {
      throw dynamoFailure(thrown, context.now())
    }
  }

  /** False when the condition does not hold. */
  const conditional = (work: () => Promise<unknown>): Promise<boolean> =>
    attempt(async () => {
      try {
        await work()
        return true
      } catch (thrown) {
        if (thrown instanceof ConditionalCheckFailedException) return false
        throw thrown
      }
    })

  async function get(keys: readonly string[], { signal }: StoreOptions): Promise<readonly StoredDocument[]> {
    const one = async (key: string): Promise<readonly StoredDocument[]> => {
      const command = new GetItemCommand({ ...keyed(key), ConsistentRead: true })
      const { Item: item } = await attempt(() => client.send(command, { abortSignal: signal }))
      return item === undefined ? [] : [{ key, fields: fieldsOf(item), state: item }]
    }
    return (await Promise.all(keys.map(one))).flat()
  }

  const create = (document: SignedDocument, { signal }: StoreOptions): Promise<boolean> => {
    const absent = { ConditionExpression: 'attribute_not_exists(#Name)', ExpressionAttributeNames: { '#Name': 'Name' } }
    const command = new PutItemCommand({ TableName, Item: itemIn(document), ...absent })
    return conditional(() => client.send(command, { abortSignal: signal }))
  }

  const replace = ({ state }: StoredDocument, document: SignedDocument, { signal }: StoreOptions): Promise<boolean> => {
    const command = new PutItemCommand({ TableName, Item: itemIn(document), ...asRead(state as Item) })
    return conditional(() => client.send(command, { abortSignal: signal }))
  }

  const remove = ({ key, state }: StoredDocument, { signal }: StoreOptions): Promise<boolean> => {
    const command = new DeleteItemCommand({ ...keyed(key), ...asRead(state as Item) })
    return conditional(() => client.send(command, { abortSignal: signal }))
  }

  /** No index knows the subjects: the whole table is read, and the caller looks. */
  async function* list(_: Wanted, { signal }: StoreOptions): AsyncIterable<Pick<StoredDocument, 'key' | 'fields'>> {
    const input = {
      TableName,
      ConsistentRead: true,
      ProjectionExpression: '#Name, #Signed',
      ExpressionAttributeNames: { '#Name': 'Name', '#Signed': 'Signed' },
    }
    const follow = pageGuard('docdb', TableName)
    for (let from: Item | undefined; ; ) {
      const command = new ScanCommand({ ...input, ...(from === undefined ? {} : { ExclusiveStartKey: from }) })
      const page = await attempt(() => client.send(command, { abortSignal: signal }))
      for (const item of page.Items ?? []) yield { key: item['Name']?.S ?? '', fields: fieldsOf(item) }
      from = page.LastEvaluatedKey
      if (from === undefined) return
      follow(page.Items?.length ?? 0, JSON.stringify(from))
    }
  }

  return { get, create, replace, remove, list, close: async () => client.destroy() }
}

function clientFor({ region, endpoint, profile, keys, requestMs }: DynamoTarget, context: HttpContext): DynamoDBClient {
  return new DynamoDBClient({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    ...(keys === undefined
      ? {}
      : {
          credentials: {
            accessKeyId: keys.id,
            secretAccessKey: keys.secret,
            ...(keys.token === undefined ? {} : { sessionToken: keys.token }),
          },
        }),
    maxAttempts: 1, // the core tries again, within a budget
    requestHandler: awsHttp({ requestMs, maxBytes: MAX_ANSWER_BYTES, backend: 'docdb' }, context),
  })
}

/** The condition that nothing of the item has changed. */
function asRead(item: Item) {
  const conditions = STATE.map((name) => (item[name] ? `#${name} = :${name}` : `attribute_not_exists(#${name})`))
  const values = STATE.flatMap((name) => (item[name] ? [[`:${name}`, item[name]] as const] : []))
  return {
    ConditionExpression: ['attribute_exists(#Name)', ...conditions].join(' AND '),
    ExpressionAttributeNames: Object.fromEntries(['Name', ...STATE].map((name) => [`#${name}`, name])),
    ...(values.length === 0 ? {} : { ExpressionAttributeValues: Object.fromEntries(values) }),
  }
}
