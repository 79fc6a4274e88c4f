/** Takes earlier keys into a journal: each once, by its kid, however often it is tried. Nothing that is there is changed. */
import { createPublicKey } from 'node:crypto'
import { ProvError } from '../errors.ts'
import { algorithmOf, publicJwk } from '../keys/jwk.ts'
import { type KeyStatus, NEXT } from '../keys/status.ts'
import type { SignerOptions } from '../signing/open-signer.ts'
import { type Changing, changed, journalNow } from './changed.ts'
import type { Importable, ImportSource } from './import-source.ts'
import { type JournalKey, type JournalState, keyName, type RowChange } from './journal.ts'
import type { KeyStore } from './keystore.ts'
import { numberAfter } from './rotate.ts'
import { openKey } from './signer.ts'

export interface ImportJob extends Changing {
  readonly store: KeyStore
  readonly source: ImportSource
  /** Name in the source's folder, or kid, of the key that signs from now on. */
  readonly active?: string
  readonly password: SignerOptions['password']
  readonly validityMs: number
}

export interface Imported {
  readonly keys: readonly {
    readonly n: number
    readonly kid: string
    readonly status: KeyStatus
    /** False for one that the journal knew before. */
    readonly isNew: boolean
  }[]
}

type Known = Importable & { readonly key: NonNullable<JournalKey['key']> }

/**
 * Takes in every key of the source: those with a status keep it, but for those that would sign, which are `old` unless they are of this very journal,
 * their private key is in the store (or their row is damaged), and no other key signs; those without a status are `old` with a private key, and `retired` without. Throws `usage` where the key
 * that is to be active is none of them, or another one is.
 *
 * @example (await importKeys({ ...job, source })).keys.filter(({ isNew }) => isNew).length
 */
export async function importKeys(job: ImportJob): Promise<Imported> {
  const { store, journal, source } = job
  const keys = await Promise.all(source.keys.map(withKid))
  const active = job.active === undefined ? undefined : keys.find((one) => isCalled(one, job.active ?? ''))
  if (job.active !== undefined && active?.privatePem === undefined) {
    throw new ProvError('usage', `the source holds no private key called ${JSON.stringify(job.active.slice(0, 80))}`, {
      hint: 'give the name of its file without .key, or its kid',
    })
  }
  const files = new Set((await store.list()).filter(({ hasPrivate }) => hasPrivate).map(({ name }) => name))
  const rows = await changed(job, (state) => {
    const planned = plan(state, keys, { ...job, files })
    const result = planned.map(({ n, one, status, isNew }) => ({ n, one, status, isNew }))
    const insert = planned.flatMap(({ row, isNew }) => (isNew && row !== undefined ? [row] : []))
    const update = planned.flatMap(({ row, isNew }) => (isNew || row === undefined ? [] : [row]))
    if (insert.length + update.length === 0) return { result }
    return { change: { insert, update, what: { did: 'import', keys: insert.length + update.length } }, result }
  })
  for (const { n, one, status } of rows) {
    const name = keyName(journal.id, n)
    const pem = createPublicKey({ key: Buffer.from(one.spki), format: 'der', type: 'spki' })
    if (one.privatePem !== undefined && status !== 'retired' && status !== 'revoked')
      await store.make(name, one.privatePem)
    await store.makePublic(name, String(pem.export({ type: 'spki', format: 'pem' })))
  }
  const chosen = active === undefined ? undefined : rows.find(({ one }) => one.key.kid === active.key.kid)
  if (chosen !== undefined) await activate(chosen.n, active?.key.kid ?? '', job)
  return {
    keys: rows.map(({ n, one, status, isNew }) => ({
      n,
      kid: one.key.kid,
      status: n === chosen?.n ? 'active' : status,
      isNew,
    })),
  }
}

async function withKid(one: Importable): Promise<Known> {
  const jwk = await publicJwk(one.spki)
  return { ...one, key: { kid: jwk.kid, spki: one.spki, alg: algorithmOf(jwk) } }
}

const isCalled = ({ name, key }: Known, called: string): boolean => name === called || key.kid === called

interface Planned {
  readonly n: number
  readonly one: Known
  readonly status: KeyStatus
  readonly isNew: boolean
  /** What is written; absent for a key that is there already. */
  readonly row?: RowChange & { readonly status: KeyStatus; readonly created?: number }
}

function plan(
  state: JournalState,
  keys: readonly Known[],
  { source, validityMs, files }: Pick<ImportJob, 'source' | 'validityMs'> & { readonly files: ReadonlySet<string> },
): readonly Planned[] {
  const isOwn = source.journal?.id === state.id
  const used = new Set([...state.keys, ...state.damaged].map(({ n }) => n))
  let last = numberAfter(state, new Set()) - 1
  let isTaken = {
    active: state.keys.some(({ status }) => status === 'active'),
    next: state.keys.some(({ status }) => NEXT.includes(status)),
  }
  return keys.map((one): Planned => {
    const known = state.keys.find(({ key }) => key?.kid === one.key.kid)
    if (known !== undefined) return { n: known.n, one, status: known.status, isNew: false }
    const bad = isOwn ? state.damaged.find(({ n }) => n === one.n) : undefined
    const repairs = bad !== undefined
    // Whatever the file says: what was revoked since stays so.
    const isRevoked = bad?.status === 'revoked'
    const keeps = isOwn && one.n !== undefined && !used.has(one.n)
    const n = one.n !== undefined && (repairs || keeps) ? one.n : ++last
    used.add(n)
    last = Math.max(last, n)
    const isHere = repairs || (isOwn && files.has(keyName(state.id, n)))
    const status = isRevoked ? 'revoked' : statusOf(one, isHere, isTaken)
    if (status === 'active') isTaken = { ...isTaken, active: true }
    if (status === 'prepared' || status === 'published') isTaken = { ...isTaken, next: true }
    const row = {
      n,
      status,
      key: one.key,
      ...(one.created === undefined ? {} : { created: one.created }),
      ...(one.published === undefined ? {} : { published: one.published }),
      ...(one.activates === undefined ? {} : { activates: one.activates }),
      ...(one.ended === undefined ? {} : { ended: one.ended }),
      retires: one.retires ?? { after: status === 'old' ? validityMs : 0 },
      ...(one.revoked === undefined || isRevoked ? {} : { revoked: one.revoked }),
    }
    return { n, one, status, isNew: !repairs, row }
  })
}

function statusOf(
  { status, privatePem }: Known,
  isHere: boolean,
  taken: { readonly active: boolean; readonly next: boolean },
): KeyStatus {
  if (status === undefined) return privatePem === undefined ? 'retired' : 'old'
  if (status === 'old' || status === 'retired' || status === 'revoked') return status
  if (status === 'active') return isHere && !taken.active ? 'active' : 'old'
  return isHere && !taken.next ? status : 'retired'
}

/** It signed before it was taken in: it is public already. */
async function activate(n: number, kid: string, job: ImportJob): Promise<void> {
  const { validityMs } = job
  const { keys: now } = await journalNow(job.journals, job.journal)
  const row = now.find((one) => one.n === n)
  if (row === undefined || row.status === 'active') return
  await openKey(row, job)
  await changed(job, ({ keys }) => {
    const other = keys.find(({ status }) => status === 'active')
    if (other !== undefined && other.n !== n) {
      throw new ProvError('usage', `key ${other.key?.kid} of the journal is active already`, {
        hint: 'leave --active out; prov keys rotate replaces the active key',
      })
    }
    const times = { activates: { after: 0 }, retires: { after: validityMs } }
    const update = [{ n, status: 'active' as const, ...times }]
    return { change: { update, what: { did: 'activate', n, kid, imported: true } }, result: undefined }
  })
}
