/** Runs the conformance suite on a backend in another process, line by line, whatever that backend does. */
import { ProvError } from '../errors.ts'
import { type ChildEnd, type ChildOptions, runChild } from './child.ts'
import type { CaseEnd, Message, PlannedCase, Task } from './messages.ts'
import { type ConformReport, conformReport } from './report.ts'

export interface ConformJob extends Pick<Task, 'module' | 'settings' | 'only' | 'verbose'> {
  /** As it was named, for the report. */
  readonly file: string
  /** Longest time for one line, in milliseconds. */
  readonly limitMs: number
  readonly env: ChildOptions['env']
  readonly signal: AbortSignal
  readonly output: ChildOptions['output']
  readonly progress?: (done: number, total: number) => void
}

const MAX_HANGS = 3
/** Loading compiles code, which takes its time on a busy machine. */
const LOADING_MS = 10_000

/** What has been heard so far, over all processes. */
interface State {
  plan?: { readonly backend: string; readonly cases: readonly PlannedCase[] }
  readonly ends: CaseEnd[]
  /** Of the process that runs now: its module is loaded; a line is being run; what was wrong with the module. */
  loaded: boolean
  running: boolean
  refused?: ProvError
}

/**
 * The whole suite on one backend. A line that hangs, crashes or ends the process has failed, and the next one runs in a new process; after
 * three in a row that hang, the rest is not run. Throws with exit 2 for a module that is not a backend, `usage` when `only` matches no line.
 *
 * @example (await conform({ file: './mine.js', module, settings: {}, limitMs: 30_000, … })).exit // 0
 */
export async function conform(job: ConformJob): Promise<ConformReport> {
  const { module, settings, only, verbose, limitMs } = job
  const state: State = { ends: [], loaded: false, running: false }
  const { ends } = state
  const loadingMs = Math.max(limitMs, LOADING_MS)
  const options = {
    env: job.env,
    signal: job.signal,
    limitMs: () => (state.running ? limitMs : loadingMs),
    output: job.output,
  }
  let hung = 0
  for (;;) {
    job.signal.throwIfAborted()
    state.loaded = false
    const before = ends.length
    const task = { module, settings, only, verbose, from: before }
    const end = await runChild(task, options, (message) => hear(state, message, job))
    const why = whyEnded(end, state.running ? limitMs : loadingMs)
    const { plan } = state
    if (plan === undefined) {
      throw state.refused ?? new ProvError('backend_unknown', `${job.file}: while it was loaded ${why}`)
    }
    const rest = (reason: string): void => {
      while (ends.length < plan.cases.length) ends.push({ result: 'not_run', reason })
    }
    if (!state.loaded) rest(`not tried: the module could not be loaded again: ${state.refused?.message ?? why}`)
    else if (end.how !== 'done') {
      ends.push({ result: 'fail', reason: why })
      state.running = false
      hung = end.how === 'hung' ? (ends.length === before + 1 ? hung + 1 : 1) : 0
      if (hung === MAX_HANGS) rest(`not tried: ${MAX_HANGS} lines in a row did not end`)
    }
    if (ends.length < plan.cases.length) continue
    const rows = plan.cases.flatMap((one, i) => (ends[i] === undefined ? [] : [{ ...one, ...ends[i] }]))
    return conformReport(job.file, plan.backend, rows)
  }
}

function hear(state: State, message: Message, { progress }: ConformJob): void {
  if (message.type === 'plan') {
    state.plan ??= message
    state.loaded = true
  } else if (message.type === 'refused') {
    state.refused = new ProvError(message.error.code, message.error.message, message.error)
  } else if (message.type === 'begin') {
    state.running = message.index === state.ends.length
  } else if (message.type === 'stray' && message.index <= state.ends.length) {
    state.ends[message.index] = { result: 'fail', reason: message.reason }
    state.running = false
  } else if (message.type === 'end' && state.running && message.index === state.ends.length) {
    state.ends.push({ result: message.result, ...(message.reason === undefined ? {} : { reason: message.reason }) })
    state.running = false
    progress?.(state.ends.length, state.plan?.cases.length ?? 0)
  }
}

function whyEnded(end: ChildEnd, limitMs: number): string {
  if (end.how === 'hung') return `it did not end within ${limitMs / 1000} s`
  if (end.how === 'done') return 'it ended early'
  return end.signal === null ? `the process ended (exit ${end.code})` : `the process was ended by ${end.signal}`
}
