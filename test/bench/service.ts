/**
 * The verification service beside itself without a cache and beside a bare fastify that answers the same bytes: part of `npm run bench`;
 * `npm run bench -- service` runs nothing else. One run, 20 connections, 20 images, registry on loopback, as ratios.
 */
import { spawn } from 'node:child_process'
import { once as onceOf } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { cleanEnv, ROOT } from '../support/cli.ts'
import { scratch } from '../support/scratch.ts'
import { ask, provide, providerRequest, type Started, spawnService } from '../support/service.ts'
import { signedImages } from '../support/signed-images.ts'
import { type Figure, rounds } from './measure.ts'
import type { Print } from './moves.ts'

const IMAGES = 20
const CONNECTIONS = 20
const SECONDS = 8
const KEYS = 100_000

const pathOf = (image: string): string => `/v1/verify?image=${encodeURIComponent(image)}`

async function loaded(address: string, images: readonly string[]) {
  const requests = images.map((image) => ({ path: pathOf(image) }))
  const {
    requests: done,
    latency,
    non2xx,
    errors,
  } = await autocannon({
    url: `http://${address}`,
    connections: CONNECTIONS,
    duration: SECONDS,
    requests,
  })
  if (non2xx + errors > 0) throw new Error(`${non2xx} bad answers, ${errors} errors`)
  return { rate: done.average, p99: latency.p99 }
}

interface Bare {
  readonly address: string
  readonly ms: number
  end(): Promise<void>
}

/** From the start of the process to the line that it listens. */
async function startBare(file = ''): Promise<Bare> {
  const began = performance.now()
  const child = spawn(process.execPath, [join(ROOT, 'test/bench/bare.ts'), file], {
    cwd: ROOT,
    env: cleanEnv(),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await onceOf(child.stdout, 'data')) as [Buffer]
  const ms = performance.now() - began
  const { address } = JSON.parse(line.toString()) as { readonly address: string }
  return {
    address,
    ms,
    end: async () => {
      child.kill('SIGKILL')
      await onceOf(child, 'close')
    },
  }
}

async function ended(service: Started): Promise<void> {
  service.child.kill('SIGKILL')
  await service.ended
}

export async function serviceBench(
  { rounds: n, memory }: { readonly rounds: number; readonly memory: boolean },
  print: Print,
): Promise<void> {
  await using signed = await signedImages(IMAGES)
  const { images } = signed
  const flags = [...signed.flags, '--set', 'serve.registry-rate=0']
  const service = await spawnService([...flags, '--cache', 'memory', '--set', 'cache.ttl-pass=60m'])
  for (const image of images) await ask(service.address, pathOf(image))
  const file = join(scratch(), 'answer.json')
  writeFileSync(file, (await ask(service.address, pathOf(images[0] ?? ''))).text)
  const cached = await loaded(service.address, images)
  const bare = await startBare(file)
  const theirs = await loaded(bare.address, images)
  await bare.end()
  const plain = await spawnService([...flags, '--cache', 'none'])
  signed.proxy.reset()
  await ask(plain.address, pathOf(images[0] ?? ''))
  const first = signed.proxy.seen.length
  signed.proxy.reset()
  await ask(plain.address, pathOf(images[0] ?? ''))
  const second = signed.proxy.seen.length
  const remembering = await loaded(plain.address, images)
  await ended(plain)
  const forgetful = await spawnService([...flags, '--cache', 'none', '--set', 'serve.registry-memory=0'])
  await ask(forgetful.address, pathOf(images[0] ?? ''))
  const uncached = await loaded(forgetful.address, images)
  await ended(forgetful)
  print('cached verdicts, rate', cached.rate, 'nothing kept at all', uncached.rate, 'requests/s', 'at least 8')
  print(
    'cached verdicts, rate',
    cached.rate,
    'no verdicts, but blobs in memory',
    remembering.rate,
    'requests/s',
    'for information',
  )
  print(
    'cached verdicts, rate',
    cached.rate,
    'a bare fastify with the same bytes',
    theirs.rate,
    'requests/s',
    'at least 0.4',
  )
  print(
    'cached verdicts, 99 of 100 within',
    cached.p99,
    'a bare fastify with the same bytes',
    theirs.p99,
    'ms',
    'at most 3',
  )
  print('a second verification, blobs remembered', second, 'the first one', first, 'requests to the registry', 'fewer')
  const figures = await rounds(Math.max(n, 30), {
    one: () => timed(() => provide(service.address, '/verify', images.slice(0, 1))),
    fifty: () =>
      timed(() =>
        provide(
          service.address,
          '/verify',
          Array.from({ length: 50 }, (_, i) => images[i % IMAGES] ?? ''),
        ),
      ),
  })
  print('/verify with 50 cached keys, wall time', figures.fifty.ms, 'one with 1', figures.one.ms, 'ms', 'at most 3')
  await ended(service)
  const starts = await rounds(n, {
    ours: async () => {
      const began = performance.now()
      const started = await spawnService([...flags, '--cache', 'memory'])
      const ms = performance.now() - began
      await ended(started)
      return { ms, mb: 0 }
    },
    bare: async () => {
      const started = await startBare()
      await started.end()
      return { ms: started.ms, mb: 0 }
    },
  })
  print('from the start until it listens', starts.ours.ms, 'a bare fastify', starts.bare.ms, 'ms', 'at most 1.5')
  if (memory) await flatMemory(signed.proxy.endpoint, flags, print)
}

async function timed(work: () => Promise<unknown>): Promise<Figure> {
  const began = performance.now()
  await work()
  return { ms: performance.now() - began, mb: 0 }
}

/** Resident memory after 20,000 different keys and after 100,000, each of which is looked for in the registry. */
async function flatMemory(endpoint: string, flags: readonly string[], print: Print): Promise<void> {
  const service = await spawnService([
    ...flags,
    '--cache',
    'memory',
    '--deadline',
    '60s',
    '--set',
    'cache.ttl-absent=60m',
    '--max-keys',
    '500',
  ])
  const resident = (): number =>
    Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${service.child.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  let early = 0
  for (let from = 0; from < KEYS; from += 500) {
    const keys = Array.from(
      { length: 500 },
      (_, i) => `${endpoint}/prov/none@sha256:${(from + i).toString(16).padStart(64, '0')}`,
    )
    const { status } = await ask(service.address, '/verify', { body: JSON.stringify(providerRequest(keys)) })
    if (status !== 200) throw new Error(`status ${status}`)
    if (from === 0.2 * KEYS) early = resident()
  }
  print('resident memory after 100,000 different keys', resident(), 'after 20,000', early, 'MB', 'at most 1.1')
  await ended(service)
}
