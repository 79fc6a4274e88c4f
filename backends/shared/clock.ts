/** What time a service has: the Date of any answer will do, so no credentials are sent. */
import type { Context } from '../../src/backend/backend.ts'
import { clockSkew } from '../../src/backend/clock-skew.ts'
import { type Diagnosis, examine } from '../../src/backend/diagnosis.ts'
import { singleTry } from '../../src/platform/http/single.ts'

const LIMIT_MS = 10_000

/** @example (await clockAt('https://storage.googleapis.com', context, signal)).outcome // 'ok' */
export async function clockAt(url: string, context: Context, signal: AbortSignal): Promise<Diagnosis> {
  const now = (): number => context.now()
  return examine('clock', now, async () => {
    const http = singleTry(context, LIMIT_MS)
    const where = { operation: 'ask for the time', location: url }
    const sent = now()
    const answer = await http
      .once({ method: 'HEAD', url: new URL(url), headers: {}, maxBytes: 64 * 1024, signal, where })
      .catch(() => undefined)
    http.close()
    if (answer === undefined)
      return { outcome: 'skipped', detail: 'no server answered that could be asked for the time' }
    return clockSkew(answer.headers.date, sent, now())
  })
}
