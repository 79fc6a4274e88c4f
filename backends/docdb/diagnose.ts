/** What the docdb backend says of itself: which database, and what to probe when its file is not there yet. */
import type { Backend, Context } from '../../src/backend.ts'
import { type DiagnoseOptions, type Diagnostics, stated } from '../../src/diagnosis.ts'
import { isThere, scratchBeside, withSettings } from '../scratch.ts'
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
  { readOnly }: DiagnoseOptions,
  open: (context: Context) => Backend,
): Promise<Diagnostics> {
  const { limit } = SIZE_RULES[target.engine]
  const checks = [stated('limits', `${target.engine}: a document may have ${limit} bytes`)]
  if (target.engine !== 'sqlite' || readOnly || (await isThere(target.path))) return { checks }
  const scratch = scratchBeside(target.path, context)
  const standIn = open(withSettings(context, { [URL_KEY]: `sqlite:${scratch.path}` }))
  return { checks, standIn, sweep: () => scratch.sweep() }
}
