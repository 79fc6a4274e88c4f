/** What time a service has: the Date of any answer will do, so no credentials are sent. */
import type { Context } from '../../src/backend/backend.ts'
import { clockSkew } from '../../src/backend/clock-skew.ts'
import { type Diagnosis, examine } from '../../src/backend/diagnosis.ts'

const LIMIT_MS = 10_000

/** @example (await clockAt('https://storage.googleapis.com', context, signal)).outcome // 'ok' */
export async function clockAt(url: string, { now }: Pick<Context, 'now'>, signal: AbortSignal): Promise<Diagnosis> {
  return examine('clock', now, async () => {
    const sent = now()
    const limited = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)])
    const answer = await fetch(url, { method: 'HEAD', redirect: 'manual', signal: limited }).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer === undefined) return { outcome: 'skipped', detail: 'nobody answers who could be asked for the time' }
    return clockSkew(answer.headers.get('date') ?? undefined, sent, now())
  })
}
