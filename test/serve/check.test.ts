/** `prov serve --check`: what a service would go on without is a finding before it starts. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describeWith } from '../servers/endpoints.ts'
import { provHere } from '../support/in-process.ts'
import { ownRedis } from '../support/redis.ts'
import { PUBLIC_KEY } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { truthPlace } from '../support/truth-outputs.ts'

describeWith(['redis-server'], 'prov serve --check', () => {
  test('a cache that can be read but not written to is a finding', async () => {
    await using stack = new AsyncDisposableStack()
    const redis = stack.adopt(await ownRedis(), (own) => own.close())
    await redis.raw.call('ACL', 'SETUSER', 'reader', 'on', '>hush', '~prov:*', ...READ)
    await redis.raw.call('ACL', 'SETUSER', 'writer', 'on', '>hush', '~prov:*', ...READ, '+set', '+del')
    const folder = scratch()
    const [mac, password] = [join(folder, 'mac.key'), join(folder, 'password')]
    writeFileSync(mac, randomBytes(32))
    writeFileSync(password, 'hush\n')
    const at = truthPlace()
    const sealed = ['--set', `cache.mac-key-file=${mac}`, '--set', `cache.password-file=${password}`]
    const check = (user: string) =>
      provHere([
        ...['serve', ...at.storage, '--storage', 'docdb', '--key', PUBLIC_KEY, '--check', '--json'],
        ...['--cache', redis.url.replace('redis://', `redis://${user}@`), ...sealed, '--set', 'cache.budget=5s'],
      ])
    const [read, written] = [await check('reader'), await check('writer')]
    expect(read.code).toBe(6)
    expect(JSON.parse(read.stdout)).toMatchObject({ error: { code: 'denied' } })
    expect(written.code).toBe(0)
    expect(JSON.parse(written.stdout)).toMatchObject({ cache: true, exit: 0 })
    // What was written to see whether it can be is over as soon as a verdict: after cache.ttl-pass.
    const left = await redis.raw.keys('prov:v1:verdict:*')
    expect(left).toHaveLength(1)
    const leftMs = await redis.raw.pttl(left[0] ?? '')
    expect(leftMs).toBeGreaterThan(0)
    expect(leftMs).toBeLessThanOrEqual(60_000)
  })
})

const READ = ['+get', '+getrange', '+select', '+ping']
