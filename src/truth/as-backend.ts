/** The truth as one more place where copies lie: read like any backend, never written through this. */
import type { About, Backend, CallOptions, Found, Listed, ListFilter, Slot } from '../backend/backend.ts'
import { asProvError, errorJson, ProvError } from '../errors.ts'
import type { Entry, Kind } from '../model/entry.ts'
import { isRecord, recordIn } from '../platform/text/guards.ts'
import { bytesOfEntry, entryOfBytes, truthUri } from './kept.ts'
import { type StandingArtifact, type StoredBytes, TRUTH, type Truth } from './truth.ts'

const PAGE = 100
/** The one format in which images are signed without an envelope. */
const RAW_FORMAT = 'simplesigning'

/**
 * Opens the truth on the first call. `put` throws `not_supported`: what the truth holds is committed by `prov store --truth`.
 *
 * @example const backend = truthBackend(() => openTruth(place, { make: false }))
 */
export function truthBackend(open: () => Promise<Truth>): Backend {
  let opened: Promise<Truth> | undefined
  const truth = (): Promise<Truth> => {
    opened ??= open()
    return opened
  }
  return {
    name: TRUTH,
    capabilities: {
      readable: true,
      listNames: 'name',
      sharedWrites: 'lock',
      entriesPerSlot: 'many',
      kinds: ['dsse', 'raw'],
      needsRun: false,
      keepsEnvelope: true,
      record: true,
      maxEntryBytes: undefined,
    },
    slots: (about) => (isKept(about) ? [slotOf(truthUri(about.artifact), about.kind)] : []),
    size: (_slot, entry) => bytesOfEntry(entry).length,
    put: async () => {
      throw new ProvError('not_supported', 'the truth is written by prov store --truth alone', { backend: TRUTH })
    },
    get: async (slot) => foundIn(await (await truth()).stored(slot.address['uri'] ?? ''), slot.kind),
    list: (filter, options) => listed(truth, filter, options),
    close: async () => {
      await (await opened?.catch(() => undefined))?.close()
    },
  }
}

/** What is said about an image is filed under the run or the Statement that says it. */
function isKept({ artifact, kind, role }: About): boolean {
  return artifact.type !== 'image' || kind === 'raw' || role === 'signature'
}

function slotOf(uri: string, kind: Kind): Slot {
  return { backend: TRUTH, key: `${uri}#${kind}`, kind, holds: 'one', address: { uri } }
}

function foundIn(rows: readonly StoredBytes[], kind: Kind): readonly Found[] {
  return rows.flatMap((row): Found[] => {
    if (kindOf(row.format) !== kind) return []
    const location = `${row.uri}#${row.format}`
    try {
      return [{ location, raw: row.bytes, entry: entryOfBytes(row.bytes) }]
    } catch (thrown) {
      return [{ location, raw: row.bytes, damage: errorJson(asProvError(thrown)) }]
    }
  })
}

function kindOf(format: string): Kind {
  return format === RAW_FORMAT ? 'raw' : 'dsse'
}

async function* listed(open: () => Promise<Truth>, filter: ListFilter, { signal }: CallOptions): AsyncIterable<Listed> {
  const truth = await open()
  for (let last: string | undefined; ; ) {
    const page = await truth.artifacts(last, PAGE)
    for (const one of page) {
      if (signal.aborted) throw new ProvError('aborted', 'stopped before it was done')
      if (filter.namespace !== undefined && one.run?.namespace !== filter.namespace) continue
      const rows = filter.subject === undefined ? undefined : await truth.stored(one.uri)
      for (const kind of new Set(one.formats.map(kindOf))) {
        if (filter.kind !== undefined && filter.kind !== kind) continue
        const slot = { ...slotOf(one.uri, kind), ...namesOf(one) }
        if (rows === undefined) yield slot
        else {
          const found = foundIn(rows, kind)
          if (found.some(({ entry }) => entry !== undefined && isAbout(entry, filter.subject))) yield { ...slot, found }
        }
      }
    }
    last = page.at(-1)?.uri
    if (page.length < PAGE) return
  }
}

function namesOf({ uri, run }: StandingArtifact): Pick<Listed, 'names'> {
  const subject = /@sha256:([0-9a-f]{64})$/.exec(uri)?.[1]
  const isRun = run?.kind === 'TaskRun' || run?.kind === 'PipelineRun'
  if (subject === undefined && !isRun) return {}
  const { kind, uid, namespace, name } = run ?? {}
  return {
    names: {
      ...(subject === undefined ? {} : { subject }),
      ...(isRun && kind !== undefined
        ? { run: { kind: kind as 'TaskRun' | 'PipelineRun', ...known({ uid, namespace, name }) } }
        : {}),
    },
  }
}

function known(names: Readonly<Record<'uid' | 'namespace' | 'name', string | undefined>>) {
  return Object.fromEntries(Object.entries(names).filter(([, value]) => value !== undefined && value !== ''))
}

/** Unverified bytes: they only narrow what is looked into. */
function isAbout({ kind, payload }: Entry, subject: string | undefined): boolean {
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(payload).toString('utf8'))
  } catch {
    return false
  }
  if (kind === 'raw') {
    const image = recordIn(recordIn(recordIn(json)['critical'])['image'])
    return image['docker-manifest-digest'] === `sha256:${subject}`
  }
  const subjects = isRecord(json) && Array.isArray(json['subject']) ? json['subject'] : []
  return subjects.some((one) => recordIn(recordIn(one)['digest'])['sha256'] === subject)
}
