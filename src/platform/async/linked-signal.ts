/**
 * A signal of one's own that follows another. `AbortSignal.any` does so too, but what listens to it stays in memory for as long as the signal
 * that it follows, and that may live as long as the process.
 */
export interface LinkedSignal {
  readonly signal: AbortSignal
  abort(reason?: unknown): void
  /** To be called once nobody needs the signal any more: the followed one then knows nothing of it. */
  release(): void
}

/**
 * Aborted when `followed` is, with its reason, or by itself.
 *
 * @example const stop = linkedSignal(options.signal); try { await work(stop.signal) } finally { stop.release() }
 */
export function linkedSignal(followed: AbortSignal): LinkedSignal {
  const own = new AbortController()
  const onAbort = (): void => own.abort(followed.reason)
  if (followed.aborted) onAbort()
  else followed.addEventListener('abort', onAbort, { once: true })
  return {
    signal: own.signal,
    abort: (reason) => own.abort(reason),
    release: () => followed.removeEventListener('abort', onAbort),
  }
}
