/** What the docdb backend says of itself: which database, and what to probe when its file is not there yet. */
import type { Backend, Context } from '../../src/backend/backend.ts'
import { type DiagnoseOptions, type Diagnostics, stated } from '../../src/backend/diagnosis.ts'
import { clockAt } from '../shared/clock.ts'
import { isThere, scratchBeside, withSettings } from '../shared/scratch.ts'
import { type Target, URL_KEY } from './settings.ts'
import { SIZE_RULES } from './size.ts'

/**
 * A database file that is not there is not made: the probe goes to a scratch file in its folder.
 *
 * @example await diagnose(context, readTarget(context), options, open)
 */
export async function diagnose(
  context: Context,
  target: Target,
  { readOnly, signal }: DiagnoseOptions,
  open: (context: Context) => Backend,
): Promise<Diagnostics> {
  const { limit } = SIZE_RULES[target.engine]
  const clock = clockUrl(target)
  const time = clock === undefined ? [] : [await clockAt(clock, context, signal)]
  const checks = [...time, stated('limits', `${target.engine}: a document may have ${limit} bytes`)]
  if (target.engine !== 'sqlite' || readOnly || (await isThere(target.path))) return { checks }
  const scratch = scratchBeside(target.path, context)
  const standIn = open(withSettings(context, { [URL_KEY]: `sqlite:${scratch.path}` }))
  return { checks, standIn, sweep: () => scratch.sweep() }
}

/** Where signed requests and tokens go by the clock, and somebody can be asked for it. */
function clockUrl(target: Target): string | undefined {
  if (target.engine === 'firestore')
    return target.emulator === undefined ? 'https://firestore.googleapis.com' : undefined
  if (target.engine !== 'dynamodb') return undefined
  const { endpoint, region } = target
  return endpoint ?? (region === undefined ? undefined : `https://dynamodb.${region}.amazonaws.com`)
}
