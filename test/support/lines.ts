/** What a report says, in lines short enough to be written into a test; and the same out of the text output. */
import type { Outcome } from './cli.ts'

interface Said {
  readonly code: string
  readonly message: string
}

interface Row {
  readonly backend: string
  readonly mark: string
  readonly format?: string
  readonly slot?: string
  readonly location?: string
  readonly signatures?: readonly string[]
  readonly entry?: string
  readonly error?: Said
  readonly detail?: string
}

export interface Verdict {
  readonly exit: number
  readonly findings: readonly Said[]
  readonly artifacts: readonly {
    readonly artifact: string
    readonly kind: 'dsse' | 'raw'
    readonly exit: number
    readonly findings: readonly Said[]
    readonly rows: readonly Row[]
    readonly strangers: readonly (Said & { readonly location: string; readonly backend: string })[]
  }[]
}

export function verdictOf({ stdout, stderr }: Outcome): Verdict {
  try {
    return JSON.parse(stdout) as Verdict
  } catch {
    throw new Error(`no JSON on stdout: ${stdout.slice(0, 500)}\nstderr: ${stderr.slice(0, 2000)}`)
  }
}

/**
 * `BACKEND KIND MARK [CODE]` for every row and `BACKEND KIND stranger CODE` for every stranger, sorted.
 *
 * @example linesOf(verdict) // ['oci dsse # signature_invalid', 'tekton dsse =']
 */
export function linesOf(verdict: Verdict): readonly string[] {
  const lines = verdict.artifacts.flatMap(({ kind, rows, strangers }) => [
    ...rows.map(({ backend, mark, error }) => [backend, kind, mark, error?.code].filter(Boolean).join(' ')),
    ...strangers.map(({ backend, code }) => `${backend} ${kind} stranger ${code}`),
  ])
  return lines.sort()
}

/** Entry and signature ids of every row, to tell whether a copy is the same signed bytes as before. */
export function idsOf(verdict: Verdict): readonly string[] {
  const rows = verdict.artifacts.flatMap((one) => one.rows)
  return [...new Set(rows.flatMap((row) => [row.entry ?? 'none', ...(row.signatures ?? ['none'])]))].sort()
}

const saying = ({ code, message }: Said): string => `${code}: ${message}`

/** What the text must say, line by line, given the JSON of the same verdict; the last lines are the verdict and its legend. */
export function textOf(verdict: Verdict): readonly string[] {
  return verdict.artifacts.flatMap(({ artifact, rows, strangers, findings }) => {
    const told = new Set([...rows.flatMap(({ error }) => error ?? []), ...strangers].map(saying))
    return [
      artifact,
      ...rows.flatMap(({ backend, mark, format, slot, location, error, detail }) => [
        `  ${[mark, backend, format, location ?? slot].filter((part) => part !== undefined).join(' ')}`,
        ...(error === undefined ? [] : [`    ${error.code}: ${error.message}`]),
        ...(detail === undefined || detail === error?.message ? [] : [`    ${detail}`]),
      ]),
      ...strangers.map(({ location, code, message }) => `    stranger at ${location}: ${code}: ${message}`),
      ...findings
        .map(saying)
        .filter((said) => !told.has(said))
        .map((said) => `    ${said}`),
    ]
  })
}
