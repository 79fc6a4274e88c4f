/** Who is there to deliver. */

export interface WorkerBeat {
  readonly holder: string
  readonly host: string
  readonly targets: readonly string[]
}

/** A machine that alone can deliver something that is owed: the copy, or the mark as signed, belongs into a file there. */
export interface Machine {
  readonly host: string
  readonly rows: number
  /** Milliseconds since a worker there gave a sign of life, or a store there committed the newest of these. */
  readonly seenMs: number
}
