/**
 * Firestore: Chains' fields as go-cloud's gcpfirestore spells them (the document's own name is the key, numbers are doubles). The typed
 * client is used, not the convenient one above it: that one writes whole numbers as integers, and retries past any deadline of ours.
 */
import Firestore from '@google-cloud/firestore'
import { createBackoffSettings, createRetryOptions, googleAuthLibrary, grpc } from 'google-gax'
import { ProvError } from '../../../src/errors.ts'
import type { SignedDocument } from '../layout.ts'
import type { FirestoreTarget } from '../settings.ts'
import type { DocumentStore, StoredDocument, StoreOptions, Wanted } from '../store.ts'
import { firestoreFailure, statusOf } from './failure.ts'
import { fieldsIn, fieldsOf, type Value } from './value.ts'

type Client = InstanceType<typeof Firestore.v1.FirestoreClient>

interface DocumentProto {
  readonly name?: string | null
  readonly fields?: Readonly<Record<string, Value>> | null
  readonly updateTime?: object | null
}

const ALREADY_EXISTS = 6
const NOT_FOUND = 5
const FAILED_PRECONDITION = 9
const PAGE = 100
/** The core tries again, within a budget; a client that does so as well would multiply it. */
const ONCE = createRetryOptions([], createBackoffSettings(100, 1, 100, null, null, null, 100))

/**
 * The client connects on the first call; a metadata server is asked for credentials only when there is neither an emulator nor a key file.
 *
 * @example const store = openFirestore(target); await store.get(['09e72cd46682'], { signal })
 */
export function openFirestore(target: FirestoreTarget): DocumentStore {
  const { database, collection, requestMs } = target
  const once = { timeout: requestMs, retry: ONCE }
  let connecting: Promise<Client> | undefined

  /** A client that could not start would end the process at its next use, with a rejection that nobody handles. */
  async function started(): Promise<Client> {
    const client = clientFor(target)
    await client.initialize()
    return client
  }

  async function attempt<T>(work: (client: Client) => Promise<T>): Promise<T> {
    try {
      connecting ??= started()
      const client = await connecting.catch((thrown: unknown) => {
        connecting = undefined
        throw thrown
      })
      return await work(client)
    } catch (thrown) {
      throw firestoreFailure(thrown)
    }
  }

  const nameOf = (key: string): string => `${collection}/${key}`
  const keyOf = (name: string | null | undefined): string => name?.slice(collection.length + 1) ?? ''

  const get = (keys: readonly string[], { signal }: StoreOptions): Promise<readonly StoredDocument[]> =>
    attempt(async (client) => {
      const answers = client.batchGetDocuments({ database, documents: keys.map(nameOf) }, once)
      const found: StoredDocument[] = []
      for await (const { found: document } of until(signal, answers) as AsyncIterable<{
        found?: DocumentProto | null
      }>) {
        if (!document) continue
        const key = keyOf(document.name)
        found.push({ key, fields: { ...fieldsOf(document.fields ?? {}), Name: key }, state: document.updateTime })
      }
      return found
    })

  /** False when the precondition does not hold. */
  const commit = (write: object, refusals: readonly number[]): Promise<boolean> =>
    attempt(async (client) => {
      try {
        await client.commit({ database, writes: [write] }, once)
        return true
      } catch (thrown) {
        if (refusals.includes(statusOf(thrown) ?? 0)) return false
        throw thrown
      }
    })

  const update = (document: SignedDocument, key: string) => ({ name: nameOf(key), fields: fieldsIn(document, target) })

  const create = (document: SignedDocument): Promise<boolean> =>
    commit({ update: update(document, document.Name), currentDocument: { exists: false } }, [ALREADY_EXISTS])

  const replace = ({ key, state }: StoredDocument, document: SignedDocument): Promise<boolean> =>
    commit({ update: update(document, key), currentDocument: { updateTime: state } }, [FAILED_PRECONDITION, NOT_FOUND])

  const remove = ({ key, state }: StoredDocument): Promise<boolean> =>
    commit({ delete: nameOf(key), currentDocument: { updateTime: state } }, [FAILED_PRECONDITION, NOT_FOUND])

  /** Firestore cannot look into arrays of maps: the caller looks for the subject. */
  async function* list(_: Wanted, { signal }: StoreOptions): AsyncIterable<Pick<StoredDocument, 'key' | 'fields'>> {
    const parent = collection.slice(0, collection.lastIndexOf('/'))
    for (let last: string | undefined; ; ) {
      const structuredQuery = {
        from: [{ collectionId: collection.slice(parent.length + 1) }],
        select: { fields: [{ fieldPath: 'Signed' }] },
        orderBy: [{ field: { fieldPath: '__name__' }, direction: 'ASCENDING' as const }],
        limit: { value: PAGE },
        ...(last === undefined ? {} : { startAt: { values: [{ referenceValue: last }], before: false } }),
      }
      const page = await attempt(async (client) => {
        const documents: DocumentProto[] = []
        const answers = until(signal, client.runQuery({ parent, structuredQuery }, once))
        for await (const { document } of answers as AsyncIterable<{ document?: DocumentProto | null }>) {
          if (document) documents.push(document)
        }
        return documents
      })
      for (const { name, fields } of page) yield { key: keyOf(name), fields: fieldsOf(fields ?? {}) }
      last = page.at(-1)?.name ?? undefined
      if (page.length < PAGE) return
    }
  }

  return {
    get,
    create,
    replace,
    remove,
    list,
    close: async () => {
      const client = await connecting?.catch(() => undefined)
      connecting = undefined
      await client?.close()
    },
  }
}

function clientFor({ emulator, keyFile }: FirestoreTarget): Client {
  if (emulator === undefined) {
    return new Firestore.v1.FirestoreClient(keyFile === undefined ? {} : { keyFilename: keyFile })
  }
  const { hostname, port } = hostAndPort(emulator)
  // An emulator wants no credentials: without a client of its own the library would look for some on the network, for seconds.
  const auth = new googleAuthLibrary.GoogleAuth({ authClient: new googleAuthLibrary.PassThroughClient() })
  return new Firestore.v1.FirestoreClient({
    servicePath: hostname,
    port,
    sslCreds: grpc.credentials.createInsecure(),
    auth,
  })
}

function hostAndPort(emulator: string): { readonly hostname: string; readonly port: number } {
  const url = URL.parse(`http://${emulator}`)
  if (url === null || url.port === '') throw new ProvError('config_invalid', 'FIRESTORE_EMULATOR_HOST is not HOST:PORT')
  return { hostname: url.hostname, port: Number(url.port) }
}

/** Ends the stream with the call. */
function until(signal: AbortSignal, stream: NodeJS.ReadableStream & { destroy?(): void }): NodeJS.ReadableStream {
  signal.addEventListener('abort', () => stream.destroy?.(), { once: true })
  return stream
}
