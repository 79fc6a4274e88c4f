/** A small balancer, as a Kubernetes Service is one: it sends nothing to who is not ready, and asks another where nobody answers. */
import { Agent } from 'node:http'
import { ask, type Got, provide } from './service.ts'

export interface Replica {
  readonly address: string
  /** Where /readyz is. */
  readonly metrics: string | undefined
}

export interface Balancer {
  /** One request, to whoever is ready. */
  provide(keys: readonly string[]): Promise<Awaited<ReturnType<typeof provide>>>
  /** Requests that were sent again, since the replica had gone. */
  readonly repeated: number
  /** How many replicas are ready. */
  readonly ready: number
  close(): void
}

const PROBE_MS = 50

/** @example const balancer = await startBalancer(replicas) */
export async function startBalancer(replicas: readonly Replica[]): Promise<Balancer> {
  const ready = new Set<Replica>()
  const agent = new Agent({ keepAlive: true })
  let repeated = 0
  let turn = 0
  let goes = true
  const probe = async (replica: Replica): Promise<void> => {
    const found: Got | undefined = await ask(replica.metrics ?? '', '/readyz').catch(() => undefined)
    if (found?.status === 200) ready.add(replica)
    else ready.delete(replica)
  }
  const probes = replicas.map(async (replica) => {
    while (goes) {
      await probe(replica)
      await new Promise((done) => setTimeout(done, PROBE_MS))
    }
  })
  await Promise.all(replicas.map(probe))
  void Promise.all(probes)
  return {
    async provide(keys) {
      for (let tries = 0; ; tries++) {
        const all = [...ready]
        const replica = all[turn++ % Math.max(1, all.length)]
        if (replica === undefined) throw new Error('nobody is ready')
        try {
          return await provide(replica.address, '/verify', keys, { agent })
        } catch (thrown) {
          ready.delete(replica)
          repeated++
          if (tries > 10) throw thrown
        }
      }
    },
    get repeated() {
      return repeated
    },
    get ready() {
      return ready.size
    },
    close() {
      goes = false
      agent.destroy()
    },
  }
}
