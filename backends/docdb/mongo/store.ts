/** MongoDB: Chains' fields as go-cloud's mongodocstore spells them (`_id` is the name, numbers are doubles, bytes are binary subtype 0). */
import { type Collection, type Document, MongoBulkWriteError, MongoClient, MongoParseError } from 'mongodb'
import { ProvError } from '../../../src/errors.ts'
import { batching } from '../../../src/platform/async/coalesce.ts'
import type { Fields, SignedDocument } from '../layout.ts'
import type { MongoTarget } from '../settings.ts'
import type { DocumentStore, StoredDocument, StoreOptions, Wanted } from '../store.ts'
import { mongoFailure } from './failure.ts'
import { bodyOf } from './value.ts'

interface MongoDocument {
  readonly _id: string
  readonly [field: string]: unknown
}

const DUPLICATE_KEY = 11000
/** Documents in one request; each may have up to 16 MB. */
const AT_ONCE = 16
/** Longest search for a usable server, unless the URL says otherwise; a longer outage is for the next try. */
const SELECTION_MS = 5000
/** A replacement or removal goes by all that prov and Chains read. */
const STATE = ['Signed', 'Signature', 'Cert', 'Chain'] as const

/**
 * The client connects on the first call. Throws `config_invalid` for a connection string that the driver does not take.
 *
 * @example const store = openMongo(target); await store.get(['09e72cd46682'], { signal })
 */
export function openMongo(target: MongoTarget): DocumentStore {
  const client = clientFor(target)
  const collection = collectionOf(client, target)

  let connecting: Promise<unknown> | undefined

  /** A client whose first connection failed stays closed until it is told to connect anew. */
  async function connected(): Promise<void> {
    connecting ??= client.connect()
    try {
      await connecting
    } catch (thrown) {
      connecting = undefined
      throw thrown
    }
  }

  async function attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      await connected()
      return await work()
    } catch (thrown) {
      throw mongoFailure(thrown)
    }
  }

  const get = batching(
    AT_ONCE,
    (wanted: readonly (readonly string[])[], { signal }): Promise<readonly (readonly StoredDocument[])[]> =>
      attempt(async () => {
        const keys = [...new Set(wanted.flat())]
        const found: MongoDocument[] = []
        const cursor = collection.find<MongoDocument>({ _id: { $in: keys } }, { signal, promoteBuffers: true })
        for await (const document of cursor) {
          if (found.push(document) > keys.length)
            throw new ProvError('limit_exceeded', 'several documents have one name')
        }
        const stored = new Map(
          found.map((document) => [document._id, { key: document._id, fields: fieldsOf(document), state: document }]),
        )
        return wanted.map((own) => own.flatMap((key) => stored.get(key) ?? []))
      }),
  )

  const create = batching(
    AT_ONCE,
    (documents: readonly SignedDocument[]): Promise<readonly boolean[]> =>
      attempt(async () => {
        const bodies = documents.map((document) => ({ _id: document.Name, ...bodyOf(document, target) }))
        try {
          await collection.insertMany(bodies, { ordered: false })
          return documents.map(() => true)
        } catch (thrown) {
          if (!(thrown instanceof MongoBulkWriteError) || thrown.result.getWriteConcernError() !== undefined)
            throw thrown
          const errors = [thrown.writeErrors].flat()
          if (errors.length === 0 || errors.some(({ code }) => code !== DUPLICATE_KEY)) throw thrown
          const there = new Set(errors.map(({ index }) => index))
          return documents.map((_, i) => !there.has(i))
        }
      }),
  )

  const replace = ({ key, state }: StoredDocument, document: SignedDocument): Promise<boolean> =>
    attempt(async () => {
      const { matchedCount } = await collection.replaceOne(asRead(key, state), bodyOf(document, target))
      return matchedCount === 1
    })

  const remove = ({ key, state }: StoredDocument): Promise<boolean> =>
    attempt(async () => (await collection.deleteOne(asRead(key, state))).deletedCount === 1)

  async function* list(
    { subject }: Wanted,
    { signal }: StoreOptions,
  ): AsyncIterable<Pick<StoredDocument, 'key' | 'fields'>> {
    const filter = subject === undefined ? {} : { $or: about(subject) }
    const cursor = collection.find<MongoDocument>(filter, {
      signal,
      promoteBuffers: true,
      projection: { Signed: 1 },
      batchSize: 50,
    })
    try {
      for (;;) {
        const document = await attempt(() => cursor.next())
        if (document === null) return
        if (typeof document._id === 'string') yield { key: document._id, fields: fieldsOf(document) }
      }
    } finally {
      await cursor.close().catch(() => {}) // a cursor that cannot be closed ends with the connection
    }
  }

  return { get, create, replace, remove, list, close: () => client.close() }
}

function clientFor({ server, requestMs }: MongoTarget): MongoClient {
  const chosen = /[?&]serverselectiontimeoutms=/i.test(server)
  try {
    return new MongoClient(server, {
      appName: 'prov',
      ...(chosen ? {} : { serverSelectionTimeoutMS: Math.min(SELECTION_MS, requestMs) }),
      connectTimeoutMS: requestMs,
    })
  } catch (cause) {
    // The driver's words may quote the string, and so a password: only their kind is passed on.
    const kind =
      cause instanceof MongoParseError
        ? 'it is not well formed, or has an option the driver does not know'
        : 'the driver refuses it'
    throw new ProvError('config_invalid', `the URL of the MongoDB server cannot be used: ${kind}`)
  }
}

/** The primary alone has seen every confirmed write, whatever the URL prefers. */
function collectionOf(client: MongoClient, { database, collection }: MongoTarget): Collection<MongoDocument> {
  if (client.options.writeConcern?.w === 0) {
    throw new ProvError('config_invalid', 'the URL of the MongoDB server says w=0: no write would be confirmed')
  }
  try {
    return client.db(database).collection<MongoDocument>(collection, { readPreference: 'primary' })
  } catch (thrown) {
    throw mongoFailure(thrown)
  }
}

/** Where `Object` is left out the subject is not known; the caller looks into `Signed`. */
function about(subject: string): Document[] {
  return [
    { 'Object.subject.digest.sha256': subject },
    { 'Object.critical.image.docker-manifest-digest': `sha256:${subject}` },
    { Object: { $exists: false } },
  ]
}

function fieldsOf({ _id, ...rest }: MongoDocument): Fields {
  return { ...rest, Name: _id }
}

function asRead(key: string, state: unknown): Document {
  const document = state as MongoDocument
  const fields = STATE.map((name) => [name, name in document ? { $eq: document[name] } : { $exists: false }])
  return { _id: key, ...Object.fromEntries(fields) }
}
