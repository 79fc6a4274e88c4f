/**
 * Something that is made of files and counts for as long as they say the same: trusted keys, a policy, certificates. The files are read again and
 * again, whatever their names lead to just then: Kubernetes swaps a symbolic link, an editor renames, and neither tells a watcher reliably.
 */
import { createHash } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { asProvError, type ErrorCode, ProvError } from '../errors.ts'
import { readBounded } from '../platform/fs/read-limited.ts'

export interface WatchOptions<T> {
  /** For messages: `the trusted keys and the policy`. */
  readonly what: string
  /** Paths that it is made of; of what is there already, those that it names by itself as well. */
  files(of: T | undefined): readonly string[]
  /** Makes it of the files. Throws for what cannot be used, such as half of a file. */
  load(): Promise<T>
  /** What grows old by itself is made anew after so many milliseconds; absent: never. */
  renewMs?(of: T): number | undefined
  /** Whether what was made anew says the same; absent: it does where no file has changed. */
  isSame?(old: T, next: T): boolean
  /** Gives back what was replaced. */
  dispose(old: T): void
  /** Between two looks. A change counts once two looks have seen the same. */
  readonly everyMs: number
  /** How long the old one counts while the new one cannot be used. */
  readonly staleMs: number
  /** Milliseconds since any fixed point in time. */
  now(): number
  /** Waits; rejects when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  changed(): void
  /** Once for each content that cannot be used. */
  failed(error: ProvError): void
}

export interface Watched<T> {
  /** What counts now. Throws why it cannot, once the files have said something else for too long. */
  readonly current: T
  /** What counted last, whether it still counts or not. */
  readonly last: T
  /** Why {@link current} throws, for whoever asks: the code of the failure, but no name of a file, which only `failed` is told. */
  readonly stale: ProvError | undefined
  /** Looks no more, and gives back what counts. */
  stop(): Promise<void>
}

const MAX_FILE_BYTES = 16 * 1024 * 1024
/** A disk that hangs: nobody knows what the files say. */
const UNREAD = { code: 'storage_io', why: 'the files cannot be read, and do not fail either' } as const
const RETRY_LOOKS = 10
const ABSENT = 'absent'

/**
 * Throws what `load` throws the first time: a service does not start with half of what it needs.
 *
 * @example const keys = await watchFiles({ what: 'the trusted keys', files: () => ['cosign.pub'], load, … }); keys.current
 */
export async function watchFiles<T>(options: WatchOptions<T>): Promise<Watched<T>> {
  const { what, files, everyMs, staleMs, now, sleep } = options
  let current = await options.load()
  let counted = await stampOf(files(current))
  let made = now()
  let seen = counted
  let told: string | undefined
  let tried = Number.NEGATIVE_INFINITY
  let looked = now()
  let trouble: { readonly since: number; readonly code: ErrorCode; readonly why?: string } | undefined
  const end = new AbortController()

  async function look(): Promise<void> {
    const stamp = await stampOf(files(current))
    const isSteady = stamp === seen
    seen = stamp
    const isOld = now() - made > (options.renewMs?.(current) ?? Number.POSITIVE_INFINITY)
    if (stamp === counted && !isOld) {
      trouble = undefined
      return
    }
    // What failed is tried again, but not with every look: it may come from a network.
    if (stamp === told && trouble !== undefined && now() - tried < RETRY_LOOKS * everyMs) return
    if (!isSteady) {
      // Somebody may be writing; how long that may take is counted from here.
      trouble ??= { since: now(), code: 'config_invalid', why: 'the files are being changed' }
      return
    }
    tried = now()
    try {
      const next = await options.load()
      if ((await stampOf(files(current))) !== stamp) return options.dispose(next)
      const old = current
      current = next
      const isNew = stamp !== counted || options.isSame?.(old, next) === false
      counted = await stampOf(files(next))
      seen = counted
      made = now()
      trouble = undefined
      told = undefined
      if (isNew) options.changed()
      options.dispose(old)
    } catch (thrown) {
      // Stopped in the middle of it.
      if (end.signal.aborted) return
      const error = asProvError(thrown)
      trouble = { since: trouble?.since ?? now(), code: error.code }
      if (told !== stamp) options.failed(error)
      told = stamp
    }
  }

  async function watch(): Promise<void> {
    while (!end.signal.aborted) {
      await sleep(everyMs, end.signal).catch(() => undefined)
      if (end.signal.aborted) return
      await look()
      looked = now()
    }
  }

  const stale = (): ProvError | undefined => {
    const since = trouble?.since ?? looked
    if (now() - since <= staleMs) return undefined
    const seconds = Math.round((now() - since) / 1000)
    const { code, why } = trouble ?? UNREAD
    const message = `${what} could not be used for ${seconds} s`
    if (why !== undefined) return new ProvError(code, `${message}: ${why}`)
    return new ProvError(code, message, { hint: 'the log of the service says why, at reload_refused' })
  }
  const watching = watch()
  return {
    get current() {
      const error = stale()
      if (error !== undefined) throw error
      return current
    },
    get last() {
      return current
    },
    get stale() {
      return stale()
    },
    async stop() {
      end.abort()
      await watching
      options.dispose(current)
    },
  }
}

/** Changes with what the files hold and with what their names lead to; a file that cannot be read has a stamp as well. */
async function stampOf(files: readonly string[]): Promise<string> {
  const each = await Promise.all(
    files.map(async (file) => {
      const path = await realpath(file).catch(() => ABSENT)
      const bytes = path === ABSENT ? undefined : await readBounded(path, MAX_FILE_BYTES).catch(() => undefined)
      return `${path}\n${bytes === undefined ? ABSENT : createHash('sha256').update(bytes).digest('hex')}`
    }),
  )
  return each.join('\n')
}
