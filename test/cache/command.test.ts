/** `prov verify --cache`: what is found again, what is verified anew, and what a broken or hostile cache changes: nothing. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { describeWith } from '../servers/endpoints.ts'
import { startDaprState } from '../support/dapr-state.ts'
import { provHere, type Said } from '../support/in-process.ts'
import { type OwnRedis, ownRedis } from '../support/redis.ts'
import { scratch } from '../support/scratch.ts'
import { editRun, openStage, type Stage } from '../support/stage.ts'

const MAC = join(scratch(), 'mac.key')
writeFileSync(MAC, randomBytes(32))
/** So that a machine with other things to do finds what it has. */
const SEALED = ['--set', `cache.mac-key-file=${MAC}`, '--set', 'cache.budget=5s']

interface Printed {
  readonly exit: number
  readonly cached?: boolean
  readonly age?: number
  readonly notes: readonly string[]
  readonly artifacts: readonly { readonly rows: readonly { readonly mark: string }[] }[]
}

const printed = ({ stdout }: Said): Printed => JSON.parse(stdout) as Printed

describeWith(['redis', 'distribution'], 'prov verify --cache', () => {
  let redis: OwnRedis
  let stage: Stage
  beforeAll(async () => {
    ;[redis, stage] = await Promise.all([ownRedis(), openStage('distribution')])
  }, 60_000)
  afterAll(async () => {
    redis.freeze(false)
    await Promise.all([redis.close(), stage[Symbol.asyncDispose]()])
  })
  beforeEach(async () => {
    redis.freeze(false)
    await redis.raw.flushall()
    await stage.restore()
    stage.proxy?.reset()
  })

  const requests = (): number => stage.proxy?.seen.length ?? 0
  const verify = (...more: readonly string[]): Promise<Said> =>
    provHere(['verify', ...stage.where, '--key', stage.key.public, ...more])
  const image = (...more: readonly string[]): Promise<Said> =>
    verify('--storage', 'oci', '--image', stage.a.image, '--json', ...more)
  const cached = (...more: readonly string[]): Promise<Said> => image('--cache', redis.url, ...SEALED, ...more)

  it('the second makes no request to any backend, says that it is kept and how old, and ends the same', async () => {
    const plain = await image()
    const first = await cached()
    expect(printed(first)).toMatchObject({ exit: 0, cached: false, age: 0, notes: [] })
    const { cached: _, age: __, ...fresh } = printed(first)
    expect(fresh).toEqual(printed(plain))
    stage.proxy?.reset()
    const second = await cached()
    expect(requests()).toBe(0)
    expect(second.code).toBe(0)
    expect(printed(second)).toEqual({ ...printed(first), cached: true, age: expect.any(Number) })
  })

  it('the same of runs with their images', async () => {
    const run = (): Promise<Said> => verify('--json', '--cache', redis.url, ...SEALED, stage.a.file, stage.b.file)
    const first = printed(await run())
    stage.proxy?.reset()
    expect(printed(await run())).toEqual({ ...first, cached: true, age: expect.any(Number) })
    expect(requests()).toBe(0)
  })

  it('the text says so, in each of its forms', async () => {
    const text = (...more: string[]): Promise<Said> =>
      verify('--storage', 'oci', '--image', stage.a.image, '--cache', redis.url, ...SEALED, ...more)
    expect((await text()).stdout).not.toContain('cache')
    for (const more of [[], ['--show', 'all']]) {
      expect((await text(...more)).stdout).toMatch(/from the cache: verified \d+ s ago, not now/)
    }
    expect((await text('--quiet')).stdout).toBe('')
    const bad = (): Promise<Said> => text('--quiet', '--require', '2')
    expect((await bad()).stdout).not.toContain('cache')
    expect((await bad()).stdout).toMatch(/from the cache: verified \d+ s ago, not now/)
    const junit = join(scratch(), 'junit.xml')
    expect((await text('--output', `junit=${junit}`)).code).toBe(0)
  })

  it('without --cache, and with cache.url alone, everything is verified', async () => {
    await cached()
    for (const env of [{}, { PROV_CACHE_URL: redis.url, PROV_CACHE_MAC_KEY_FILE: MAC }]) {
      stage.proxy?.reset()
      const said = await provHere(
        ['verify', ...stage.where, '--storage', 'oci', '--key', stage.key.public, '--image', stage.a.image, '--json'],
        { env },
      )
      expect(printed(said)).not.toHaveProperty('cached')
      expect(requests()).toBeGreaterThan(0)
    }
  })

  it('another key, a key more, another demand, another namespace: the next answer is fresh', async () => {
    await cached()
    const others = [
      ['--key', stage.foreign.public],
      ['--strict'],
      ['--require', '1'],
      ['--set', 'cache.namespace=next'],
      ['--timeout', '5'],
    ]
    for (const more of others) expect(printed(await cached(...more)), more.join(' ')).toMatchObject({ cached: false })
    expect(printed(await cached())).toMatchObject({ cached: true })
    const taken = await provHere(
      ['verify', ...stage.where, '--storage', 'oci', '--key', stage.foreign.public, '--image', stage.a.image].concat(
        ['--json', '--cache', redis.url],
        SEALED,
      ),
    )
    expect(printed(taken)).toMatchObject({ cached: false, exit: 3 })
  })

  it('a run that was edited is verified anew', async () => {
    const run = (): Promise<Said> => verify('--json', '--cache', redis.url, ...SEALED, stage.a.file)
    expect(printed(await run())).toMatchObject({ exit: 0, cached: false })
    editRun(stage.a.file, ({ metadata }) => {
      metadata.labels['team'] = 'other'
    })
    expect(printed(await run())).toMatchObject({ cached: false })
  })

  it('"verified", written into Redis by hand, is not taken', async () => {
    await cached()
    const [ofOurs = ''] = await redis.raw.keys('prov:v1:verdict:*')
    const good = await redis.raw.getBuffer(ofOurs)
    if (good === null) throw new Error('nothing was kept')
    const foreign = (): Promise<Said> =>
      provHere([
        ...['verify', ...stage.where, '--storage', 'oci', '--key', stage.foreign.public, '--image', stage.a.image],
        ...['--json', '--cache', redis.url, ...SEALED],
      ])
    expect((await foreign()).code).toBe(3)
    const key = (await redis.raw.keys('prov:v1:verdict:*')).find((name) => name !== ofOurs) ?? ''
    const body = good.subarray(32)
    const forgeries = [good, body, Buffer.concat([randomBytes(32), body]), Buffer.from('verified'), randomBytes(500)]
    for (const forged of forgeries) {
      stage.proxy?.reset()
      await redis.raw.set(key, forged)
      const said = await foreign()
      expect(said.code).toBe(3)
      expect(printed(said)).toMatchObject({ exit: 3, cached: false })
      expect(requests()).toBeGreaterThan(0)
    }
  })

  it('a registry that is away is not remembered, and the first answer after that is right', async () => {
    stage.proxy?.use(() => ({ status: 503 }))
    const away = await cached('--set', 'storage.retries=0')
    expect(printed(away)).toMatchObject({ exit: 6, cached: false })
    expect(await redis.raw.keys('prov:v1:verdict:*')).toEqual([])
    stage.proxy?.use(undefined)
    expect(printed(await cached('--set', 'storage.retries=0'))).toMatchObject({ exit: 0, cached: false })
  })

  it('frozen, full, and gone: the verdict is right, and a note says what is the matter', async () => {
    const quick = ['--set', 'cache.budget=50ms']
    redis.freeze(true)
    expect(printed(await cached(...quick))).toMatchObject({
      exit: 0,
      cached: false,
      notes: [expect.stringContaining('cache')],
    })
    redis.freeze(false)
    await redis.raw.call('CONFIG', 'SET', 'maxmemory', '1')
    expect(printed(await cached()).notes).toEqual([expect.stringContaining('Redis is full')])
    await redis.raw.call('CONFIG', 'SET', 'maxmemory', '0')
    await redis.kill()
    expect(printed(await cached())).toMatchObject({
      exit: 0,
      cached: false,
      notes: [expect.stringContaining('refused')],
    })
    await redis.start()
  }, 30_000)

  it('one that is stopped before it looked says so, as without a cache', async () => {
    const args = ['verify', ...stage.where, '--key', stage.key.public, '--json', stage.a.file, stage.b.file]
    const stopped = { signal: AbortSignal.abort(new Error('stopped')) }
    const plain = await provHere(args, stopped)
    const said = await provHere([...args, '--cache', redis.url, ...SEALED], stopped)
    expect(said.code).toBe(plain.code)
    const { cached: _, age: __, ...fresh } = printed(said)
    expect(fresh).toEqual(printed(plain))
    expect(await redis.raw.keys('prov:v1:verdict:*')).toEqual([])
  })

  it('a Dapr sidecar does as well', async () => {
    await using dapr = await startDaprState(Date.now)
    const behind = (): Promise<Said> => image('--cache', `dapr:${dapr.base}/verdicts`, ...SEALED)
    expect(printed(await behind())).toMatchObject({ exit: 0, cached: false, notes: [] })
    expect(printed(await behind())).toMatchObject({ exit: 0, cached: true })
  })

  it.each([
    [['--all']],
    [['--output', 'vsa']],
    [['--output', 'vsa=summary.jsonl']],
    [['--output', 'vsa', '--vsa-key', 'cosign.key']],
  ])('with %j it is refused before anything is read', async (more) => {
    const said = await cached(...more)
    expect(said.code).toBe(2)
    expect(said.stdout).toContain('--cache cannot be used with')
    expect(requests()).toBe(0)
  })

  it('without a MAC key, with a password in the URL, or at no such place it is refused', async () => {
    for (const url of [redis.url, redis.url.replace('redis://', 'redis://:hush@'), 'http://cache']) {
      const said = await image('--cache', url)
      expect(said.code).toBe(2)
      expect(said.stdout + said.stderr).not.toContain('hush')
    }
    expect((await provHere(['repair', ...stage.where, '--cache', redis.url, stage.a.file])).code).toBe(2)
  })
})
