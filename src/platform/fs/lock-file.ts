/** An exclusive lock that is a file. A lock whose holder has died is broken, by exactly one of those who wait. */

import { uptime } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { ProvError } from '../../errors.ts'
import { jittered } from '../async/jitter.ts'
import { type Files, fileErrorCode, nodeFiles } from './files.ts'
import { type Holder, hasEnded, holderOfThisProcess, readHolder } from './lock-holder.ts'

export interface LockOptions {
  readonly signal: AbortSignal
  /** How long to wait for a living holder, in milliseconds. */
  readonly timeoutMs: number
  now(): number
  random(size: number): Uint8Array
  readonly files?: Files
  /** Who we are; default: this process. */
  readonly self?: (token: string) => Holder
}

/**
 * Runs `work` while `lockFile` is ours. The file holds host, pid and birth of its process as JSON. Throws `conflict` (retryable) when
 * a living holder, or one that cannot be judged, keeps it longer than `timeoutMs`; `aborted`; and Node's own error when the file cannot be made.
 *
 * @example await withLock('run.yaml.prov-lock', { signal, timeoutMs: 30_000, now: Date.now, random: randomBytes }, () => edit())
 */
export async function withLock<T>(lockFile: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const token = Buffer.from(options.random(12)).toString('hex')
  const self = (options.self ?? holderOfThisProcess)(token)
  const taker: Taker = { files: options.files ?? nodeFiles, self, bootedAt: options.now() - uptime() * 1000 }
  await acquire(taker, lockFile, options)
  try {
    return await work()
  } finally {
    await release(taker, lockFile)
  }
}

/** A holder has a few hundred. */
const MAX_LOCK_BYTES = 64 * 1024

interface Taker {
  readonly files: Files
  readonly self: Holder
  /** Milliseconds since the epoch. */
  readonly bootedAt: number
}

async function acquire(taker: Taker, lockFile: string, options: LockOptions): Promise<void> {
  const deadline = options.now() + options.timeoutMs
  for (let pause = 2; ; pause = Math.min(pause * 1.5, 50)) {
    if (options.signal.aborted) throw aborted(lockFile)
    if (await take(taker, lockFile)) return
    const held = await readLock(taker, lockFile)
    if (held === undefined || (await breakDead(taker, lockFile, held))) continue
    if (options.now() >= deadline) throw timedOut(lockFile, held)
    await sleep(jittered(1.5 * pause, options.random, 1 / 3), undefined, { signal: options.signal }).catch(() => {})
  }
}

/** True when the lock file is now ours. It is created with its content, so that no reader ever sees half of it. */
async function take({ files, self }: Taker, lockFile: string): Promise<boolean> {
  const own = `${lockFile}.${self.token}`
  await files.create(own, Buffer.from(JSON.stringify(self)), 0o644).catch(async (thrown: unknown) => {
    if (fileErrorCode(thrown) !== 'EEXIST') await files.unlink(own).catch(() => undefined) // on a full disk it is there, and empty
    throw thrown
  })
  try {
    await files.link(own, lockFile)
    return true
  } catch (error) {
    if (fileErrorCode(error) === 'EEXIST') return false
    throw error
  } finally {
    await gone(files.unlink(own))
  }
}

interface Held {
  readonly text: string
  /** Absent: the text is none that we write. */
  readonly holder?: Holder
  /** Milliseconds since the epoch; only without a holder. */
  readonly modified?: number
}

/** Who holds it; undefined when it is free. */
async function readLock({ files }: Taker, lockFile: string): Promise<Held | undefined> {
  // What is not a file was not put here by prov, and says nothing of a holder: that is thrown.
  const bytes = await gone(files.read(lockFile, { maxBytes: MAX_LOCK_BYTES, follow: false }))
  if (bytes === undefined) return undefined
  const text = Buffer.from(bytes).toString('utf8')
  const holder = readHolder(text)
  if (holder !== undefined) return { text, holder }
  const facts = await gone(files.facts(lockFile))
  return facts === undefined ? undefined : { text, modified: facts.modified }
}

/**
 * Removes the lock of a dead holder; true when it is worth trying again. Who breaks it first takes a lock named after that very holder, and
 * reads the lock again under it: so a slow waiter never removes the lock of the next holder, which lives.
 */
async function breakDead(taker: Taker, lockFile: string, held: Held): Promise<boolean> {
  if (!isDead(taker, held)) return false
  const breaking = `${lockFile}.break-${held.holder?.token ?? 'unreadable'}`
  if (!(await take(taker, breaking))) {
    const other = await readLock(taker, breaking)
    return other === undefined || (await breakDead(taker, breaking, other))
  }
  try {
    const now = await readLock(taker, lockFile)
    if (now !== undefined && now.text === held.text && isDead(taker, now)) {
      if (held.holder !== undefined) await gone(taker.files.unlink(`${lockFile}.${held.holder.token}`))
      await gone(taker.files.unlink(lockFile))
    }
  } finally {
    await release(taker, breaking)
  }
  return true
}

/** A lock that holds no holder can only be left by a power cut; then it is older than the system's start. */
function isDead({ self, bootedAt }: Taker, { holder, modified }: Held): boolean {
  return holder === undefined ? modified !== undefined && modified < bootedAt : hasEnded(holder, self)
}

async function release(taker: Taker, lockFile: string): Promise<void> {
  const held = await readLock(taker, lockFile)
  if (held?.holder?.token === taker.self.token) await gone(taker.files.unlink(lockFile))
}

/** A file that does not exist gives undefined, not an error. */
async function gone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function aborted(lockFile: string): ProvError {
  return new ProvError('aborted', 'stopped while waiting for a lock', { operation: 'lock', location: lockFile })
}

function timedOut(lockFile: string, { holder }: Held): ProvError {
  const who = holder === undefined ? 'an unknown process' : `process ${holder.pid} on ${holder.host.split(' ')[0]}`
  return new ProvError('conflict', `${lockFile} is held by ${who}`, {
    operation: 'lock',
    location: lockFile,
    hint: 'try again; if that process has ended for certain, remove the lock file',
  })
}
