/**
 * `npm run test:mutation [-- --share 20 FILE…]`: turns round one thing at a time in the files that judge and asks whether a test notices.
 * Not part of CI: it takes some minutes. Fails under 90 %, and for a survivor that has no reason in survivors.ts.
 */
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { JUDGING, QUICK, THOROUGH } from './files.ts'
import { type Mutant, mutantsOf } from './mutants.ts'
import { SURVIVORS } from './survivors.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const WORKERS = 2
const ENOUGH = 0.9
/** An endless loop is noticed as well. */
const TIMEOUT_MS = 120_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { share: { type: 'string', default: '100' }, quick: { type: 'boolean', default: false } },
})

interface Task extends Mutant {
  readonly file: string
}

const files = positionals.length > 0 ? positionals : JUDGING
const step = Math.max(1, Math.round(100 / Number(values.share)))
const tasks: readonly Task[] = files
  .flatMap((file) => mutantsOf(readFileSync(join(ROOT, file), 'utf8')).map((mutant) => ({ ...mutant, file })))
  .filter((_, i) => i % step === 0)

const folders: string[] = []
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

/** A copy of what the tests need, so that no file of the repository is touched. */
function copy(): string {
  const folder = mkdtempSync(join(tmpdir(), 'prov-mutation-'))
  folders.push(folder)
  for (const name of ['src', 'backends', 'test', 'fixtures', 'package.json', 'tsconfig.json'])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** True when the tests pass. */
function passes(folder: string, tests: readonly string[]): Promise<boolean> {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const args = [vitest, 'run', '--config', 'test/mutation/vitest.config.ts', ...tests]
  return new Promise((done) => {
    execFile(process.execPath, args, { cwd: folder, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' }, (error) =>
      done(error === null),
    )
  })
}

async function isNoticed(folder: string, { file, source }: Task): Promise<boolean> {
  const path = join(folder, file)
  const before = readFileSync(path)
  writeFileSync(path, source)
  try {
    if (!(await passes(folder, QUICK))) return true
    return !values.quick && !(await passes(folder, THOROUGH))
  } finally {
    writeFileSync(path, before)
  }
}

async function work(queue: Task[], survived: Task[]): Promise<void> {
  const folder = copy()
  if (!(await passes(folder, QUICK))) throw new Error('the tests fail before anything was turned round')
  for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
    const isKnown = SURVIVORS.some(({ file, change }) => file === task.file && change === task.change)
    if (isKnown || !(await isNoticed(folder, task))) survived.push(task)
    if (!isKnown && survived.at(-1) === task) console.log(`not noticed: ${task.file}:${task.line}: ${task.change}`)
  }
}

const survived: Task[] = []
const queue = [...tasks]
await Promise.all(Array.from({ length: WORKERS }, () => work(queue, survived)))
const unnamed = survived.filter(
  (task) => !SURVIVORS.some(({ file, change }) => file === task.file && change === task.change),
)
const share = 1 - survived.length / tasks.length
console.log(
  `${tasks.length} mutants, ${tasks.length - survived.length} noticed (${(share * 100).toFixed(1)} %), ${unnamed.length} survivors without a reason`,
)
process.exitCode = share >= ENOUGH && unnamed.length === 0 ? 0 : 1
