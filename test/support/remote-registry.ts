/** The port over HTTP with short limits, for tests. */
import { randomBytes } from 'node:crypto'
import { expect, onTestFinished } from 'vitest'
import type { Registry } from '../../backends/oci/port.ts'
import type { FindCredentials } from '../../backends/oci/registry/auth.ts'
import type { RemoteOptions } from '../../backends/oci/registry/calls.ts'
import { remoteRegistry } from '../../backends/oci/registry/registry.ts'
import type { ErrorCode } from '../../src/errors.ts'
import { ProvError } from '../../src/errors.ts'

export const noCredentials: FindCredentials = async () => undefined

/** @example remote({ attempts: 1 }) */
export function remote(options: Partial<RemoteOptions> = {}): Registry {
  const registry = remoteRegistry({
    connectMs: 2000,
    requestMs: 5000,
    attempts: 3,
    budget: 20,
    baseDelayMs: 5,
    maxDelayMs: 2000,
    insecure: false,
    caFile: undefined,
    env: {},
    userAgent: 'prov/test',
    credentials: noCredentials,
    now: Date.now,
    random: (size) => randomBytes(size),
    debug: () => {},
    ...options,
  })
  onTestFinished(() => registry.close())
  return registry
}

/** The error that a call ends with, of that code, naming backend, operation and place. */
export async function failsWith(code: ErrorCode, call: Promise<unknown>): Promise<ProvError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(ProvError)
  if (!(error instanceof ProvError)) throw new Error('no ProvError')
  expect({ code: error.code, message: error.message }).toMatchObject({ code })
  expect(error.backend).toBe('oci')
  expect(error.operation).toBeTruthy()
  expect(error.location).toBeTruthy()
  return error
}

export function calm(): { readonly signal: AbortSignal } {
  return { signal: new AbortController().signal }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
