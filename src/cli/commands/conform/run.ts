/** The work of `prov conform`. */

import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { conform } from '../../../conform/conform.ts'
import type { ConformReport } from '../../../conform/report.ts'
import { ProvError } from '../../../errors.ts'
import { type Io, write } from '../../../platform/io.ts'
import { reporter } from '../../../platform/progress.ts'
import { shellWords } from '../../../platform/text/command-line.ts'
import { jsonText } from '../../../platform/text/json-text.ts'
import { conformText } from '../../../report/text/conform-text.ts'
import { type NextStep, nextText } from '../../../report/text/next-step.ts'
import { VERSION } from '../../../version.ts'
import { layoutOf } from '../../terminal.ts'
import type { ConformOptions } from './flags.ts'

/** Runs the command and gives its exit status; throws ProvError with exit 2 when there is no backend to run. */
export async function runConform(file: string, options: ConformOptions, io: Io): Promise<number> {
  const facts = await stat(file).catch(() => undefined)
  if (facts?.isFile() !== true) {
    throw new ProvError('input_unreadable', `${file} is not a file`, {
      hint: 'name the module itself: ./my-backend.js',
    })
  }
  const progress = reporter(io, 'tried', options)
  const report = await conform({
    file,
    module: pathToFileURL(resolve(file)).href,
    settings: Object.fromEntries(options.set.map(settingOf)),
    only: options.only,
    limitMs: options.timeout * 1000,
    verbose: options.verbose === true,
    env: io.env,
    signal: io.signal,
    // What the module prints must not stand between the lines of the result.
    output: (chunk) => io.stderr.write(chunk),
    progress: progress.update,
  }).finally(() => progress.end())
  const next = stepOf(file, report)
  if (options.json === true) {
    const more = next === undefined ? {} : { next: next.text }
    await write(io.stdout, jsonText({ command: 'conform', version: VERSION, ...report, ...more }))
  } else if (options.quiet !== true || report.exit !== 0) {
    await write(io.stdout, conformText(report, layoutOf(io)) + nextText(next, layoutOf(io)))
  }
  return report.exit
}

/** The first line that failed, alone and with what the module says. */
function stepOf(file: string, { exit, cases }: ConformReport): NextStep | undefined {
  if (exit === 0) return undefined
  const line = cases.find(({ result }) => result === 'fail')?.line
  const only = line === undefined ? [] : ['--only', line]
  return { text: shellWords(['prov', 'conform', file, ...only, '--verbose']) }
}

/** Keys are the module's own, so that none is unknown. */
function settingOf(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new ProvError('usage', `--set ${text}: KEY=VALUE is wanted`)
}
