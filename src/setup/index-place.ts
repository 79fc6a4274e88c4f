/** From settings to the search index that they name. */
import type { Settings } from '../config/settings.ts'
import { ProvError } from '../errors.ts'
import { readBounded } from '../input/read.ts'
import { type IndexStore, indexOver } from '../search/index-store.ts'
import { connectRedis, type IndexPlace } from '../search/redis.ts'
import { passwordIn } from '../truth/open.ts'
import { passwordInUrl } from './settings.ts'

/** @example hasIndex(settings) // true: store owes each entry to it */
export function hasIndex(settings: Settings): boolean {
  return settings.get('index.url') !== undefined
}

/**
 * Where the index is, with what is needed to reach it. Throws `usage` when none is named or the URL holds a password, and `input_unreadable` for
 * a file that cannot be read.
 *
 * @example (await indexPlace(settings)).url // 'redis://cache:6379/1'
 */
export async function indexPlace(settings: Settings): Promise<IndexPlace> {
  const url = settings.get('index.url')
  if (url === undefined) {
    throw new ProvError('usage', 'no search index was named', {
      hint: 'use --index redis://HOST/DATABASE, or set index.url',
    })
  }
  if (passwordIn(url) !== undefined) throw passwordInUrl('index')
  const namespace = settings.get('index.namespace') ?? ''
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(namespace)) {
    throw new ProvError('config_invalid', 'index.namespace takes 1 to 64 letters, digits, dots, _ and -')
  }
  const [passwordFile, caFile] = [settings.get('index.password-file'), settings.get('index.ca-file')]
  const text = async (file: string): Promise<string> => Buffer.from(await readBounded(file)).toString('utf8')
  const password =
    passwordFile === undefined ? settings.get('index.password') : (await text(passwordFile)).replace(/\r?\n$/, '')
  return {
    url,
    namespace,
    ...(password === undefined ? {} : { password }),
    ...(caFile === undefined ? {} : { ca: await text(caFile) }),
  }
}

/**
 * Opens the index of the settings to write to it; the caller closes it. Throws what {@link indexPlace} and `connectRedis` throw.
 *
 * @example const index = await indexOf(settings)
 */
export async function indexOf(settings: Settings): Promise<IndexStore> {
  return indexOver(await connectRedis(await indexPlace(settings), { readOnly: false }))
}
