/** The process that runs a backend under test: it may exit, hang or crash, and `prov conform` continues. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ProvError } from '../errors.ts'
import { isOneFile } from '../platform/one-file.ts'
import type { Message, Task } from './messages.ts'

export interface ChildOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  /** Longest time from one message to the next, in milliseconds. */
  limitMs(): number
  /** What the process prints, whichever stream it chose. */
  output(chunk: Uint8Array): void
}

/** `done`: it said that it was. `hung`: it was killed because it said nothing for too long. `died`: it ended before it said why. */
export type ChildEnd =
  | { readonly how: 'done' }
  | { readonly how: 'hung' }
  | { readonly how: 'died'; readonly code: number | null; readonly signal: string | null }

const TYPES: readonly unknown[] = [
  'plan',
  'begin',
  'end',
  'stray',
  'refused',
  'done',
] satisfies readonly Message['type'][]

/** How long to wait for the output of a process that has ended; a process that inherited its streams may keep them open for ever. */
const LAST_WORDS_MS = 200

/**
 * Runs the task in a process of its own and tells every message; resolves when that process is gone.
 * The suite is found by the name that package.json has for it: `src/` imports nothing of it, and it is loaded only there.
 *
 * @example const end = await runChild(task, options, (message) => console.error(message.type))
 */
export function runChild(task: Task, options: ChildOptions, hear: (message: Message) => void): Promise<ChildEnd> {
  if (isOneFile()) {
    const message = 'this prov is one file, and cannot load a backend of your own'
    return Promise.reject(
      new ProvError('not_supported', message, { hint: 'install the package: npm install prov, then npx prov conform' }),
    )
  }
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.resolve('#conform-child')), {
      env: { ...options.env },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    let how: 'done' | 'hung' | 'died' = 'died'
    const late = (): void => {
      how = 'hung'
      child.kill('SIGKILL')
    }
    const stop = (): void => void child.kill('SIGKILL')
    let timer = setTimeout(late, options.limitMs())
    options.signal.addEventListener('abort', stop, { once: true })
    child.on('message', (message) => {
      if (!isMessage(message) || how === 'hung') return
      hear(message)
      clearTimeout(timer)
      timer = setTimeout(late, options.limitMs())
      if (message.type !== 'done' && message.type !== 'stray' && message.type !== 'refused') return
      how = 'done'
      child.kill('SIGKILL') // it may hold connections that keep it alive
    })
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', options.output)
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      options.signal.removeEventListener('abort', stop)
      const end = (): void => {
        clearTimeout(last)
        child.stdout?.destroy()
        child.stderr?.destroy()
        if (options.signal.aborted) reject(options.signal.reason)
        else resolve(how === 'died' ? { how, code, signal } : { how })
      }
      const last = setTimeout(end, LAST_WORDS_MS)
      child.on('close', end)
    })
    child.send(task, () => undefined) // a process that is gone already is told by its exit
  })
}

/** The backend has the channel too and may send what it likes over it; that is not for us. */
function isMessage(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && TYPES.includes((message as { type?: unknown }).type)
}
