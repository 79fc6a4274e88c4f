/** Which reports the command line asks for, and where each goes. Pure. */
import { normalize } from 'node:path'
import { ProvError } from '../../errors.ts'
import { nearest } from '../../platform/text/suggest.ts'

/** Every form of report; `html` is asked for with --report. */
export const FORMS = ['jsonl', 'junit', 'sarif', 'github', 'vsa', 'html'] as const
export type Form = (typeof FORMS)[number]

const OUTPUTS: readonly Form[] = FORMS.filter((form) => form !== 'html')

export interface WantedReport {
  readonly form: Form
  /** `stdout`, a file that is replaced as a whole, or one that is added to. */
  readonly to: { readonly kind: 'stdout' } | { readonly kind: 'file' | 'append'; readonly path: string }
}

export interface ReportFlags {
  /** Each `FORM` or `FORM=FILE`. */
  readonly output: readonly string[]
  /** FILE of the HTML report. */
  readonly report?: string | undefined
  readonly vsaKey?: string | undefined
  readonly json?: boolean | undefined
}

/**
 * Reads the flags; throws `usage` for a form that there is none of, and for two reports in one place.
 *
 * @example wantedReports({ output: ['junit=junit.xml', 'vsa'] }, {}) // [{ form: 'junit', … }, { form: 'vsa', to: { kind: 'stdout' } }]
 */
export function wantedReports(
  flags: ReportFlags,
  env: Readonly<Record<string, string | undefined>>,
): readonly WantedReport[] {
  const html = flags.report === undefined ? [] : [{ form: 'html' as const, to: fileNamed(flags.report, '--report') }]
  const wanted = [...flags.output.map((text) => wantedReport(text, env)), ...html]
  const onStdout = wanted.filter(({ to }) => to.kind === 'stdout').map(({ form }) => form)
  if (onStdout.length > 1) {
    throw usage(
      `${onStdout.join(' and ')} cannot both go to standard output`,
      `name a file: --output ${onStdout[1]}=FILE`,
    )
  }
  if (onStdout.length > 0 && flags.json === true) {
    throw usage(
      `--json and --output ${onStdout[0]} both go to standard output`,
      `name a file: --output ${onStdout[0]}=FILE`,
    )
  }
  const paths = wanted.flatMap(({ to }) => (to.kind === 'stdout' ? [] : [normalize(to.path)]))
  const twice = paths.find((path, i) => paths.indexOf(path) < i)
  if (twice !== undefined) throw usage(`two reports name the file ${twice}`, 'give each a file of its own')
  if (flags.vsaKey !== undefined && !wanted.some(({ form }) => form === 'vsa')) {
    throw usage('--vsa-key signs what --output vsa makes, which was not asked for', 'add --output vsa=FILE')
  }
  return wanted
}

function wantedReport(text: string, env: Readonly<Record<string, string | undefined>>): WantedReport {
  const at = text.indexOf('=')
  const name = at < 0 ? text : text.slice(0, at)
  const form = OUTPUTS.find((known) => known === name)
  if (form === undefined) {
    const near = nearest(name, OUTPUTS)
    const hint = name === 'html' ? 'use --report FILE.html' : near === undefined ? undefined : `did you mean ${near}?`
    throw usage(`unknown report form ${JSON.stringify(name.slice(0, 40))}; the forms are ${OUTPUTS.join(', ')}`, hint)
  }
  if (at >= 0) return { form, to: fileNamed(text.slice(at + 1), `--output ${form}=`) }
  const summary = env['GITHUB_STEP_SUMMARY']
  if (form === 'github' && summary !== undefined && summary !== '')
    return { form, to: { kind: 'append', path: summary } }
  return { form, to: { kind: 'stdout' } }
}

function fileNamed(path: string, flag: string): WantedReport['to'] {
  if (path === '') throw usage(`${flag} names no file`)
  return { kind: 'file', path }
}

function usage(message: string, hint?: string): ProvError {
  return new ProvError('usage', message, { hint })
}
