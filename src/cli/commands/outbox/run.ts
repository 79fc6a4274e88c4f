/** The work of `prov outbox`, but for `prune`. */
import { checkEntryOf } from '../../../delivery/check.ts'
import { ERRORS, type ErrorJson, ProvError } from '../../../errors.ts'
import { type Io, write } from '../../../platform/io.ts'
import { jsonLine, jsonText } from '../../../platform/text/json-text.ts'
import { nearest } from '../../../platform/text/suggest.ts'
import { parseMoment } from '../../../provenance/build-time.ts'
import { backlogText, deliveryText, QUARANTINED, seenAt, shownDelivery } from '../../../report/text/outbox-text.ts'
import { page } from '../../../report/text/verify-text.ts'
import { trustFor } from '../../../setup/keys.ts'
import { settingsFor } from '../../../setup/settings.ts'
import { truthOf } from '../../../setup/truth.ts'
import { whoAmI } from '../../../setup/who.ts'
import { STATES, type State, statesBefore } from '../../../truth/states.ts'
import type { OutboxFilter, Truth } from '../../../truth/truth.ts'
import { VERSION } from '../../../version.ts'
import { layoutOf } from '../../terminal.ts'
import { worldOf } from '../../world.ts'
import type { DropOptions, ForgetOptions, LsOptions, OutboxOptions, RetryOptions } from './flags.ts'

/** Without --yes no more are dropped at one time. */
const MOST_DROPPED = 100
const PAGE = 1000

/** Opens the truth of the options for `work`, and closes it. */
export async function withTruthOpen<T>(options: OutboxOptions, io: Io, work: (truth: Truth) => Promise<T>): Promise<T> {
  const settings = await settingsFor(options, worldOf(io, options))
  const truth = await truthOf(settings, { make: false })
  try {
    return await work(truth)
  } finally {
    await truth.close()
  }
}

/** Streams one delivery a line; with --count the sums alone. */
export async function runOutboxLs(options: LsOptions, io: Io): Promise<void> {
  const { state, target, run, since, limit = PAGE, count } = options
  const filter: OutboxFilter = {
    ...(state === undefined ? {} : stateFilter(state)),
    ...(target === undefined ? {} : { target }),
    ...(run === undefined ? {} : { run }),
    ...(since === undefined ? {} : { since: parseMoment(since, io.now()) }),
  }
  if (count === true && Object.keys(filter).length > 0) {
    throw new ProvError('usage', '--count counts everything: it takes no --state, --target, --run or --since')
  }
  await withTruthOpen(options, io, async (truth) => {
    if (count === true) {
      const [counts, backlog] = [await truth.count(), await truth.backlog()]
      const json = { command: 'outbox ls', version: VERSION, counts, backlog }
      return write(io.stdout, options.json === true ? jsonText(json) : backlogText(counts, backlog, layoutOf(io)))
    }
    let shown = 0
    const seen = seenAt(await truth.machines(), io.now())
    for (let after = 0; shown < limit; ) {
      const rows = await truth.list({ ...filter, after, limit: Math.min(PAGE, limit - shown) })
      for (const row of rows) {
        const line = shownDelivery(row, seen)
        await write(io.stdout, options.json === true ? jsonLine(line) : deliveryText(line, layoutOf(io)))
      }
      shown += rows.length
      after = rows.at(-1)?.id ?? 0
      if (rows.length === 0) break
    }
    if (shown === 0 && options.json !== true && options.quiet !== true) {
      await write(io.stdout, page(['no such delivery'], layoutOf(io)))
    }
  })
}

function stateFilter(state: string): Pick<OutboxFilter, 'states' | 'quarantined'> {
  if (state === QUARANTINED) return { quarantined: true }
  if (Object.hasOwn(STATES, state)) return { states: [state as State] }
  const near = nearest(state, [...Object.keys(STATES), QUARANTINED])
  throw new ProvError('usage', `${JSON.stringify(state.slice(0, 40))} is not a state of a delivery`, {
    hint:
      near === undefined ? `the states are ${Object.keys(STATES).join(', ')}, ${QUARANTINED}` : `did you mean ${near}?`,
  })
}

/** Exit 3 when an entry that was quarantined still does not verify. */
export async function runOutboxRetry(named: readonly string[], options: RetryOptions, io: Io): Promise<number> {
  const ways = [named.length > 0, options.all === true, options.quarantined === true].filter(Boolean).length
  if (ways !== 1) {
    throw new ProvError('usage', 'name deliveries by their numbers, or use --all --target BACKEND, or --quarantined', {
      hint: 'prov outbox ls shows the numbers',
    })
  }
  if ((options.all === true) !== (options.target !== undefined)) {
    throw new ProvError('usage', '--all and --target go together')
  }
  return withTruthOpen(options, io, async (truth) => {
    if (options.quarantined === true) return release(truth, options, io)
    const ids =
      options.target === undefined
        ? numbersOf(named)
        : await idsOf(truth, { target: options.target, states: ['held', 'gone', 'pending'] })
    const unknown = options.target === undefined ? await unknownOf(truth, ids) : []
    if (unknown.length > 0) throw noSuchRows(unknown)
    const retried = await truth.retry(ids)
    const stayed = options.target === undefined ? ids.filter((id) => !retried.includes(id)) : []
    await told('retry', { ids: retried, ...(stayed.length === 0 ? {} : { stayed }) }, options, io)
    return 0
  })
}

async function release(truth: Truth, options: RetryOptions, io: Io): Promise<number> {
  const trust = await trustFor(options, worldOf(io, options))
  const ids: number[] = []
  const failures: ErrorJson[] = []
  const seen = new Set<number>()
  for (let after = 0; ; ) {
    const rows = await truth.list({ quarantined: true, after, limit: 100 })
    for (const row of await truth.inspect(rows.map(({ id }) => id))) {
      if (seen.has(row.seq)) continue
      seen.add(row.seq)
      const checked = checkEntryOf(row, trust)
      if (checked.verdict === 'good' && (await truth.release(row.seq))) ids.push(row.id)
      else if (checked.verdict !== 'good') failures.push({ ...checked.error, location: row.uri })
    }
    after = rows.at(-1)?.id ?? after
    if (rows.length === 0) break
  }
  const exit = failures.length === 0 ? 0 : ERRORS.signature_invalid.exit
  await told('retry', { ids, ...(failures.length === 0 ? {} : { failures }) }, options, io)
  return exit
}

async function idsOf(truth: Truth, filter: OutboxFilter): Promise<readonly number[]> {
  const ids: number[] = []
  for (let after = 0; ; ) {
    const rows = await truth.list({ ...filter, after, limit: PAGE })
    if (rows.length === 0) return ids
    for (const { id } of rows) ids.push(id)
    after = rows.at(-1)?.id ?? after
  }
}

async function unknownOf(truth: Truth, ids: readonly number[]): Promise<readonly number[]> {
  const known = new Set((await truth.list({ ids, limit: ids.length })).map(({ id }) => id))
  return ids.filter((id) => !known.has(id))
}

function noSuchRows(ids: readonly number[]): ProvError {
  return new ProvError('usage', `no delivery has the number ${ids.slice(0, 10).join(', ')}`, {
    hint: 'prov outbox ls shows the numbers',
  })
}

function numbersOf(named: readonly string[]): readonly number[] {
  const odd = named.find((one) => !/^[1-9][0-9]{0,14}$/.test(one))
  if (odd !== undefined)
    throw new ProvError('usage', `${JSON.stringify(odd.slice(0, 40))} is not the number of a delivery`)
  return [...new Set(named.map(Number))]
}

/** Nothing is dropped unless all can be. */
export async function runOutboxDrop(named: readonly string[], options: DropOptions, io: Io): Promise<void> {
  const ids = numbersOf(named)
  if (options.reason.trim() === '')
    throw new ProvError('usage', '--reason is empty: say why these copies are not wanted')
  if (ids.length > MOST_DROPPED && options.yes !== true) {
    throw new ProvError('usage', `these are ${ids.length} deliveries`, {
      hint: '--yes drops more than 100 at one time',
    })
  }
  await withTruthOpen(options, io, async (truth) => {
    const rows = await truth.list({ ids, limit: ids.length })
    const unknown = ids.filter((id) => !rows.some((row) => row.id === id))
    if (unknown.length > 0) throw noSuchRows(unknown)
    const fixed = rows.filter(({ state }) => !statesBefore('dropped', 'operator').includes(state))
    if (fixed.length > 0) {
      const what = fixed.slice(0, 10).map(({ id, state }) => `${id} is ${state}`)
      throw new ProvError('usage', `only what is waiting, pending, held or gone can be dropped: ${what.join(', ')}`)
    }
    await told('drop', { ids: await truth.drop(ids, whoAmI(), options.reason) }, options, io)
  })
}

/** Says what the signed payload holds all the same: that cannot be taken back. */
export async function runOutboxForget(options: ForgetOptions, io: Io): Promise<void> {
  await withTruthOpen(options, io, async (truth) => {
    const done = await truth.forget(options.run)
    if (done === undefined)
      throw new ProvError('run_not_found', `the truth knows no run ${JSON.stringify(options.run.slice(0, 80))}`)
    if (!done) {
      throw new ProvError('usage', 'copies of this run are still owed, and need what is kept of it', {
        hint: `prov outbox ls --run ${options.run} shows them: let them be delivered, or drop them`,
      })
    }
    const remains =
      'the signed payload in the truth and in every backend still holds the parameters, results and steps of the run'
    await told('forget', { run: options.run, remains }, options, io)
  })
}

async function told(
  what: string,
  facts: Readonly<Record<string, unknown>>,
  options: OutboxOptions,
  io: Io,
): Promise<void> {
  if (options.json === true)
    return write(io.stdout, jsonText({ command: `outbox ${what}`, version: VERSION, ...facts }))
  if (options.quiet === true) return
  const lines: string[] = []
  const { ids, stayed, failures, run, remains } = facts as {
    readonly ids?: readonly number[]
    readonly stayed?: readonly number[]
    readonly failures?: readonly ErrorJson[]
    readonly run?: string
    readonly remains?: string
  }
  if (ids !== undefined)
    lines.push(`${what === 'drop' ? 'dropped' : 'to be tried again'}: ${ids.length === 0 ? 'none' : ids.join(', ')}`)
  if (stayed !== undefined)
    lines.push(`stay as they are (done, or the run has to be stored again): ${stayed.join(', ')}`)
  for (const one of failures ?? []) lines.push(`${one.code}: ${one.location}: ${one.message}`)
  if (run !== undefined) lines.push(`removed what was kept of the run ${run}`)
  if (remains !== undefined) lines.push(remains)
  await write(io.stdout, page(lines, layoutOf(io)))
}
