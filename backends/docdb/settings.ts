/** What the configuration says to this backend: which database, by Chains' URLs (those of go-cloud's docstore) or `sqlite:PATH`. */
import type { Context } from '../../src/backend/backend.ts'
import { ProvError } from '../../src/errors.ts'
import { durationMs } from '../../src/platform/text/duration.ts'
import { NAME } from './layout.ts'
import { mongoServerUrl } from './mongo/server.ts'
import { withoutSecrets } from './mongo/shown.ts'

export const URL_KEY = 'storage.docdb.url'

interface Common {
  /** How the collection is named in slots, receipts and messages. */
  readonly where: string
  /** Longest time one call may take, milliseconds. */
  readonly requestMs: number
}

export interface MongoTarget extends Common {
  readonly engine: 'mongo'
  readonly database: string
  readonly collection: string
  /** True when the document has `Name` beside `_id`. */
  readonly keepsName: boolean
  /** Connection string; may hold a password. */
  readonly server: string
  /** The same without secrets. */
  readonly place: string
}

export interface FirestoreTarget extends Common {
  readonly engine: 'firestore'
  /** `projects/P/databases/D`. */
  readonly database: string
  /** `projects/P/databases/D/documents/COLL`. */
  readonly collection: string
  /** True when the document has `Name` beside its own name. */
  readonly keepsName: boolean
  /** HOST:PORT of an emulator. */
  readonly emulator: string | undefined
  /** File with credentials; undefined: Google's default ones. */
  readonly keyFile: string | undefined
}

export interface DynamoTarget extends Common {
  readonly engine: 'dynamodb'
  readonly table: string
  readonly region: string | undefined
  readonly endpoint: string | undefined
  readonly profile: string | undefined
  /** Keys of the environment; undefined: AWS's default chain. */
  readonly keys: { readonly id: string; readonly secret: string; readonly token: string | undefined } | undefined
}

export interface SqliteTarget extends Common {
  readonly engine: 'sqlite'
  readonly path: string
}

export type Target = MongoTarget | FirestoreTarget | DynamoTarget | SqliteTarget

const FORMS =
  'sqlite:PATH, mongo://DB/COLLECTION?id_field=Name, firestore://projects/P/databases/(default)/documents/COLLECTION?name_field=Name or dynamodb://TABLE?partition_key=Name'

/**
 * Reads the settings. Throws `config_invalid` for a URL that is missing or that Chains could not read its own copies from.
 *
 * @example readTarget({ setting: () => 'sqlite:prov.db', env: {} }) // { engine: 'sqlite', path: 'prov.db', … }
 */
export function readTarget(context: Pick<Context, 'setting' | 'env'>): Target {
  const url = context.setting(URL_KEY)
  if (url === undefined || url === '') {
    throw new ProvError('config_invalid', `${URL_KEY} is not set, so no database is named to keep copies in`, {
      backend: NAME,
      hint: `--set ${URL_KEY}=sqlite:prov.db needs no server`,
    })
  }
  const requestMs = duration(context.setting('storage.timeout') ?? '60s')
  if (url.startsWith('sqlite:')) return { engine: 'sqlite', path: sqlitePath(url), where: url, requestMs }
  const parts = partsOf(url)
  const common = { where: `${parts.scheme}://${parts.host}${parts.path}`, requestMs }
  switch (parts.scheme) {
    case 'mongo': {
      const server = mongoServerUrl(context)
      return { ...common, ...mongo(parts), server, place: withoutSecrets(server) }
    }
    case 'firestore':
      return { ...common, ...firestore(parts, context.env) }
    case 'dynamodb':
      return { ...common, ...dynamodb(parts, context.env) }
    default:
      throw invalid(`has the unknown scheme ${parts.scheme}:`, FORMS)
  }
}

interface Parts {
  readonly scheme: string
  readonly host: string
  /** `/` and what follows, or empty. */
  readonly path: string
  readonly query: URLSearchParams
}

function partsOf(url: string): Parts {
  const [, scheme, host, path = '', query] =
    /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/i.exec(url) ?? []
  if (scheme === undefined || host === undefined) throw invalid('is not a database URL', FORMS)
  try {
    const decoded = { host: decodeURIComponent(host), path: decodeURIComponent(path) }
    return { scheme: scheme.toLowerCase(), ...decoded, query: new URLSearchParams(query) }
  } catch {
    throw invalid('has a % in it without two hex digits behind', FORMS)
  }
}

/** Takes what is known off the query; go-cloud refuses the rest, and so does this. */
function parameters(query: URLSearchParams, known: readonly string[]): Readonly<Record<string, string | undefined>> {
  const odd = [...query.keys()].find((name) => !known.includes(name))
  if (odd !== undefined) throw invalid(`has the unknown parameter ${odd}`, `known here: ${known.join(', ')}`)
  return Object.fromEntries(known.map((name) => [name, query.get(name) || undefined]))
}

/**
 * go-cloud finds the struct's field in any case and stores its value as the database's key, but takes the field itself out of the
 * document only under the very name in the URL: `?id_field=name` keeps `Name` beside the key.
 */
function keepsName(parameter: string, field: string | undefined): boolean {
  if (field?.toLowerCase() !== 'name') {
    throw invalid(`needs ${parameter}=Name`, 'Chains looks documents up by their Name and cannot read others back')
  }
  return field !== 'Name'
}

function mongo({ host, path, query }: Parts): Pick<MongoTarget, 'engine' | 'database' | 'collection' | 'keepsName'> {
  const { id_field: idField } = parameters(query, ['id_field', 'revision_field'])
  const collection = path.slice(1)
  if (host === '' || collection === '')
    throw invalid('names no database or no collection', 'mongo://DB/COLLECTION?id_field=Name')
  return { engine: 'mongo', database: host, collection, keepsName: keepsName('id_field', idField) }
}

function firestore({ host, path, query }: Parts, env: Context['env']): Omit<FirestoreTarget, keyof Common> {
  const { name_field: nameField } = parameters(query, ['name_field', 'revision_field'])
  const collection = `${host}${path}`
  const [, database, inside = ''] = /^(projects\/[^/]+\/databases\/[^/]+)\/documents\/(.+)$/.exec(collection) ?? []
  const segments = inside.split('/')
  if (database === undefined || segments.includes('') || segments.length % 2 === 0) {
    throw invalid(
      'names no collection',
      'firestore://projects/P/databases/(default)/documents/COLLECTION?name_field=Name',
    )
  }
  const emulator = env['FIRESTORE_EMULATOR_HOST'] || undefined
  const keyFile = env['GOOGLE_APPLICATION_CREDENTIALS'] || undefined
  return { engine: 'firestore', database, collection, keepsName: keepsName('name_field', nameField), emulator, keyFile }
}

function dynamodb({ host, path, query }: Parts, env: Context['env']): Omit<DynamoTarget, keyof Common> {
  const known = ['partition_key', 'allow_scans', 'consistent_read', 'revision_field', 'region', 'endpoint', 'profile']
  const { partition_key: key, region, endpoint, profile } = parameters(query, known)
  if (host === '' || path !== '') throw invalid('names no table', 'dynamodb://TABLE?partition_key=Name')
  if (key !== 'Name') throw invalid('needs partition_key=Name', "the table's own key must have that name, in that case")
  const id = env['AWS_ACCESS_KEY_ID']
  const secret = env['AWS_SECRET_ACCESS_KEY']
  const fromEnv =
    profile === undefined && id && secret ? { id, secret, token: env['AWS_SESSION_TOKEN'] || undefined } : undefined
  return {
    engine: 'dynamodb',
    table: host,
    region: region ?? (env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || undefined),
    endpoint: endpoint ?? (env['AWS_ENDPOINT_URL_DYNAMODB'] || env['AWS_ENDPOINT_URL'] || undefined),
    profile: profile ?? (env['AWS_PROFILE'] || undefined),
    keys: fromEnv,
  }
}

function sqlitePath(url: string): string {
  const path = url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '')
  if (path === '' || path.startsWith('//') || path.startsWith(':') || /[?#\0]/.test(path)) {
    throw invalid('names no file', 'sqlite:prov.db or sqlite:/var/lib/prov.db')
  }
  return path
}

function duration(text: string): number {
  const ms = durationMs(text)
  if (ms >= 1) return ms
  throw new ProvError('config_invalid', 'storage.timeout must be a duration such as 500ms, 30s or 2m', {
    backend: NAME,
  })
}

function invalid(what: string, hint: string): ProvError {
  return new ProvError('config_invalid', `${URL_KEY} ${what}`, { backend: NAME, hint })
}
