/** archivista: envelopes in an Archivista server, as Tekton Chains uploads them; and found there again, which Chains cannot. */

import type { Backend, CallOptions, Context, Found, OpenBackend, Receipt, Slot } from '../../src/backend/backend.ts'
import { receiptOf } from '../../src/backend/receipt.ts'
import { ProvError } from '../../src/errors.ts'
import type { Entry } from '../../src/model/entry.ts'
import { holdsWith, PROOFS, withProofsOf } from '../../src/model/proofs.ts'
import { type JsonApi, jsonApi, objectOf } from '../../src/platform/http/json-client.ts'
import { arrayIn, isRecord } from '../../src/platform/text/guards.ts'
import { refuseProxies } from '../shared/configured.ts'
import { jsonGreeting } from '../shared/json-clock.ts'
import { endpointOf, requestMs } from '../shared/settings.ts'
import { digestsOf, foundOf, gitoidHex, gitoidOf, NAME, slotsOf, uploadOf } from './layout.ts'

/** Archivista reads an upload whole into memory; no limit of its own is known. */
const MAX_BYTES = 16 * 1024 * 1024
const PAGE = 100
const MOST_PAGES = 100

/** Statements about any of these subjects, a page at a time (Archivista's GraphQL schema, Relay connections). */
const QUERY =
  'query($digests: [String!], $first: Int, $after: Cursor) { dsses(first: $first, after: $after, where: ' +
  '{ hasStatementWith: { hasSubjectsWith: { hasSubjectDigestsWith: { valueIn: $digests } } } }) ' +
  '{ edges { node { gitoidSha256 } } pageInfo { hasNextPage endCursor } } }'

/**
 * Opens the backend; nothing is contacted before the first call that needs it. Settings: `storage.archivista.url`, `.timeout`. The location
 * of a receipt is the download URL, which ends with the gitoid. Calls throw `config_invalid` for what is set wrong.
 *
 * @example const archivista = open(context); await archivista.get(slot, { signal })
 */
export const open: OpenBackend = (context) => {
  let opened: JsonApi | undefined
  const api = (): JsonApi => {
    opened ??= jsonApi({ backend: NAME, base: baseOf(context), requestMs: requestMs(context, NAME) }, context)
    return opened
  }
  const locate = (gitoid: string): string => `${baseOf(context)}/download/${gitoid}`

  function size(slot: Slot, entry: Entry): number {
    const bytes = uploadOf(entry).length
    if (bytes <= MAX_BYTES) return bytes
    throw new ProvError('entry_too_large', `the envelope has ${bytes} bytes, the limit is ${MAX_BYTES}`, {
      backend: NAME,
      operation: 'put',
      location: slot.key,
    })
  }

  async function get(slot: Slot, { signal }: CallOptions): Promise<readonly Found[]> {
    const found: Found[] = []
    for (const gitoid of await search(api(), slot, signal)) found.push(await download(gitoid, slot, signal))
    return found
  }

  async function download(gitoid: string, slot: Slot, signal: AbortSignal): Promise<Found> {
    const call = { method: 'GET', path: `/download/${gitoid}`, operation: 'download', signal } as const
    const answer = await api().call({ ...call, location: slot.key, expects: [404] })
    if (answer.status !== 404) return foundOf(locate(gitoid), new Uint8Array(answer.body), gitoid)
    const damage = {
      code: 'copy_malformed',
      message: 'the index names it, but its bytes are gone',
      backend: NAME,
    } as const
    return { location: locate(gitoid), raw: new Uint8Array(), damage }
  }

  async function put(slot: Slot, entry: Entry, options: CallOptions): Promise<Receipt> {
    size(slot, entry)
    const found = await get(slot, options)
    const known = found.find((item) => item.entry !== undefined && holdsWith(item.entry, entry, PROOFS))
    if (known !== undefined) return receiptOf(slot, known.location, entry, 'unchanged')
    // What was given before stays as it was: a fuller envelope goes beside it.
    const there = found.flatMap((item) => item.entry ?? [])
    const body = uploadOf(withProofsOf(entry, there))
    const gitoid = gitoidOf(body)
    const where = { backend: NAME, operation: 'upload', location: slot.key }
    try {
      const answer = await api().call({ ...where, method: 'POST', path: '/upload', body, signal: options.signal })
      if (gitoidHex(objectOf(answer, where)['gitoid']) !== gitoid) {
        throw new ProvError('response_invalid', 'the server names another gitoid than that of the bytes sent', where)
      }
    } catch (thrown) {
      // Of two writers of the same bytes the second is refused by the index, as a failure of the server.
      const refused = thrown instanceof ProvError && (thrown.code === 'server_error' || thrown.code === 'conflict')
      if (!refused || !(await search(api(), slot, options.signal)).includes(gitoid)) throw thrown
      return receiptOf(slot, locate(gitoid), entry, 'unchanged')
    }
    return receiptOf(slot, locate(gitoid), entry, 'written')
  }

  const backend: Backend = {
    name: NAME,
    configured: () => refuseProxies(context, NAME),
    capabilities: {
      readable: true,
      sharedWrites: 'separate',
      entriesPerSlot: 'many',
      kinds: ['dsse'],
      needsRun: false,
      keepsEnvelope: true,
      maxEntryBytes: MAX_BYTES,
    },
    slots: (about) => slotsOf(about, baseOf(context)),
    size,
    put,
    get,
    async diagnose({ signal }) {
      const variables = { digests: ['0'.repeat(64)], first: 1, after: null }
      const body = Buffer.from(JSON.stringify({ query: QUERY, variables }))
      const call = { method: 'POST', path: '/query', body, signal, asks: true, operation: 'query' } as const
      return { checks: await jsonGreeting(api(), { ...call, location: baseOf(context) }, context) }
    },
    close: async () => opened?.close(),
  }
  return backend
}

function baseOf({ setting }: Pick<Context, 'setting'>): string {
  const url = setting('storage.archivista.url') || undefined
  if (url !== undefined) return endpointOf(url, 'storage.archivista.url', NAME)
  const hint = 'name the Archivista server, e.g. https://archivista.example'
  throw new ProvError('config_invalid', 'storage.archivista.url is not set', { backend: NAME, hint })
}

/** The gitoids of everything about the slot's subjects, in the order of the index. */
async function search(api: JsonApi, slot: Slot, signal: AbortSignal): Promise<readonly string[]> {
  const where = { backend: NAME, operation: 'query', location: slot.key }
  const gitoids = new Set<string>()
  let after: string | null = null
  for (let page = 0; page < MOST_PAGES; page++) {
    const variables = { digests: digestsOf(slot), first: PAGE, after }
    const body = Buffer.from(JSON.stringify({ query: QUERY, variables }))
    const answer = await api.call({ ...where, method: 'POST', path: '/query', body, signal, asks: true })
    const dsses = connectionOf(objectOf(answer, where))
    if (dsses === undefined) throw new ProvError('response_invalid', 'the answer is not what was asked for', where)
    for (const edge of arrayIn(dsses['edges'])) {
      const node: unknown = isRecord(edge) ? edge['node'] : undefined
      const gitoid = isRecord(node) ? gitoidHex(node['gitoidSha256']) : undefined
      if (gitoid === undefined) throw new ProvError('response_invalid', 'the answer has no gitoid', where)
      gitoids.add(gitoid)
    }
    const info = dsses['pageInfo']
    const next = isRecord(info) && info['hasNextPage'] === true ? info['endCursor'] : undefined
    if (typeof next !== 'string' || next === after) return [...gitoids]
    after = next
  }
  const message = `more than ${PAGE * MOST_PAGES} envelopes are about these subjects`
  throw new ProvError('response_too_large', message, where)
}

function connectionOf(json: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> | undefined {
  const { data, errors } = json
  const dsses = isRecord(data) && !errors ? data['dsses'] : undefined
  return isRecord(dsses) ? dsses : undefined
}
