/** `prov doctor` and the cache of `cache.url`: what is wrong with it is said here, since a service starts and goes on without it. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { describeWith } from '../servers/endpoints.ts'
import { provHere } from '../support/in-process.ts'
import { ownRedis } from '../support/redis.ts'
import { PUBLIC_KEY } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const MAC = join(scratch(), 'mac.key')
writeFileSync(MAC, randomBytes(32))

interface Shown {
  readonly backend: string
  readonly outcome: string
  readonly checks: readonly { readonly check: string; readonly outcome: string; readonly detail: string }[]
}

async function cacheIn(settings: Readonly<Record<string, string>>, ...more: readonly string[]) {
  const all = { 'cache.budget': '5s', ...settings }
  const set = Object.entries(all).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  const said = await provHere(['doctor', '--key', PUBLIC_KEY, '--json', ...set, ...more])
  const { backends } = JSON.parse(said.stdout) as { readonly backends: readonly Shown[] }
  return backends.find(({ backend }) => backend === 'cache')
}

it('none is looked at where none is set', async () => {
  expect(await cacheIn({})).toBeUndefined()
})

it('a shared cache without a MAC key has failed, and is not asked', async () => {
  const shown = await cacheIn({ 'cache.url': 'redis://127.0.0.1:1' })
  expect(shown?.outcome).toBe('failed')
  expect(shown?.checks).toHaveLength(1)
})

describeWith(['redis'], 'with a Redis', () => {
  it('one that answers is well; one that takes no writes is not, unless nothing is to be written', async () => {
    const redis = await ownRedis('--maxmemory-policy', 'noeviction')
    const settings = { 'cache.url': redis.url, 'cache.mac-key-file': MAC }
    try {
      const checks = (detail: unknown) => [{ check: 'configuration' }, { check: 'reach', detail }]
      const read = await cacheIn(settings, '--read-only')
      expect(read).toMatchObject({ outcome: 'ok', checks: checks('answers') })
      expect(await redis.raw.keys('prov:v1:*')).toEqual([])
      const whole = await cacheIn(settings)
      expect(whole).toMatchObject({ outcome: 'ok', checks: checks('answers, and takes what is written') })
      await redis.raw.call('CONFIG', 'SET', 'maxmemory', '1')
      expect(await cacheIn(settings, '--read-only')).toMatchObject({ outcome: 'ok' })
      expect(await cacheIn(settings)).toMatchObject({
        outcome: 'failed',
        checks: checks(expect.stringContaining('is full')),
      })
    } finally {
      await redis.close()
    }
  })

  it('one that is down has failed, with the reason', async () => {
    const shown = await cacheIn({ 'cache.url': 'redis://127.0.0.1:1', 'cache.mac-key-file': MAC })
    expect(shown?.checks[1]).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('refused') })
  })
})
