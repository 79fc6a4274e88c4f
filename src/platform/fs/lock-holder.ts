/** Who holds a lock file, and whether that process still lives. */
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

export interface Holder {
  /** Host name and machine id. */
  readonly host: string
  /** Changes with every start of the system; empty where that is not known. */
  readonly boot: string
  /** Which numbering of processes `pid` belongs to (containers have their own); empty where that is not known. */
  readonly space: string
  readonly pid: number
  /** When the process started, in the system's own unit, to tell apart two processes with the same pid; empty where that is not known. */
  readonly birth: string
  /** Random, one a lock taken. */
  readonly token: string
}

/**
 * This process as a holder. Host, boot and birth come from /proc where there is one (Linux).
 *
 * @example holderOfThisProcess('3fa9…') // { host: 'ci-7 9c1d…', pid: 4711, birth: '88123', … }
 */
export function holderOfThisProcess(token: string): Holder {
  const machine = readOr('/etc/machine-id', '').trim()
  return {
    host: `${hostname()} ${machine}`.trim(),
    boot: readOr('/proc/sys/kernel/random/boot_id', '').trim(),
    space: linkOr('/proc/self/ns/pid', ''),
    pid: process.pid,
    birth: birthOf(process.pid) ?? '',
    token,
  }
}

/**
 * True when the holder has certainly ended. A holder on another host, or in another container, cannot be judged: false.
 *
 * @example hasEnded(holder, holderOfThisProcess(''))
 */
export function hasEnded(holder: Holder, self: Holder): boolean {
  if (holder.host !== self.host) return false
  if (holder.boot !== self.boot) return holder.boot !== '' && self.boot !== ''
  if (holder.space !== self.space) return false
  if (!exists(holder.pid)) return true
  const birth = birthOf(holder.pid)
  return birth !== undefined && holder.birth !== '' && birth !== holder.birth
}

/**
 * The holder in a lock file's text; undefined when the text is none.
 *
 * @example readHolder(JSON.stringify(holder))
 */
export function readHolder(text: string): Holder | undefined {
  try {
    const { host, boot, space, pid, birth, token } = JSON.parse(text) as Readonly<Record<string, unknown>>
    if (typeof host !== 'string' || typeof boot !== 'string' || typeof space !== 'string') return undefined
    if (typeof birth !== 'string' || typeof token !== 'string' || !/^[0-9a-f]+$/.test(token)) return undefined
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined
    return { host, boot, space, pid, birth, token }
  } catch {
    return undefined
  }
}

/** A process that has died but was not yet waited for (a zombie) has ended as well. */
function birthOf(pid: number): string | undefined {
  const stat = readOr(`/proc/${pid}/stat`, '')
  // The second field, the program's name in brackets, may hold spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return 'ended'
  return fields[19]
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}

function linkOr(path: string, otherwise: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return otherwise
  }
}
