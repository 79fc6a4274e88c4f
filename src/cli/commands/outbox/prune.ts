/** The work of `prov outbox prune`: an entry leaves the truth only after a fresh look found its bytes where they belong. */
import { type Confirmed, confirm } from '../../../delivery/confirm.ts'
import { ERRORS, ProvError } from '../../../errors.ts'
import { exitStatus, type Io, write } from '../../../platform/io.ts'
import { jsonLine } from '../../../platform/text/json-text.ts'
import { parseMoment } from '../../../provenance/build-time.ts'
import { page } from '../../../report/text/verify-text.ts'
import { setUp } from '../../../setup/backends.ts'
import { trustFor } from '../../../setup/keys.ts'
import { truthOf } from '../../../setup/truth.ts'
import type { Prunable, Truth } from '../../../truth/truth.ts'
import { VERSION } from '../../../version.ts'
import { layoutOf } from '../../terminal.ts'
import { worldOf } from '../../world.ts'
import type { PruneOptions } from './flags.ts'

const PAGE = 100

/** Exit 0 when everything old enough could go, 7 when something stays that a backend could not confirm. */
export async function runOutboxPrune(options: PruneOptions, io: Io): Promise<number> {
  const trust = await trustFor(options, worldOf(io, options))
  const setup = await setUp(options, worldOf(io, options), { absolute: true })
  let truth: Truth | undefined
  let [removed, kept] = [0, 0]
  try {
    const olderThanMs = ageOf(options.olderThan ?? setup.settings.get('truth.retention'), io.now())
    truth = await truthOf(setup.settings, { make: false })
    const { keepIn } = options
    const looks = { backends: setup.backends, trust, signal: io.signal, ...(keepIn === undefined ? {} : { keepIn }) }
    for (let after = 0; !io.signal.aborted; ) {
      const rows = await truth.prunable(olderThanMs, after, PAGE)
      for (const row of rows) {
        if (io.signal.aborted) break
        const judged = await confirm(row, looks)
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

async function tell(
  { seq, uri, format }: Prunable,
  removed: boolean,
  { confirmed, missing }: Confirmed,
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
