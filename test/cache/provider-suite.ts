/** What every provider of a cache does. */
import { randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { MOST_VALUE_BYTES, type Provider } from '../../src/cache/cache.ts'

export interface Opened {
  readonly provider: Provider
  close(): Promise<void>
}

const signal = new AbortController().signal

/** `expires` waits, or sets a clock, until a value of one second is over. */
export function providerSuite(name: string, open: () => Promise<Opened>, expires: () => Promise<void>): void {
  describe(`a cache in ${name}`, () => {
    const withProvider = async (work: (provider: Provider) => Promise<void>): Promise<void> => {
      const { provider, close } = await open()
      try {
        await work(provider)
      } finally {
        await provider.close()
        await close()
      }
    }
    const newKey = (): string => `prov:v1:verdict:t:${randomUUID()}`

    it('gives the bytes back that it was given, whatever they are, and nothing for what it was not given', () =>
      withProvider(async (provider) => {
        for (const value of [Buffer.from([0, 255, 13, 10, 0]), randomBytes(5000), Buffer.from('"{}"')]) {
          const key = newKey()
          expect(await provider.get(key, signal)).toBeUndefined()
          await provider.set(key, value, 60_000, signal)
          expect(Buffer.from((await provider.get(key, signal)) ?? [])).toEqual(value)
        }
      }))

    it('the last value counts, and one that was deleted is gone', () =>
      withProvider(async (provider) => {
        const key = newKey()
        await provider.set(key, Buffer.from('1'), 60_000, signal)
        await provider.set(key, Buffer.from('2'), 60_000, signal)
        expect(Buffer.from((await provider.get(key, signal)) ?? []).toString()).toBe('2')
        await provider.delete(key, signal)
        await provider.delete(key, signal)
        expect(await provider.get(key, signal)).toBeUndefined()
      }))

    it('a value is over after its time, and one that has more time is not', () =>
      withProvider(async (provider) => {
        const [short, long] = [newKey(), newKey()]
        await provider.set(short, Buffer.from('1'), 1000, signal)
        await provider.set(long, Buffer.from('2'), 60_000, signal)
        await expires()
        expect(await provider.get(short, signal)).toBeUndefined()
        expect(await provider.get(long, signal)).toBeDefined()
      }))

    it('takes the longest value that there is', () =>
      withProvider(async (provider) => {
        const [key, value] = [newKey(), randomBytes(MOST_VALUE_BYTES)]
        await provider.set(key, value, 60_000, signal)
        expect(Buffer.from((await provider.get(key, signal)) ?? []).equals(value)).toBe(true)
      }))
  })
}
