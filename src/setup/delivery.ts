/** From an open set-up to what delivers from a truth: in the command that committed, or in a worker. */

import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { LaneJob } from '../delivery/lane.ts'
import { durationMs } from '../platform/text/duration.ts'
import type { IndexStore } from '../search/index-store.ts'
import type { Trust } from '../trust/trust.ts'
import { INDEX } from '../truth/term-pages.ts'
import type { Truth } from '../truth/truth.ts'
import type { Setup } from './backends.ts'

/** What a lane needs beside its signals. */
export type DeliveryJob = Omit<LaneJob, 'drain' | 'stop' | 'givenBack' | 'only' | 'told'>

/** The name of this machine, under which copies in files here are delivered. @example thisHost() // 'ci-17' */
export function thisHost(): string {
  return hostname()
}

/** `index`: absent where nothing is delivered to one. @example deliveryJob(setup, truth, trust).concurrency // 16 */
export function deliveryJob(setup: Setup, truth: Truth, trust: Trust, index?: IndexStore): DeliveryJob {
  const { settings, backends, retry } = setup
  const byName = new Map(backends.map((backend) => [backend.name, backend]))
  return {
    truth,
    targets: [...backends.map(({ name }) => name), ...(index === undefined ? [] : [INDEX])],
    index,
    backend: (name) => byName.get(name),
    trust: () => trust,
    retry,
    holder: randomUUID(),
    host: thisHost(),
    leaseMs: durationMs(settings.get('worker.lease') ?? '60s'),
    concurrency: Number(settings.get('worker.concurrency')),
  }
}
