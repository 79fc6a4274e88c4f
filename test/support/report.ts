/** What the tests read of prov's `--json`. */
import type { Outcome } from './cli.ts'

export interface ReportRow {
  readonly backend: string
  readonly mark: string
  readonly format?: string
  readonly location?: string
  readonly error?: { readonly code: string }
}

export interface Report {
  readonly exit: number
  readonly findings: readonly { readonly code: string }[]
  readonly artifacts: readonly {
    readonly artifact: string
    readonly kind: string
    readonly rows: readonly ReportRow[]
    readonly strangers: readonly { readonly code: string; readonly location: string }[]
  }[]
}

/** @example reportOf(await prov(['verify', '--json', …])).exit */
export function reportOf({ stdout, stderr }: Outcome): Report {
  try {
    return JSON.parse(stdout) as Report
  } catch {
    throw new Error(`no JSON on stdout: ${stdout.slice(0, 500)}\nstderr: ${stderr.slice(0, 2000)}`)
  }
}

/** Every mark as `BACKEND KIND MARK`, sorted. @example marksOf(report) // ['oci dsse =', 'tekton dsse ='] */
export function marksOf(report: Report): readonly string[] {
  return report.artifacts.flatMap(({ kind, rows }) => rows.map((row) => `${row.backend} ${kind} ${row.mark}`)).sort()
}
