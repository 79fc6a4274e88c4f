/** The work of `prov keys rotate`. */
import { ERRORS, errorJson, type ProvError } from '../../../errors.ts'
import type { JournalKey } from '../../../keysets/journal.ts'
import type { DoneStep } from '../../../keysets/rotate-job.ts'
import { type Rotated, rotate } from '../../../keysets/run-steps.ts'
import { stoppedError } from '../../../keysets/stopped.ts'
import type { Io } from '../../../platform/io.ts'
import { timeText } from '../../../platform/text/time-text.ts'
import { stepAfter } from '../../../report/text/next-step.ts'
import { publicationOf } from '../../../setup/publication.ts'
import { warn, worldOf } from '../../world.ts'
import type { RotateOptions } from './journal-flags.ts'
import { changing, storePassword, tell, withJournals } from './open.ts'

/** Exit 0 when nothing more can be done now, 3 for a row that cannot be read, 5 when the key is not public as it has to be. */
export async function runKeysRotate(options: RotateOptions, io: Io): Promise<number> {
  const { step, unsafe = false } = options
  return withJournals(options, io, async (open, settings) => {
    const { store, find, validityMs, skewMs } = open
    const journal = await find()
    const done = await rotate({
      ...changing(open, journal, io),
      ...(await publicationOf(settings, worldOf(io, options))),
      store,
      password: storePassword(open, options, io),
      validityMs,
      skewMs,
      wanted: step,
      unsafe,
      signal: io.signal,
      now: io.now,
    })
    if (unsafe && done.steps.some((one) => one.step === 'activate')) {
      warn(io, options, 'unsafe: the key signs although it may not be public yet; the journal remembers it')
    }
    const finding = findingOf(done, step)
    const exit = finding === undefined ? 0 : ERRORS[finding.code].exit
    const active = done.state.keys.find(({ status }) => status === 'active')
    const upcoming = done.state.keys.find(({ status }) => status === 'prepared' || status === 'published')
    const { id, name, version: changes } = done.state
    const json = {
      exit,
      journal: { id, name },
      changes,
      steps: done.steps,
      ...(active?.key === undefined ? {} : { active: shown(active) }),
      ...(upcoming === undefined ? {} : { upcoming: shown(upcoming) }),
      lost: done.lost,
      ...(finding === undefined ? {} : { finding: errorJson(finding) }),
    }
    const lines = [
      ...done.steps.map(stepLine),
      active === undefined ? 'no key is active' : `active: ${active.key?.kid}`,
      ...(upcoming === undefined ? [] : [upcomingLine(upcoming)]),
      ...(finding === undefined ? [] : [`${finding.code}: ${finding.message}`]),
    ]
    const hint =
      finding?.hint === undefined
        ? stepAfter(exit, finding === undefined ? [] : [finding.code])
        : { text: finding.hint }
    await tell('rotate', json, lines, options, io, hint)
    return exit
  })
}

/** Until its time has come, `auto` has nothing to do: that is not a finding. */
function findingOf({ stopped, proof }: Rotated, step: RotateOptions['step']): ProvError | undefined {
  if (stopped === undefined || (stopped.do === 'wait' && step === 'auto')) return undefined
  return stoppedError(stopped, proof)
}

function shown({ n, key, status, activates }: JournalKey): Readonly<Record<string, unknown>> {
  const from = activates === undefined ? {} : { activates: timeText(activates) }
  return { n, status, ...(key === undefined ? {} : { kid: key.kid }), ...from }
}

const WORDS: Readonly<Record<DoneStep['step'], string>> = {
  intend: 'noted that a key is to be made',
  make: 'made the key file',
  record: 'took its public key into the journal',
  publish: 'published it',
  prove: 'saw it at every public URL',
  activate: 'active from now on',
  retire: 'retired',
  destroy: 'removed its private key',
}

function stepLine({ step, n, kid }: DoneStep): string {
  return `key ${n}${kid === undefined ? '' : ` ${kid}`}: ${WORDS[step]}`
}

function upcomingLine({ key, activates }: JournalKey): string {
  return `on its way: ${key?.kid}${activates === undefined ? '' : `, may sign from ${timeText(activates)}`}`
}
