/** From settings to the source of truth that they name. */
import { randomUUID } from 'node:crypto'
import type { Settings } from '../config/settings.ts'
import { ProvError } from '../errors.ts'
import { readBounded } from '../input/read.ts'
import { openTruth, passwordIn, type TruthPlace } from '../truth/open.ts'
import type { Truth } from '../truth/truth.ts'
import { passwordInUrl } from './settings.ts'

/**
 * Where the truth is, with what is needed to reach it. Throws `usage` when none is named or the URL holds a password, and
 * `input_unreadable` for a file that cannot be read.
 *
 * @example (await truthPlace(settings)).url // 'sqlite:truth.db'
 */
export async function truthPlace(settings: Settings): Promise<TruthPlace> {
  const url = settings.get('truth.url')
  if (url === undefined) {
    throw new ProvError('usage', 'no source of truth was named', {
      hint: 'use --truth sqlite:FILE or --truth postgres://USER@HOST/DATABASE, or set PROV_TRUTH',
    })
  }
  if (passwordIn(url) !== undefined) {
    throw passwordInUrl()
  }
  const [passwordFile, caFile] = [settings.get('truth.password-file'), settings.get('truth.ca-file')]
  const text = async (file: string): Promise<string> => Buffer.from(await readBounded(file)).toString('utf8')
  const schema = settings.get('truth.schema')
  return {
    url,
    connections: Number(settings.get('truth.pool')),
    newId: randomUUID(),
    ...(schema === undefined ? {} : { schema }),
    ...(passwordFile === undefined ? {} : { password: (await text(passwordFile)).replace(/\r?\n$/, '') }),
    ...(caFile === undefined ? {} : { ca: await text(caFile) }),
  }
}

/**
 * Opens the truth of the settings; the caller closes it. Throws what {@link truthPlace} and `openTruth` throw.
 *
 * @example const truth = await truthOf(settings, { make: true })
 */
export async function truthOf(settings: Settings, options: { readonly make: boolean }): Promise<Truth> {
  return openTruth(await truthPlace(settings), options)
}
