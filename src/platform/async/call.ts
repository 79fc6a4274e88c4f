/** What every call that may take long is given. */
export interface CallOptions {
  /** Aborting it ends the call at once with code `aborted`. */
  readonly signal: AbortSignal
}
