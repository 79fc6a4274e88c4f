/** What a worker says: a line for each delivery, and sums at its end. */
import type { WorkerEnd } from '../../delivery/worker.ts'
import type { ErrorJson } from '../../errors.ts'
import { errorLine, type Layout, page } from './verify-text.ts'

/** One delivery, as --json prints it. */
export interface WorkerEvent {
  readonly id: number
  readonly target: string
  readonly slot: string
  /** The artifact's URI. */
  readonly artifact: string
  readonly format: string
  readonly outcome: 'done' | 'held' | 'gone' | 'to try again' | 'quarantined' | 'given back' | 'stale'
  readonly location?: string
  readonly afterMs?: number
  readonly error?: ErrorJson
}

export interface WorkerReport extends WorkerEnd {
  readonly owed: readonly { readonly target: string; readonly state: string; readonly rows: number }[]
  readonly exit: number
}

/** @example deliveredText(event, layout) // 'done         oci ghcr.io/acme/app:sha256-….att\n' */
export function deliveredText(event: WorkerEvent, layout: Layout): string {
  const { outcome, target, slot, location = slot, error, afterMs } = event
  const again = afterMs === undefined ? '' : ` in ${(afterMs / 1000).toFixed(1)} s`
  const what = target === 'seal' ? `mark as signed in ${slot} of ${event.artifact}` : `${target} ${location}`
  const why = error === undefined ? [] : [`  ${errorLine(error)}`]
  return page([`${outcome.padEnd(12)} ${what}${again}`, ...why], layout)
}

/** @example workerEndText(report, layout) // 'delivered 12; nothing is owed\n' */
export function workerEndText(report: WorkerReport, layout: Layout): string {
  const counts = (['held', 'gone', 'quarantined', 'stale'] as const).flatMap((name) =>
    report[name] === 0 ? [] : [`${report[name]} ${name}`],
  )
  const back = report.givenBack === 0 ? [] : [`${report.givenBack} signed by none of the keys given`]
  const owed = report.owed.map(({ target, state, rows }) => `${target} ${rows} ${state}`)
  const left = owed.length === 0 ? 'nothing is owed' : `still owed: ${owed.join(', ')}`
  return page([`${[`delivered ${report.delivered}`, ...counts, ...back].join(', ')}; ${left}`], layout)
}
