/** From places to what gives hints, or takes them; each client is loaded only where it is used. */
import type { HttpContext } from '../../platform/http/context.ts'
import type { Teller, Transport, WakePlace } from './wake.ts'

/**
 * Nothing connects yet. Throws `not_supported` for NATS where its client is not installed.
 *
 * @param reader who reads, and what it serves: workers of one name share their messages where the transport keeps them
 *
 * @example await openTransports([placeOf('redis://cache/0?stream=prov')], context, 'build-7/oci')
 */
export function openTransports(
  places: readonly WakePlace[],
  context: HttpContext,
  reader: string,
): Promise<readonly Transport[]> {
  return Promise.all(
    places.map(async (place): Promise<Transport> => {
      if (place.transport === 'redis') return (await import('./redis.ts')).redisTransport(place)
      if (place.transport === 'nats') return (await import('./nats.ts')).natsTransport(place, reader)
      return (await import('./pubsub.ts')).pubsubTransport(place, context)
    }),
  )
}

async function openTeller(place: WakePlace, context: HttpContext, signal: AbortSignal): Promise<Teller> {
  if (place.transport === 'redis') return (await import('./redis.ts')).redisTeller(place, signal)
  if (place.transport === 'nats') return (await import('./nats.ts')).natsTeller(place, signal)
  return (await import('./pubsub.ts')).pubsubTeller(place, context, signal)
}

/** Hints that are given to all places of a command. */
export interface Tellers {
  /** Resolves once all have the hint, or the time is over; throws nothing. Gives the places that have it. */
  tell(ms: number): Promise<readonly string[]>
  /** Ends every connection at once. */
  close(): void
}

/**
 * Begins to connect at once, so that a hint is on its way soon after the commit.
 *
 * @example const tellers = openTellers(places, context); await commit(); await tellers.tell(200); tellers.close()
 */
export function openTellers(places: readonly WakePlace[], context: HttpContext): Tellers {
  const stop = new AbortController()
  const opening = places.map((place) => openTeller(place, context, stop.signal))
  for (const one of opening) one.catch(() => undefined)
  return {
    tell: async (ms) => {
      const told: string[] = []
      const all = opening.map(async (one) => {
        const teller = await one
        await teller.tell()
        told.push(teller.location)
      })
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms)
      })
      await Promise.race([Promise.allSettled(all), late])
      clearTimeout(timer)
      return [...told]
    },
    close: () => stop.abort(),
  }
}
