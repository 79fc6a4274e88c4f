/** The work of `prov keys prune` and `prov keys revoke`. */
import { ERRORS, ProvError } from '../../../errors.ts'
import { BRING_BACK } from '../../../keysets/journal.ts'
import { prune } from '../../../keysets/prune.ts'
import { revoke } from '../../../keysets/revoke.ts'
import type { Io } from '../../../platform/io.ts'
import { timeText } from '../../../platform/text/time-text.ts'
import { parseMoment } from '../../../provenance/build-time.ts'
import { explain } from '../../../report/text/next-step.ts'
import { publicationOf } from '../../../setup/publication.ts'
import { worldOf } from '../../world.ts'
import type { PruneOptions, RevokeOptions } from './journal-flags.ts'
import { changing, tell, withJournals } from './open.ts'

/** Exit 3 where a row cannot be read. */
export async function runKeysPrune(options: PruneOptions, io: Io): Promise<number> {
  const eventsOlderThanMs = io.now() - parseMoment(options.eventsOlderThan, io.now())
  const dryRun = options.dryRun === true
  return withJournals(options, io, async (open) => {
    const { store, find } = open
    const journal = await find()
    const pruned = await prune({ ...changing(open, journal, io), store, eventsOlderThanMs, dryRun })
    const { privateKeys, intents, findings } = pruned
    const exit = findings.length > 0 ? ERRORS.keyset_refused.exit : 0
    const verb = dryRun ? 'would remove' : 'removed'
    const lines = [
      ...privateKeys.map((name) => `${verb} ${name}.key`),
      ...intents.map((n) => `${verb} the number ${n}, which no key was made for`),
      ...findings.map(({ code, message }) => `${code}: ${message}`),
      `${verb} ${privateKeys.length} private keys and ${intents.length} numbers; skipped ${findings.length} rows`,
    ]
    const next = exit === 0 ? undefined : explain('keyset_refused')
    await tell('prune', { exit, journal, dryRun, ...pruned }, lines, options, io, next)
    return exit
  })
}

export async function runKeysRevoke(kid: string, options: RevokeOptions, io: Io): Promise<void> {
  const reason = options.reason.trim()
  if (!/^[^\p{Cc}]{1,500}$/u.test(reason)) {
    throw new ProvError('usage', 'a reason is one line of 1 to 500 characters')
  }
  const since = parseMoment(options.since, io.now())
  await withJournals(options, io, async (open, settings) => {
    const { store, find } = open
    const journal = await find()
    const { publish } = await publicationOf(settings, worldOf(io, options))
    const job = {
      ...changing(open, journal, io),
      store,
      signal: io.signal,
      ...(publish === undefined ? {} : { publish }),
    }
    const { n, wasActive, isNew, damaged } = await revoke(job, { kid, reason, since })
    const lines = [
      isNew
        ? `revoked key ${n} ${kid}, not to be trusted since ${timeText(since)}`
        : `key ${n} ${kid} was revoked before`,
      publish === undefined
        ? 'no file of a region was written: verifiers learn of it by prov keys publish and prov keys merge'
        : 'the file of the region says so; prov keys merge makes it public',
      ...(damaged === undefined ? [] : [`row ${n} still cannot be read (${damaged}): ${BRING_BACK}`]),
      ...(wasActive ? ['no key is active now: prov keys rotate makes the next one active'] : []),
    ]
    const left = damaged === undefined ? {} : { damaged }
    await tell('revoke', { journal, n, kid, revoked: isNew, wasActive, ...left }, lines, options, io)
  })
}
