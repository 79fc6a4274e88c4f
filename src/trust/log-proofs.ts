/**
 * Entries of transparency logs: whether a trusted log holds this very signature. Inclusion, checkpoint and body by @sigstore/verify, and what
 * it lets pass here: the root hash that the proof states, and the time for which the log's key is trusted.
 */

import { TransparencyLogEntry } from '@sigstore/protobuf-specs'
import { VerificationError } from '@sigstore/verify'
import { logEntryOf, MAX_LOG_ENTRY_LENGTH } from '../model/log-entry.ts'
import { parseBounded } from '../platform/text/bounded-json.ts'
import { isRecord } from '../platform/text/guards.ts'
import type { LogKey } from './root-material.ts'
import type { LibraryChecks, LogEntry } from './sigstore.ts'
import type { ProofFault } from './trust.ts'
import { firstEnd } from './validity.ts'

export interface ProvenEntry {
  readonly entry: LogEntry
  /** When the log promised to hold it, milliseconds since the epoch; absent where it gives no time (Rekor v2). */
  readonly time?: number
  readonly key: LogKey
}

/**
 * The log entries beside a signature, read strictly; the older proof of cosign among them, unless the same entry is there in the newer form.
 */
export function readLogEntries(
  logEntries: readonly string[],
  logProof: string | undefined,
): readonly LogEntry[] | ProofFault {
  const older = logProof === undefined ? [] : [logEntryOf(logProof)]
  const read: LogEntry[] = []
  for (const text of [...logEntries, ...older]) {
    const entry = text === undefined ? undefined : readLogEntry(text)
    if (entry === undefined) return invalid('the log entry beside it cannot be read')
    const isKnown = read.some((other) => idOf(other) === idOf(entry))
    // The newer form says the same and more.
    if (!isKnown || logEntries.includes(text ?? '')) read.push(entry)
  }
  return read
}

function readLogEntry(text: string): LogEntry | undefined {
  if (text.length > MAX_LOG_ENTRY_LENGTH) return undefined
  try {
    const json = parseBounded(text)
    if (!isRecord(json)) return undefined
    const entry = TransparencyLogEntry.fromJSON(json)
    const { inclusionProof: proof, kindVersion, canonicalizedBody } = entry
    const isProof = proof === undefined || proof.checkpoint !== undefined
    const isWhole = kindVersion !== undefined && canonicalizedBody.length > 0 && isProof
    return isWhole && (entry.logId?.keyId.length ?? 0) > 0 ? entry : undefined
  } catch {
    return undefined
  }
}

function idOf({ logId, canonicalizedBody }: LogEntry): string {
  return `${logId?.keyId.toString('hex')} ${canonicalizedBody.toString('base64')}`
}

/**
 * Checks one entry against the logs of the trusted root. Its time is not yet held against the window of a log that gives no time itself: that is
 * {@link wasTrusted}, once all times are proven.
 */
export function proveEntry(
  entry: LogEntry,
  logs: readonly LogKey[],
  library: Pick<LibraryChecks, 'logFault'>,
): ProvenEntry | ProofFault {
  const id = entry.logId?.keyId.toString('hex') ?? ''
  const keys = logs.filter((log) => log.id === id)
  if (keys.length === 0) {
    return { code: 'log_untrusted', message: `the log ${id.slice(0, 16)}… is not in the trusted root` }
  }
  const hasPromise = entry.inclusionPromise !== undefined
  const time = hasPromise ? Number(entry.integratedTime) * 1000 : undefined
  const inTime = time === undefined ? keys : keys.filter((log) => time >= log.from && time <= log.until)
  const [key] = inTime
  if (key === undefined) return endedBy(id)
  const fault = library.logFault(entry)
  if (fault instanceof VerificationError && fault.code === 'TLOG_BODY_ERROR') {
    return { code: 'log_entry_other', message: 'the log entry beside it is about another signature or payload' }
  }
  if (fault !== undefined) return invalid(`the proof of inclusion does not verify (${fault.message})`)
  if (!statesItsRoot(entry)) return invalid('the root hash of the proof is not that of the checkpoint')
  return { entry, key, ...(time === undefined ? {} : { time }) }
}

/** The library compares what it computes with the checkpoint, never with what the proof itself states. */
function statesItsRoot({ inclusionProof }: LogEntry): boolean {
  if (inclusionProof === undefined) return true
  const [, size, root] = inclusionProof.checkpoint?.envelope.split('\n') ?? []
  return inclusionProof.rootHash.toString('base64') === root && inclusionProof.treeSize === size
}

/** A fault when the log's key was not trusted at one of the times; entries with a time of their own were held against it already. */
export function wasTrusted({ key, time, entry }: ProvenEntry, times: readonly number[]): ProofFault | undefined {
  const all = time === undefined ? times : []
  if (all.every((one) => one >= key.from && one <= key.until)) return undefined
  return endedBy(entry.logId?.keyId.toString('hex') ?? '')
}

function endedBy(id: string): ProofFault {
  const message = `the key of log ${id.slice(0, 16)}… was not trusted at the time that is proven`
  return { code: 'log_untrusted', message }
}

function invalid(message: string): ProofFault {
  return { code: 'log_proof_invalid', message }
}

/** When the first of the logs' keys ends; undefined when none does. */
export function endOfLogs(entries: readonly ProvenEntry[]): number | undefined {
  return firstEnd(entries.map(({ key }) => (Number.isFinite(key.until) ? key.until : undefined)))
}
