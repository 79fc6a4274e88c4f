/** A backend whose reads are counted. */
import type { Backend } from '../backend/backend.ts'
import { asProvError } from '../errors.ts'

/**
 * @param told the backend's name, and `ok` or the code of the error
 *
 * @example counted(backend, (name, code) => metrics.count('prov_backend_requests_total', { backend: name, code }))
 */
export function counted(backend: Backend, told: (backend: string, code: string) => void): Backend {
  const { name, get, getMany } = backend
  const telling = async <T>(work: Promise<T>): Promise<T> => {
    try {
      const found = await work
      told(name, 'ok')
      return found
    } catch (thrown) {
      told(name, asProvError(thrown).code)
      throw thrown
    }
  }
  return {
    ...backend,
    get: (slot, options) => telling(get.call(backend, slot, options)),
    ...(getMany === undefined ? {} : { getMany: (slots, options) => telling(getMany.call(backend, slots, options)) }),
  }
}
