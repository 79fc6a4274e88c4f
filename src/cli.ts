/** The process: its streams and signals, handed to src/main.ts. bin/prov.js imports this module for its effect. */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:os'
import { ProvError } from './errors.ts'
import { exitOf, type Io } from './io.ts'
import { main } from './main.ts'

async function run(): Promise<void> {
  const stop = new AbortController()
  const interrupted = (): void => {
    if (stop.signal.aborted) process.exit(128 + constants.signals.SIGINT)
    stop.abort(
      new ProvError('aborted', 'stopped by Ctrl-C', { hint: 'the same command goes on where this one stopped' }),
    )
  }
  process.on('SIGINT', interrupted)
  process.on('SIGTERM', interrupted)
  // A reader that has seen enough (head, less) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
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
