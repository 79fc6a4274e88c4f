/** `--wake` of a worker and the hints of `store`, as people use them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { describeWith } from '../servers/endpoints.ts'
import { BIN, cleanEnv, prov } from '../support/cli.ts'
import { provHere } from '../support/in-process.ts'
import { ownRedis } from '../support/redis.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY } from '../support/runs.ts'
import { commit, type TruthPlace, truthPlace } from '../support/truth-outputs.ts'

const worker = (at: TruthPlace, ...more: readonly string[]) =>
  provHere(['worker', ...at.storage, ...at.truth, '--key', PUBLIC_KEY, ...more], {})

it.each([
  ['redis://:hush@127.0.0.1/0?stream=prov', /^prov: usage: the URL of --wake holds a password/],
  ['nats://me:hush@127.0.0.1?subject=prov', /--set wake\.nats\.password-file=FILE/],
  ['kafka://127.0.0.1?topic=prov', /^prov: usage: what wakes a worker is redis:/],
  ['pubsub:projects/prov/topics/wake', /a worker reads a subscription/],
])('refuses --wake %s', async (url, said) => {
  const at = truthPlace()
  await commit(at)
  const { code, stdout, stderr } = await worker(at, '--once', '--wake', url)
  expect(code).toBe(2)
  expect(stderr).toMatch(said)
  expect(stdout + stderr).not.toContain('hush')
})

it.each([
  'wake.redis.url=redis://me:hush@127.0.0.1/0?stream=prov',
  'wake.pubsub.topic=wake',
  'wake.nats.url=redis://127.0.0.1?stream=a',
])('stores nothing where it could not tell: %s', async (setting) => {
  const { code, stdout, stderr } = await commit(truthPlace(), '--set', setting)
  expect(code).toBe(2)
  expect(stdout + stderr).not.toContain('hush')
})

it('store waits for nobody who is silent, and says nothing of it', async () => {
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const address = silent.address()
  const port = typeof address === 'object' ? address?.port : 0
  const settings = [
    `wake.redis.url=redis://127.0.0.1:${port}/0?stream=prov`,
    `wake.nats.url=nats://127.0.0.1:${port}?subject=prov`,
  ]
  const set = settings.flatMap((one) => ['--set', one])
  const store = (more: readonly string[]) => {
    const at = truthPlace()
    const args = ['store', ...at.storage, ...at.truth, '--key', PRIVATE_KEY, '--quiet', ...more, at.file]
    return prov(args, { env: { COSIGN_PASSWORD: PASSWORD } })
  }
  await store([])
  const times: number[] = []
  for (const more of [[], set]) {
    const began = performance.now()
    expect(await store(more)).toMatchObject({ code: 0, stdout: '' })
    times.push(performance.now() - began)
  }
  silent.close()
  // 200 ms, and what loading both clients takes on a busy machine; a connection that is left open would take longer.
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeLessThan(2000)
})

describeWith(['redis-server'], 'prov worker --wake', () => {
  it('is woken by what store tells, counts it, and ends within two seconds', { timeout: 60_000 }, async () => {
    const redis = await ownRedis('--requirepass', 'hush')
    const url = `${redis.url}/0?stream=prov`
    const at = truthPlace()
    await commit(at)
    const env = { COSIGN_PASSWORD: PASSWORD, PROV_WAKE_REDIS_PASSWORD: 'hush' }
    const flags = ['--key', PUBLIC_KEY, '--listen', '127.0.0.1:0', '--wake', url]
    const child = spawn(process.execPath, [BIN, 'worker', ...at.storage, ...at.truth, ...flags], {
      env: cleanEnv(env),
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (part: Buffer) => {
      said += part.toString()
    })
    const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
      for (const end = Date.now() + 20_000; Date.now() < end && !(await isSo()); ) await sleep(50)
    }
    await until(() => /listening at \S+\n/.test(said))
    const metrics = `${/listening at (\S+)/.exec(said)?.[1]}/metrics`
    const hints = async (): Promise<number> =>
      Number(/^prov_wakeups_total\{transport="redis"\} (\d+)$/m.exec(await (await fetch(metrics)).text())?.[1] ?? 0)
    await until(async () => (await hints()) === 1)
    expect(await hints()).toBe(1)
    const { file } = truthPlace('maven-taskrun.json')
    const stored = await provHere(
      ['store', ...at.storage, ...at.truth, '--key', PRIVATE_KEY, '--set', `wake.redis.url=${url}`, file],
      { env },
    )
    expect(stored).toMatchObject({ code: 0, stderr: '' })
    await until(async () => (await hints()) > 1)
    await sleep(500)
    expect(await hints()).toBe(2)
    const began = Date.now()
    child.kill('SIGTERM')
    const [code] = await once(child, 'exit')
    expect({ code, said: said.replace(/^prov: listening.*\n/, '') }).toEqual({ code: 0, said: '' })
    expect(Date.now() - began).toBeLessThan(2000)
    await redis.close()
  })
})
