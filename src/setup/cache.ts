/** From settings to the cache that verdicts are kept in, and what they are sealed with. */
import type { CacheEvents } from '../cache/cache.ts'
import { type CachedVerify, cachedVerify } from '../cache/cached-verify.ts'
import type { Ttl } from '../cache/kept.ts'
import { KEY_BEGINS } from '../cache/key.ts'
import { type CacheKind, isShared, kindOf, leastTtlMs, openCache } from '../cache/open.ts'
import { MAC_KEY_BYTES } from '../cache/sealed.ts'
import type { Settings } from '../config/settings.ts'
import { ProvError } from '../errors.ts'
import { readBounded } from '../input/read.ts'
import { readOrRefuse } from '../platform/fs/read-limited.ts'
import { durationMs } from '../platform/text/duration.ts'
import { passwordIn } from '../truth/open.ts'
import type { VerifiedArtifact } from '../verify/verify.ts'
import { passwordInUrl } from './settings.ts'
import type { World } from './world.ts'

export interface VerdictCache extends CachedVerify {
  /** A part of every key. */
  readonly namespace: string
}

export interface CacheOptions {
  readonly events: CacheEvents
  /** See {@link cachedVerify}. */
  readonly longestMs?: number
}

/**
 * The cache at `url`, with the settings that go with it; nothing is sent yet, and nothing is waited for. Throws `usage` for a URL that is none or
 * holds a password, `config_invalid` for a shared cache without a MAC key, one that is not 32 bytes, or a time that the provider cannot keep, and
 * `input_unreadable` for a file that cannot be read.
 *
 * @example const cache = await verdictCache('redis://cache/2', settings, world, { events })
 */
export async function verdictCache(
  url: string,
  settings: Settings,
  world: World,
  { events, longestMs }: CacheOptions,
): Promise<VerdictCache> {
  if (passwordIn(url) !== undefined) throw passwordInUrl('cache')
  const kind = kindOf(url)
  const namespace = settings.get('cache.namespace') ?? ''
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(namespace)) {
    throw new ProvError('config_invalid', 'cache.namespace takes 1 to 64 letters, digits, dots, _ and -')
  }
  const ttl = ttlIn(settings, kind)
  const macKey = await macKeyIn(settings, kind, world)
  const [passwordFile, caFile] = [settings.get('cache.password-file'), settings.get('cache.ca-file')]
  const text = async (file: string): Promise<string> => Buffer.from(await readBounded(file)).toString('utf8')
  const place = {
    url,
    budgetMs: msOf(settings, 'cache.budget'),
    ...(passwordFile === undefined ? {} : { password: (await text(passwordFile)).replace(/\r?\n$/, '') }),
    ...(caFile === undefined ? {} : { ca: await text(caFile) }),
  }
  const cache = await openCache(place, events, world)
  const now = (): number => world.now()
  return {
    namespace,
    ...cachedVerify({ cache, macKey, ttl, events, now, ...(longestMs === undefined ? {} : { longestMs }) }),
  }
}

/**
 * Asks the cache once, and unless `readOnly` writes something to it that is over after `cache.ttl-pass`. Throws what {@link verdictCache} throws, and why
 * the cache is of no use, which a command or a service only warns of.
 *
 * @example await checkCache('redis://cache/2', settings, world, { readOnly: false })
 */
export async function checkCache(
  url: string,
  settings: Settings,
  world: World,
  { readOnly }: { readonly readOnly: boolean },
): Promise<void> {
  let trouble: ProvError | undefined
  const failed = (_: string, error: ProvError): void => {
    trouble ??= error
  }
  const cache = await verdictCache(url, settings, world, { events: { counted: () => undefined, failed } })
  const key = `${KEY_BEGINS}:${cache.namespace}:check:${Buffer.from(world.random(16)).toString('hex')}`
  // Nothing was verified, so nothing is kept; or a verdict on nothing, which no question asks for.
  const artifacts = readOnly ? [] : [CHECKED]
  try {
    await cache.ask({ key, verify: async () => ({ exit: 0, artifacts, findings: [] }) }, world.signal)
  } finally {
    await cache.close()
  }
  if (trouble !== undefined) throw trouble
}

const CHECKED: VerifiedArtifact = {
  artifact: 'check',
  type: 'statement',
  kind: 'dsse',
  uri: 'prov:check',
  subjects: [],
  rows: [],
  strangers: [],
  references: [],
  exit: 0,
  findings: [],
  holding: [],
}

function msOf(settings: Settings, key: string): number {
  return durationMs(settings.get(key) ?? '')
}

function ttlIn(settings: Settings, kind: CacheKind): Ttl {
  const least = leastTtlMs(kind)
  const of = (key: string): number => {
    const ms = msOf(settings, key)
    if (ms >= least) return ms
    throw new ProvError('config_invalid', `${key} is shorter than a second, which Dapr cannot keep`, {
      hint: `set ${key} to 1s or more`,
    })
  }
  return { passMs: of('cache.ttl-pass'), failMs: of('cache.ttl-fail'), absentMs: of('cache.ttl-absent') }
}

async function macKeyIn(settings: Settings, kind: CacheKind, { random }: World): Promise<Uint8Array> {
  const file = settings.get('cache.mac-key-file')
  const hint = `openssl rand -out mac.key ${MAC_KEY_BYTES}, readable for prov alone, and the same file for all who share the cache`
  if (file === undefined) {
    if (!isShared(kind)) return random(MAC_KEY_BYTES)
    const message =
      'a cache that others can write to needs cache.mac-key-file: without a seal anybody there could forge verdicts'
    throw new ProvError('config_invalid', message, { hint })
  }
  const refuse = (why: string): ProvError =>
    new ProvError('config_invalid', `cache.mac-key-file: ${file} ${why}`, { location: file, hint })
  const bytes = await readOrRefuse(file, 1024, refuse)
  if (bytes.length !== MAC_KEY_BYTES) throw refuse(`has ${bytes.length} bytes, and a MAC key ${MAC_KEY_BYTES}`)
  return bytes
}
