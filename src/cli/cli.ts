/** The process: its streams and signals, handed to src/cli/main.ts. bin/prov.js imports this module for its effect. */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:os'
import { ProvError } from '../errors.ts'
import { exitOf, type Io, isClosed } from '../platform/io.ts'
import { main } from './main.ts'

/** Commands that write to no store: where one of them does not come to its end after a signal, there is nothing to put in order. */
const READING: ReadonlySet<string> = new Set(['verify', 'list', 'get', 'payload'])
const END_MS = 1500

/** Commands that do nothing but print. */
const PRINTING: ReadonlySet<string> = new Set(['list', 'get', 'payload'])

async function run(): Promise<void> {
  const stop = new AbortController()
  const interrupted = (): void => {
    if (stop.signal.aborted) process.exit(128 + constants.signals.SIGINT)
    stop.abort(
      new ProvError('aborted', 'stopped by Ctrl-C', { hint: 'the same command goes on where this one stopped' }),
    )
    if (READING.has(process.argv[2] ?? ''))
      setTimeout(() => process.exit(128 + constants.signals.SIGINT), END_MS).unref()
  }
  process.on('SIGINT', interrupted)
  process.on('SIGTERM', interrupted)
  // A reader that has seen enough (head, less) is no failure of ours; but what has a verdict, or other work, is done to its end and says so.
  process.stdout.on('error', (error) => {
    if (!isClosed(error)) process.exit(1)
    if (PRINTING.has(process.argv[2] ?? '')) process.exit(0)
  })
  process.stderr.on('error', () => undefined)
  muteSqliteWarning()
  const io: Io = {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    signal: stop.signal,
    now: Date.now,
    random: randomBytes,
  }
  process.exitCode = exitOf(await main(process.argv.slice(2), io), io)
}

/** Node.js 22 tells whoever opens its SQLite that it is experimental; 24 does not any more. */
function muteSqliteWarning(): void {
  const emit = process.emitWarning.bind(process) as (...args: readonly unknown[]) => void
  process.emitWarning = (...args: readonly unknown[]) => {
    if (!String(args[0]).startsWith('SQLite is an experimental feature')) emit(...args)
  }
}

await run()
