/** What `prov keys publish`, `merge` and `status` print: rows as data, and as lines. Pure. */
import { ERRORS, type ErrorCode, type ErrorJson, errorJson, gravest, type ProvError } from '../../errors.ts'
import type { Merged, MergedRegion } from '../../keysets/merge.ts'
import type { Published } from '../../keysets/publish.ts'
import type { FileStatus, KeysStatus, RegionStatus, UrlStatus } from '../../keysets/status.ts'

export interface ShownPublished {
  readonly region: string
  readonly outcome: Published['outcome']
  readonly seq: number
  readonly issuedAt: string
  readonly expiresAt: string
  readonly keys: number
  readonly revoked: number
  /** Keys of another issuer, whose own kids gave way to their thumbprints; absent: none. */
  readonly renamed?: readonly { readonly from: string; readonly kid: string }[]
  readonly lost: number
}

/** @example shownPublished(published, []).seq */
export function shownPublished(
  { outcome, statement, lost }: Published,
  renamed: NonNullable<ShownPublished['renamed']>,
): ShownPublished {
  const { region, seq, issuedAt, expiresAt, keys, revoked } = statement
  const counts = { keys: keys.length, revoked: Object.keys(revoked).length }
  return { region, outcome, seq, issuedAt, expiresAt, ...counts, ...(renamed.length === 0 ? {} : { renamed }), lost }
}

/** @example publishedLines(shown, 'gs://b/jwks/') */
export function publishedLines(shown: ShownPublished, root: string): readonly string[] {
  const { region, outcome, seq, keys, revoked, expiresAt, renamed = [] } = shown
  const also = revoked === 0 ? '' : `, ${revoked} revoked`
  return [
    `${region}: file ${seq} ${outcome === 'written' ? 'written to' : 'stands already in'} ${root}`,
    `  ${plural(keys, 'key')}${also}; fresh until ${expiresAt}`,
    ...renamed.map(({ from, kid }) => `  key ${from} is called by its thumbprint: ${kid}`),
  ]
}

export interface ShownRegion {
  readonly region: string
  /** Where the file that is used came from; absent: none can be used. */
  readonly from?: 'file' | 'last good'
  readonly seq?: number
  readonly issuedAt?: string
  readonly expiresAt?: string
  readonly keys?: number
  readonly error?: ErrorJson
}

export interface ShownMerge {
  readonly outcome: Merged['outcome']
  readonly keys?: number
  readonly archived?: number
  readonly revoked?: number
  readonly regions: readonly ShownRegion[]
  readonly refused?: ErrorJson
  readonly dropped?: ErrorJson
  readonly strays: readonly string[]
  readonly lost: number
  readonly exit: number
}

/** @example shownMerge(await merge(job)).exit // 3 when anything was refused, although the rest was written */
export function shownMerge({ outcome, regions, counts, refused, dropped, strays, lost }: Merged): ShownMerge {
  return {
    outcome,
    ...(counts ?? {}),
    regions: regions.map(shownRegion),
    ...(refused === undefined ? {} : { refused: errorJson(refused) }),
    ...(dropped === undefined ? {} : { dropped: errorJson(dropped) }),
    strays,
    lost,
    exit: exitOf([...regions.map(({ error }) => error), refused, dropped].filter((one) => one !== undefined)),
  }
}

function shownRegion({ region, from, file, error }: MergedRegion): ShownRegion {
  const { seq, issuedAt, expiresAt, keys } = file ?? {}
  return {
    region,
    ...(from === undefined ? {} : { from }),
    ...(seq === undefined ? {} : { seq }),
    ...(issuedAt === undefined ? {} : { issuedAt }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(keys === undefined ? {} : { keys: keys.length }),
    ...(error === undefined ? {} : { error: errorJson(error) }),
  }
}

function exitOf(errors: readonly Pick<ProvError, 'code'>[]): number {
  return gravest(errors.map(({ code }) => ERRORS[code].exit))
}

/** @example mergeLines(shown, 'gs://b/jwks/')[0] // '12 keys of 3 regions written to gs://b/jwks/' */
export function mergeLines(shown: ShownMerge, root: string): readonly string[] {
  const { outcome, keys = 0, archived = 0, revoked = 0, regions, refused, dropped, strays } = shown
  const ended = { written: 'written to', unchanged: 'stand already in', refused: 'left as they are in' }[outcome]
  const what =
    outcome === 'refused' ? 'the public keys are' : `${plural(keys, 'key')} of ${plural(regions.length, 'region')}`
  return [
    `${what} ${ended} ${root}`,
    ...(archived === 0 ? [] : [`${plural(archived, 'retired key')} in the archive`]),
    ...(revoked === 0 ? [] : [`${plural(revoked, 'revoked key')}`]),
    ...(refused === undefined ? [] : [errorLine(refused)]),
    ...(dropped === undefined ? [] : [errorLine(dropped)]),
    ...regions.flatMap(({ region, error, seq, keys: own, from }) =>
      error === undefined
        ? []
        : [
            `${region}: ${errorLine(error)}`,
            from === 'last good' ? `  its ${plural(own ?? 0, 'key')} of file ${seq} stay` : [],
          ].flat(),
    ),
    ...strays.map((name) => `${name} belongs to no region of the file of regions`),
  ]
}

export interface ShownStatus {
  readonly verified: boolean
  readonly regions: readonly ({
    readonly region: string
    readonly file?: FileStatus
    readonly merged?: FileStatus
  } & Faults)[]
  readonly urls: readonly (Omit<UrlStatus, 'errors'> & Faults)[]
  readonly errors: readonly ErrorJson[]
  readonly exit: number
}

interface Faults {
  /** Absent: none. */
  readonly errors?: readonly ErrorJson[]
}

/** @example shownStatus(await keysStatus(job)).exit // 5 when one region is stale, whatever the others do */
export function shownStatus({ verified, regions, urls, errors }: KeysStatus): ShownStatus {
  const all = [...errors, ...regions.flatMap((one) => one.errors), ...urls.flatMap((one) => one.errors)]
  return {
    verified,
    regions: regions.map((one) => withFaults<RegionStatus>(one)),
    urls: urls.map((one) => withFaults<UrlStatus>(one)),
    errors: errors.map(errorJson),
    exit: exitOf(all),
  }
}

function withFaults<T extends { readonly errors: readonly ProvError[] }>({
  errors,
  ...rest
}: T): Omit<T, 'errors'> & Faults {
  return errors.length === 0 ? rest : { ...rest, errors: errors.map(errorJson) }
}

/** Every code that came up. @example codesIn(shown) // ['keys_stale'] */
export function codesIn({ regions, urls, errors }: ShownStatus): readonly ErrorCode[] {
  return [...errors, ...[...regions, ...urls].flatMap((one) => one.errors ?? [])].map(({ code }) => code)
}

/** @example statusLines(shown) // ['eu: file 7, 3 keys, 12 s old; public: file 7', …] */
export function statusLines({ verified, regions, urls, errors }: ShownStatus): readonly string[] {
  return [
    ...errors.map(errorLine),
    ...regions.flatMap(({ region, file, merged, errors: own = [] }) => [
      `${region}: ${file === undefined ? 'no file that can be used' : fileText(file)}; public: ${merged === undefined ? 'nothing' : `file ${merged.seq}`}`,
      ...own.map((error) => `  ${errorLine(error)}`),
    ]),
    ...urls.flatMap(({ url, keys, seqs, errors: own = [] }) => [
      `${url}: ${keys === undefined ? 'cannot be used' : plural(keys, 'key')}${numbersText(seqs)}`,
      ...own.map((error) => `  ${errorLine(error)}`),
    ]),
    ...(verified ? [] : ['no signature was verified: name the publishers with --regions']),
  ]
}

function fileText({ seq, keys, revoked, ageMs }: FileStatus): string {
  return `file ${seq}, ${plural(keys, 'key')}${revoked === 0 ? '' : `, ${revoked} revoked`}, ${Math.round(ageMs / 1000)} s old`
}

function numbersText(seqs: UrlStatus['seqs']): string {
  const all = Object.entries(seqs).map(([region, seq]) => `${region} ${seq}`)
  return all.length === 0 ? '' : `; files: ${all.join(', ')}`
}

function errorLine({ code, message, hint }: ErrorJson): string {
  return `${code}: ${message}${hint === undefined ? '' : ` (${hint})`}`
}

function plural(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
