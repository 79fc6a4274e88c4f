/** Reads what a process serves at /metrics. */

/** The value of a metric with its labels as they are written; NaN where it is not there. @example metricIn(text, 'prov_queue') // 0 */
export function metricIn(text: string, name: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  return Number(line?.slice(name.length) ?? Number.NaN)
}
