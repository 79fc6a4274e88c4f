/** The work of `prov outbox prune`: an entry leaves the truth only after a fresh look found its bytes where they belong. */
import { isThere } from '../../../copies/read-back.ts'
import { asProvError, ERRORS, type ErrorJson, errorJson, ProvError } from '../../../errors.ts'
import { exitStatus, type Io, write } from '../../../platform/io.ts'
import { jsonLine } from '../../../platform/text/json-text.ts'
import { parseMoment } from '../../../provenance/build-time.ts'
import { page } from '../../../report/text/verify-text.ts'
import { type Setup, setUp } from '../../../setup/backends.ts'
import { trustFor } from '../../../setup/keys.ts'
import { truthOf } from '../../../setup/truth.ts'
import type { Trust } from '../../../trust/trusted-keys.ts'
import { checkEntry } from '../../../trust/verify-entry.ts'
import type { Prunable, Truth } from '../../../truth/truth.ts'
import { VERSION } from '../../../version.ts'
import { layoutOf } from '../../terminal.ts'
import { worldOf } from '../../world.ts'
import type { PruneOptions } from './flags.ts'

const PAGE = 100

interface Judged {
  readonly confirmed: readonly string[]
  readonly missing: readonly ErrorJson[]
}

/** Exit 0 when everything old enough could go, 7 when something stays that a backend could not confirm. */
export async function runOutboxPrune(options: PruneOptions, io: Io): Promise<number> {
  const trust = await trustFor(options.key, io)
  const setup = await setUp(options, worldOf(io, options), { absolute: true })
  let truth: Truth | undefined
  let [removed, kept] = [0, 0]
  try {
    const olderThanMs = ageOf(options.olderThan ?? setup.settings.get('truth.retention'), io.now())
    truth = await truthOf(setup.settings, { make: false })
    for (let after = 0; !io.signal.aborted; ) {
      const rows = await truth.prunable(olderThanMs, after, PAGE)
      for (const row of rows) {
        if (io.signal.aborted) break
        const judged = await judge(row, { trust, setup, options, io })
        const goes = judged.missing.length === 0 && (options.dryRun === true || (await truth.prune(row.seq)))
        if (goes) removed++
        else kept++
        await tell(row, goes, judged, options, io)
      }
      after = rows.at(-1)?.seq ?? after
      if (rows.length === 0) break
    }
  } finally {
    await truth?.close()
    await setup.close()
  }
  const exit = exitStatus(kept > 0 || io.signal.aborted ? ERRORS.incomplete.exit : 0, io)
  const dryRun = options.dryRun === true
  if (options.json === true) {
    await write(io.stdout, jsonLine({ command: 'outbox prune', version: VERSION, dryRun, removed, kept, exit }))
  } else if (options.quiet !== true || exit !== 0) {
    const stays = kept === 0 ? '' : `; ${kept} stay, since their copies could not be confirmed`
    const what = dryRun ? 'would be removed' : 'removed'
    await write(io.stdout, page([`${removed} ${removed === 1 ? 'entry' : 'entries'} ${what}${stays}`], layoutOf(io)))
  }
  return exit
}

function ageOf(text: string | undefined, now: number): number {
  if (text === undefined) {
    throw new ProvError('usage', 'prune needs an age', { hint: 'use --older-than 90d, or set truth.retention' })
  }
  const ms = now - parseMoment(text, now)
  if (ms >= 0) return ms
  throw new ProvError('usage', 'the date lies in the future', { hint: 'give an age, such as 90d' })
}

interface Looks {
  readonly trust: Trust
  readonly setup: Setup
  readonly options: PruneOptions
  readonly io: Io
}

async function judge({ entry, copies }: Prunable, { trust, setup, options, io }: Looks): Promise<Judged> {
  if (checkEntry(entry, trust).verified.length === 0) {
    return {
      confirmed: [],
      missing: [{ code: 'key_untrusted', message: 'the entry does not verify under the keys given' }],
    }
  }
  const confirmed: string[] = []
  const missing: ErrorJson[] = []
  for (const { target, slot } of copies) {
    const backend = setup.backends.find(({ name }) => name === target)
    // What nobody can read confirms nothing.
    if (backend?.capabilities.readable === false) continue
    try {
      if (backend === undefined) throw new ProvError('not_looked', `--storage does not name ${target}`)
      const found = await backend.get(slot, { signal: io.signal })
      if (!isThere(found, entry))
        throw new ProvError('absent', 'a fresh look does not find the bytes', { location: slot.key })
      confirmed.push(`${target} ${slot.key}`)
    } catch (thrown) {
      missing.push({ ...errorJson(asProvError(thrown)), backend: target })
    }
  }
  const places = new Set(confirmed.map((one) => one.split(' ', 1)[0])).size
  const enough = options.keepIn === undefined ? missing.length === 0 && places > 0 : places >= options.keepIn
  if (enough) return { confirmed, missing: [] }
  const none = { code: 'absent' as const, message: 'no backend that can be read holds the bytes' }
  const few = {
    code: 'absent' as const,
    message: `${places} of the ${options.keepIn} backends that --keep-in asks for hold the bytes`,
  }
  return { confirmed, missing: missing.length > 0 ? missing : [options.keepIn === undefined ? none : few] }
}

async function tell(
  { seq, uri, format }: Prunable,
  removed: boolean,
  { confirmed, missing }: Judged,
  options: PruneOptions,
  io: Io,
): Promise<void> {
  const outcome = removed ? (options.dryRun === true ? 'would be removed' : 'removed') : 'kept'
  if (options.json === true) {
    return write(io.stdout, jsonLine({ seq, artifact: uri, format, outcome, confirmed, findings: missing }))
  }
  if (options.quiet === true && removed) return
  const why = missing.map(
    ({ backend, code, message }) => `  ${backend === undefined ? '' : `${backend}: `}${code}: ${message}`,
  )
  await write(io.stdout, page([`${outcome} ${uri} ${format}`, ...why], layoutOf(io)))
}
