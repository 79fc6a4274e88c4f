/**
 * Entry point of the process in which `prov conform` runs somebody's backend (dist/conform-child.js): one task comes in, messages go
 * out. Whatever that backend does, it does here: prov itself reads the messages, waits no longer than it wants, and starts another.
 */
import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { CaseEnd, Message, Task } from '../../src/conform/messages.ts'
import { ERRORS, type ErrorJson, errorJson, ProvError } from '../../src/errors.ts'
import { type Case, conformanceCases } from './cases.ts'
import { readModule } from './module.ts'
import { CannotTry } from './scene.ts'

/** The number of the case that runs or ran last; undefined while the module is loaded. */
let current: number | undefined
/** An error that nobody handled has been told: nothing after it counts. */
let over = false

// A call that waits for nothing at all would end the process, where it should be seen to hang.
setInterval(() => undefined, 2 ** 30)
process.once('message', (task) => void work(task as Task))
// Also rejections that nobody handles. After one of either the process is not to be trusted; prov ends it, and starts another.
process.on('uncaughtException', (thrown) => {
  const reason = `an error that nobody handles: ${textOf(thrown)}`
  const message: Message =
    current === undefined
      ? { type: 'refused', error: { code: 'backend_unknown', message: `the module could not be loaded: ${reason}` } }
      : { type: 'stray', index: current, reason }
  void send(message)
  over = true
})

async function work(task: Task): Promise<void> {
  const cases = await prepare(task).catch((thrown: unknown) => send({ type: 'refused', error: refusal(thrown) }))
  if (cases === undefined) return
  for (const [index, one] of cases.entries()) {
    if (index < task.from) continue
    current = index
    await send({ type: 'begin', index })
    const end = await judged(one)
    await setImmediate() // what rejects meanwhile belongs to this line
    await send({ type: 'end', index, ...end })
  }
  await send({ type: 'done' })
}

async function prepare(task: Task): Promise<readonly Case[]> {
  const exported: object = await import(task.module)
  const { name, conformance } = await readModule(exported, {
    settings: task.settings,
    env: process.env,
    now: Date.now,
    random: randomBytes,
    debug: (line) => void (task.verbose && process.stderr.write(`${line}\n`)),
  })
  const text = task.only?.toLowerCase()
  const fits = ({ line, title }: Case): boolean =>
    text === undefined || line?.toLowerCase() === text || title.toLowerCase().includes(text)
  const cases = conformanceCases(conformance).filter(fits)
  if (cases.length === 0) throw new ProvError('usage', `no line of the suite has ${JSON.stringify(task.only)} in it`)
  const planned = cases.map(({ kind, line, says }) => ({ kind, says, ...(line === undefined ? {} : { line }) }))
  await send({ type: 'plan', backend: name, cases: planned })
  return cases
}

async function judged(one: Case): Promise<CaseEnd> {
  try {
    await one.run()
    return one.gap === undefined ? { result: 'pass' } : { result: 'gap', reason: one.gap.reason }
  } catch (thrown) {
    if (thrown instanceof CannotTry) return { result: 'not_run', reason: thrown.message }
    return { result: 'fail', reason: textOf(thrown) }
  }
}

/** What the module itself says about a wrong setting is passed on; all else is a module that is no backend. */
function refusal(thrown: unknown): ErrorJson {
  if (thrown instanceof ProvError && ERRORS[thrown.code].exit === 2) return errorJson(thrown)
  const missing = (thrown as { readonly code?: unknown } | undefined)?.code === 'ERR_MODULE_NOT_FOUND'
  return {
    code: 'backend_unknown',
    message: `the module could not be loaded: ${textOf(thrown)}`,
    ...(missing ? { hint: 'install what it imports beside it, prov too: npm install prov' } : {}),
  }
}

function textOf(thrown: unknown): string {
  const text =
    thrown instanceof ProvError
      ? `${thrown.code}: ${thrown.message}`
      : thrown instanceof Error
        ? thrown.name === 'Error' || thrown.name === 'AssertionError'
          ? thrown.message
          : `${thrown.name}: ${thrown.message}`
        : inspect(thrown)
  return text.replace(/\s*\n\s*/g, ' ')
}

function send(message: Message): Promise<undefined> {
  return new Promise((sent) => {
    if (over) return
    // A backend that has closed the channel cannot be judged; prov sees the process end.
    if (process.send === undefined) process.exit(1)
    process.send(message, () => sent(undefined))
  })
}
