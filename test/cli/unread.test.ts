/** What goes on until a signal comes goes on where nobody reads its standard output any more, and says so once. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { BIN, cleanEnv } from '../support/cli.ts'
import { PUBLIC_KEY } from '../support/runs.ts'
import { ask, startService } from '../support/service.ts'
import { ask as askHere, commit, truthPlace } from '../support/truth-outputs.ts'

const SAID = 'prov: nobody reads standard output now; the work goes on until it is done or a signal comes\n'
const IMAGE = `registry.example/acme/app@sha256:${'a'.repeat(64)}`

test('a worker delivers what comes after, and ends with 0', { timeout: 60_000 }, async () => {
  const at = truthPlace()
  await commit(at)
  const flags = [...at.storage, ...at.truth, '--key', PUBLIC_KEY]
  const child = spawn(process.execPath, [BIN, 'worker', ...flags], {
    env: cleanEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  child.stderr.on('data', (part: Buffer) => {
    said += part.toString()
  })
  await once(child.stdout, 'data')
  child.stdout.destroy()
  const other = { ...at, file: truthPlace('maven-taskrun.json').file }
  await commit(other)
  const owed = async (): Promise<readonly unknown[]> => {
    const { stdout } = await askHere('outbox', 'ls', ...at.truth)
    const rows = stdout.trim().split('\n').slice(0, -1)
    return rows.map((row) => JSON.parse(row).state).filter((state) => state !== 'done')
  }
  while ((await owed()).length > 0) await sleep(100)
  while (said === '') await sleep(20)
  child.kill('SIGTERM')
  const [code] = await once(child, 'close')
  expect({ code, said }).toEqual({ code: 0, said: SAID })
})

test('a service answers as before', async () => {
  const at = truthPlace()
  const service = await startService([
    ...at.storage,
    '--storage',
    'docdb',
    '--key',
    PUBLIC_KEY,
    '--set',
    'serve.drain=1ms',
  ])
  service.child.stdout?.destroy()
  const statuses: number[] = []
  while (service.stderr() === '') {
    statuses.push((await ask(service.address, `/v1/verify?image=${IMAGE}`)).status)
    await sleep(20)
  }
  statuses.push((await ask(service.address, `/v1/verify?image=${IMAGE}`)).status)
  expect(new Set(statuses)).toEqual(new Set([200]))
  expect(await service.stop()).toBe(0)
  expect(service.stderr()).toBe(SAID)
})
