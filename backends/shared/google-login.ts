/** Google's application default credentials. Lazily imported: the library is paid for only where somebody logs in. */
import { GoogleAuth } from 'google-auth-library'
import { ProvError } from '../../src/errors.ts'
import type { HttpContext } from '../../src/platform/http/context.ts'
import { googleTransport, lossIn } from './google-transport.ts'

/**
 * Value of the Authorization header for Google's services, renewed as it expires. Rejects with `denied` when credentials are missing or
 * refused, with `aborted` at once when the signal says so; no message holds a part of them.
 *
 * @param context the surroundings that decide about proxies; absent: those of the library
 * @param keyFile value of GOOGLE_APPLICATION_CREDENTIALS; undefined: the other places of application default credentials
 *
 * @example const authorization = googleLogin('grafeas', undefined); await authorization(signal) // 'Bearer …'
 */
export function googleLogin(
  backend: string,
  keyFile: string | undefined,
  context?: HttpContext,
): (signal: AbortSignal) => Promise<string | undefined> {
  const auth = new GoogleAuth({
    scopes: ['https://www.googleapis.com/auth/cloud-platform'],
    ...(keyFile === undefined ? {} : { keyFile }),
    ...(context === undefined ? {} : { clientOptions: googleTransport(context, backend) }),
  })
  return async (signal) => {
    const { promise: stopped, reject } = Promise.withResolvers<never>()
    const stop = (): void =>
      reject(new ProvError('aborted', 'stopped while logging in', { backend, operation: 'log in' }))
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop)
    try {
      const headers = await Promise.race([auth.getRequestHeaders(), stopped])
      return headers.get('authorization') ?? undefined
    } catch (thrown) {
      const loss = lossIn(thrown)
      if (loss !== undefined) throw loss
      throw new ProvError('denied', 'no application default credentials that Google takes were found', {
        backend,
        operation: 'log in',
        hint: 'run `gcloud auth application-default login`, or name a file with GOOGLE_APPLICATION_CREDENTIALS',
      })
    } finally {
      signal.removeEventListener('abort', stop)
      stopped.catch(() => undefined)
    }
  }
}
