/** How it ends: nothing that was asked is lost. */
import { expect, test } from 'vitest'
import { type Life, untilStopped } from '../../src/service/lifecycle.ts'
import { describeWith } from '../servers/endpoints.ts'
import { ask, provide, startService } from '../support/service.ts'
import { signedImages } from '../support/signed-images.ts'

describeWith(['distribution'], 'SIGTERM', () => {
  test('it says that it is not ready, and lives', async () => {
    await using signed = await signedImages(1)
    const flags = [...signed.flags, '--set', 'serve.drain=1500ms', '--metrics-listen', '127.0.0.1:0']
    const service = await startService(flags)
    const ended = service.stop()
    await service.logged('draining')
    expect((await ask(service.metrics ?? '', '/readyz')).text).toMatch(/^not ready: end: /)
    expect((await ask(service.metrics ?? '', '/healthz')).status).toBe(200)
    const { status, headers } = await provide(service.address, '/verify', signed.images)
    expect({ status, connection: headers['connection'] }).toEqual({ status: 200, connection: 'close' })
    expect(await ended).toBe(0)
    expect(service.log.at(-1)).toMatchObject({ event: 'ended', exit: 0 })
  })

  test('what was begun is finished', async () => {
    await using signed = await signedImages(1)
    const service = await startService([...signed.flags, '--set', 'serve.drain=1ms'])
    signed.proxy.use(() => ({ delayMs: 500 }))
    const asked = provide(service.address, '/verify', signed.images)
    while (signed.proxy.seen.length === 0) await new Promise((done) => setTimeout(done, 5))
    expect(await service.stop()).toBe(0)
    expect((await asked).items?.[0]?.value).toMatchObject({ verdict: 'verified' })
  })

  test('a second signal ends it at once', async () => {
    await using signed = await signedImages(1)
    const service = await startService([...signed.flags, '--set', 'serve.drain=60s'])
    service.child.kill('SIGTERM')
    await service.logged('draining')
    service.child.kill('SIGTERM')
    expect(await service.ended).toBeNull()
    expect(service.child.signalCode).toBe('SIGTERM')
  })
})

test('what does not come to its end is given up, and the exit status says so', async () => {
  const told: string[] = []
  const life = (finish: Life['finish']): Life => ({
    signal: AbortSignal.abort(),
    drainMs: 1,
    finishMs: 1,
    draining: () => told.push('draining'),
    finish,
    abandon: () => told.push('abandoned'),
    sleep: async (ms) => void told.push(`slept ${ms}`),
  })
  expect(await untilStopped(life(() => new Promise(() => undefined)))).toBe(130)
  expect(told).toEqual(['draining', 'slept 1', 'slept 1', 'abandoned'])
})
