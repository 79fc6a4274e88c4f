/** The process: its streams and signals, handed to src/cli/main.ts. bin/prov.js imports this module for its effect. */
import { randomBytes } from 'node:crypto'
import { writeSync } from 'node:fs'
import { ERRORS, ProvError } from '../errors.ts'
import { fileError } from '../platform/fs/files.ts'
import { exitStatus, type Io, isClosed } from '../platform/io.ts'
import { endBy } from './end.ts'
import { main } from './main.ts'

/** Commands that write to no store: where one of them does not come to its end after a signal, there is nothing to put in order. */
const READING: ReadonlySet<string> = new Set(['verify', 'list', 'get', 'payload'])

/** Commands that do nothing but print. */
const PRINTING: ReadonlySet<string> = new Set(['list', 'get', 'payload'])

/** Commands that run until a signal, and end what they have begun in a time of their own. */
const LASTING: ReadonlySet<string> = new Set(['worker', 'serve'])

/** How long what was begun may take to its end once a signal has come: what only reads, and what has to put its writes in order. */
const READING_MS = 1500
const WRITING_MS = 5000
const UNFINISHED = 'prov: aborted: stopped, though something did not end in time (the same command goes on)'
const UNREAD = 'prov: nobody reads standard output now; the work goes on until it is done or a signal comes\n'

async function run(): Promise<void> {
  const stop = new AbortController()
  const interrupted = (name: NodeJS.Signals): void => {
    if (stop.signal.aborted) endBy(name)
    const grace = READING.has(process.argv[2] ?? '') ? READING_MS : WRITING_MS
    if (!LASTING.has(process.argv[2] ?? '')) setTimeout(() => endBy(name, UNFINISHED), grace).unref()
    stop.abort(
      new ProvError('aborted', 'stopped by Ctrl-C', { hint: 'the same command goes on where this one stopped' }),
    )
  }
  process.on('SIGINT', interrupted)
  process.on('SIGTERM', interrupted)
  let isUnread = false
  // A reader that has seen enough (head, less) is not a failure of ours; but what has a verdict, or other work, is done to its end and says so.
  process.stdout.on('error', (error) => {
    if (!isClosed(error)) endUnwritten(error)
    if (PRINTING.has(process.argv[2] ?? '')) process.exit(0)
    // Each write fails from now on: it is said with the first one.
    if (LASTING.has(process.argv[2] ?? '') && !isUnread) process.stderr.write(UNREAD)
    isUnread = true
  })
  process.stderr.on('error', () => undefined)
  muteWarnings()
  const io: Io = {
    // Opened by Node.js when it is asked for; most commands never do.
    get stdin() {
      return process.stdin
    },
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    signal: stop.signal,
    now: Date.now,
    random: randomBytes,
  }
  process.exitCode = exitStatus(await main(process.argv.slice(2), io), io)
}

/** A full disk: what was to be printed is lost, so nobody may take the end for a success. */
function endUnwritten(error: Error): never {
  const { message } = fileError(error, { operation: 'write', location: 'standard output' })
  writeSync(2, `prov: ${message} (what was printed is not complete)\n`)
  process.exit(ERRORS.internal.exit)
}

/**
 * What others say through Node.js and prov says itself, or need not: Node.js 22 tells whoever opens its SQLite that it is experimental; Google's
 * library tells that there is no metadata server, where the report says that there are no credentials.
 */
function muteWarnings(): void {
  const emit = process.emitWarning.bind(process) as (...args: readonly unknown[]) => void
  process.emitWarning = (...args: readonly unknown[]) => {
    const [text, kind] = args
    if (kind === 'MetadataLookupWarning' || String(text).startsWith('SQLite is an experimental feature')) return
    emit(...args)
  }
}

await run()
