/** grafeas: notes and occurrences of Google's Container Analysis, or of any server with its v1 REST API. */

import type {
  Backend,
  CallOptions,
  Context,
  Found,
  ListFilter,
  OpenBackend,
  Receipt,
  Slot,
} from '../../src/backend/backend.ts'
import { receiptOf } from '../../src/backend/receipt.ts'
import { ProvError } from '../../src/errors.ts'
import { type Entry, holds } from '../../src/model/entry.ts'
import { boundedMap } from '../../src/platform/async/bounded-map.ts'
import type { HttpResponse } from '../../src/platform/http/exchange.ts'
import { type JsonApi, jsonApi, objectOf } from '../../src/platform/http/json-client.ts'
import { arrayIn, isRecord } from '../../src/platform/text/guards.ts'
import { refuseProxies } from '../shared/configured.ts'
import { jsonGreeting } from '../shared/json-clock.ts'
import { pageGuard } from '../shared/pages.ts'
import { endpointOf, requestMs } from '../shared/settings.ts'
import { foundOf, kindOfNote, NAME, type Names, namedSlotOf, noteBody, occurrenceOf, slotsOf } from './layout.ts'

const GOOGLE = 'https://containeranalysis.googleapis.com'
/** Occurrences of one note about one image. */
const MAX_ITEMS = 1000
const PAGE = 200
/** Notes that are known to be there. */
const MAX_NOTES = 500

type Occurrence = Readonly<Record<string, unknown>>

/**
 * Opens the backend; nothing is contacted before the first call that needs it. Settings: `storage.grafeas.projectid`, `.noteid`, `.notehint`,
 * `.endpoint`, `.timeout`. Credentials: Google's application default, none where the endpoint is plain http. Calls throw `config_invalid` for what is set wrong.
 *
 * @example const grafeas = open(context); await grafeas.get(slot, { signal })
 */
export const open: OpenBackend = (context) => {
  const names = (): Names => namesOf(context)
  let opened: JsonApi | undefined
  const api = (): JsonApi => {
    opened ??= connect(context)
    return opened
  }
  const notes = boundedMap<string, true>(MAX_NOTES)

  async function get(slot: Slot, { signal }: CallOptions): Promise<readonly Found[]> {
    const { note = '', uri = '' } = slot.address
    const found: Found[] = []
    for await (const item of occurrences(api(), note, `resourceUrl=${quoted(uri)}`, slot.key, signal)) {
      if (item['resourceUri'] === uri) found.push(foundOf(slot, item))
      if (found.length > MAX_ITEMS) {
        const where = { backend: NAME, operation: 'get', location: slot.key }
        throw new ProvError('limit_exceeded', `more than ${MAX_ITEMS} occurrences under one note`, where)
      }
    }
    return found
  }

  async function createNote(slot: Slot, signal: AbortSignal): Promise<void> {
    const { note = '' } = slot.address
    if (notes.has(note)) return
    const [parent, id] = note.split('/notes/')
    const body = Buffer.from(JSON.stringify(noteBody(note, names())))
    const path = `/v1/${parent}/notes?${new URLSearchParams({ noteId: id ?? '' })}`
    const call = { operation: 'create note', location: slot.key, signal, expects: [409] } as const
    await api().call({ method: 'POST', path, body, ...call })
    notes.set(note, true)
  }

  async function put(slot: Slot, entry: Entry, options: CallOptions): Promise<Receipt> {
    const body = bodyOf(slot, entry)
    const known = (await get(slot, options)).find((item) => item.entry !== undefined && holds(item.entry, entry))
    if (known !== undefined) return receiptOf(slot, known.location, entry, 'unchanged')
    await createNote(slot, options.signal)
    const where = { backend: NAME, operation: 'create occurrence', location: slot.key }
    const parent = slot.address['note']?.split('/notes/')[0]
    const path = `/v1/${parent}/occurrences`
    const answer = await api().call({ ...where, method: 'POST', path, body, signal: options.signal })
    const name = objectOf(answer, where)['name']
    if (typeof name !== 'string') throw new ProvError('response_invalid', 'the answer has no occurrence', where)
    return receiptOf(slot, await settleOn(slot, entry, name, options), entry, 'written')
  }

  // The service names occurrences itself and creates unconditionally. So that two writers at once leave one copy, each looks again and takes
  // away all equal ones but the first by name: nobody ever takes that one away, and the last to look sees all.
  async function settleOn(slot: Slot, entry: Entry, own: string, options: CallOptions): Promise<string> {
    const equal = (await get(slot, options)).filter(
      ({ entry: other }) => other && holds(other, entry) && holds(entry, other),
    )
    const [first = own, ...rest] = equal.map(({ location }) => location).sort()
    for (const name of rest) {
      const call = { operation: 'remove the second of two equal occurrences', location: slot.key, ...options } as const
      await api().call({ method: 'DELETE', path: `/v1/${name}`, ...call, expects: [401, 403, 404] })
    }
    return first
  }

  async function* list(filter: ListFilter, { signal }: CallOptions): AsyncIterable<Slot> {
    const { project, noteid } = names()
    const where = { backend: NAME, operation: 'list occurrences', location: `projects/${project}` }
    if (filter.namespace !== undefined && noteid !== undefined) {
      throw new ProvError(
        'not_supported',
        'one note holds the runs of all namespaces (storage.grafeas.noteid is set)',
        where,
      )
    }
    const id = noteid ?? (filter.namespace === undefined ? 'tekton' : `tekton-${filter.namespace}`)
    const prefix = `projects/${project}/notes/${id}-`
    for (const kind of ['dsse', 'raw'] as const) {
      if (filter.kind !== undefined && filter.kind !== kind) continue
      const wanted = `kind=${quoted(kind === 'raw' ? 'ATTESTATION' : 'BUILD')}`
      for await (const { noteName, resourceUri } of occurrences(
        api(),
        where.location,
        wanted,
        where.location,
        signal,
      )) {
        if (typeof noteName !== 'string' || typeof resourceUri !== 'string') continue
        if (!noteName.startsWith(prefix) || kindOfNote(noteName) !== kind) continue
        if (filter.subject !== undefined && !resourceUri.endsWith(`@sha256:${filter.subject}`)) continue
        yield namedSlotOf(noteName, resourceUri, kind)
      }
    }
  }

  const backend: Backend = {
    name: NAME,
    configured: () => refuseProxies(context, NAME),
    capabilities: {
      readable: true,
      sharedWrites: 'readback',
      entriesPerSlot: 'many',
      kinds: ['dsse', 'raw'],
      needsRun: !context.setting('storage.grafeas.noteid'),
      keepsEnvelope: false,
      keepsProofs: { dsse: [], raw: [] },
      maxEntryBytes: undefined,
    },
    slots: (about) => slotsOf(about, names()),
    size: (slot, entry) => bodyOf(slot, entry).length,
    put,
    get,
    list,
    async diagnose({ signal }) {
      const location = `projects/${names().project}`
      const path = `/v1/${location}/occurrences?pageSize=1`
      const call = { method: 'GET', path, operation: 'list occurrences', location, signal, expects: [404] } as const
      return { checks: await jsonGreeting(api(), call, context) }
    },
    close: async () => opened?.close(),
  }
  return backend
}

/**
 * The occurrences of a project or of one note, page by page; none where there is no such note.
 *
 * @param at how errors name the place
 */
async function* occurrences(
  api: JsonApi,
  parent: string,
  filter: string,
  at: string,
  signal: AbortSignal,
): AsyncIterable<Occurrence> {
  const where = { backend: NAME, operation: 'list occurrences', location: at }
  const follow = pageGuard(NAME, at)
  let token = ''
  do {
    const query = new URLSearchParams({
      filter,
      pageSize: String(PAGE),
      ...(token === '' ? {} : { pageToken: token }),
    })
    const path = `/v1/${parent}/occurrences?${query}`
    const answer = await api.call({ ...where, method: 'GET', path, signal, expects: [404] })
    if (answer.status === 404) return noneThere(answer, where)
    const page = objectOf(answer, where)
    const items: readonly unknown[] = arrayIn(page['occurrences'])
    for (const item of items) if (isRecord(item)) yield item
    const next = page['nextPageToken']
    if (next === token && token !== '')
      throw new ProvError('response_invalid', 'the pages of the list repeat without end', where)
    token = typeof next === 'string' ? next : ''
    follow(items.length, token === '' ? undefined : token)
  } while (token !== '')
}

function connect(context: Context): JsonApi {
  const base = endpointOf(context.setting('storage.grafeas.endpoint') || GOOGLE, 'storage.grafeas.endpoint', NAME)
  const options = { backend: NAME, base, requestMs: requestMs(context, NAME) }
  return jsonApi(base.startsWith('http:') ? options : { ...options, authorization: lazyLogin(context) }, context)
}

function namesOf({ setting }: Pick<Context, 'setting'>): Names {
  const project = setting('storage.grafeas.projectid') || undefined
  if (project === undefined) {
    const hint = 'name the Google Cloud project of the notes'
    throw new ProvError('config_invalid', 'storage.grafeas.projectid is not set', { backend: NAME, hint })
  }
  const noteid = setting('storage.grafeas.noteid') || undefined
  for (const part of [project, noteid ?? 'unset']) {
    if (/^[A-Za-z0-9][A-Za-z0-9._:-]*$/.test(part)) continue
    const message = 'storage.grafeas.projectid and .noteid are letters, digits, dots, dashes and underscores'
    throw new ProvError('config_invalid', message, { backend: NAME })
  }
  const hint = setting('storage.grafeas.notehint') ?? 'This attestation note was generated by Tekton Chains'
  return { project, noteid, hint }
}

/** There is no such note, hence no occurrence: but only Grafeas itself can say so. Throws `response_invalid` for any other 404. */
function noneThere(
  answer: HttpResponse,
  where: { readonly backend: string; readonly operation: string; readonly location: string },
): void {
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(answer.body).toString('utf8'))
  } catch {}
  // Google's form, and that of a gRPC gateway (code 5 is NOT_FOUND).
  const error = isRecord(json) && isRecord(json['error']) ? json['error'] : json
  if (isRecord(error) && (error['status'] === 'NOT_FOUND' || error['code'] === 5 || error['code'] === 404)) return
  const message = `${answer.url.host} answered 404, and not as Grafeas does for a note that is not there`
  throw new ProvError('response_invalid', message, where)
}

function lazyLogin(context: Context): (signal: AbortSignal) => Promise<string | undefined> {
  let login: Promise<(signal: AbortSignal) => Promise<string | undefined>> | undefined
  return async (signal) => {
    login ??= import('../shared/google-login.ts').then(({ googleLogin }) =>
      googleLogin(NAME, context.env['GOOGLE_APPLICATION_CREDENTIALS'] || undefined, context),
    )
    return (await login)(signal)
  }
}

/** Throws `not_supported` for an entry that would lose what it needs to be verified. */
function bodyOf(slot: Slot, entry: Entry): Uint8Array {
  if (entry.signatures.some(({ certificate }) => certificate !== undefined)) {
    const message = 'an occurrence has no place for the certificate that this signature needs'
    throw new ProvError('not_supported', message, { backend: NAME, operation: 'put', location: slot.key })
  }
  return Buffer.from(JSON.stringify(occurrenceOf(slot, entry)))
}

/** A string of the service's filter language. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
