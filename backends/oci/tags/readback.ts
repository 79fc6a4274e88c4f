/** The cheap protocol for a shared tag: look again before the write, write, read back, put what was lost. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ProvError } from '../../../src/errors.ts'
import { jittered } from '../../../src/platform/async/jitter.ts'
import { failure } from '../failure.ts'
import type { Layer } from './layout.ts'
import { isChanged, isDone, isStale, readTagState, refuseChanged, stale, type Tag, wanted, writeTag } from './tag.ts'
import type { Protocol, ProtocolOptions } from './writes.ts'

const MAX_ROUNDS = 12
/** Each conflict means that another writer got on: nobody starves for long. */
const MAX_CONDITIONAL_ROUNDS = 100
const MAX_FAILED_ROUNDS = 4

/**
 * Registries know no conditional write of a tag, so an entry that another writer drops after our last look stays lost; any
 * later `store` or `repair` puts it back from another store. Where writes are conditional (the image layout directory) the
 * same loop loses nothing.
 *
 * @example await readback(options).commit(tag, { add: [layer], drop: [] }, signal)
 */
export function readback(options: ProtocolOptions): Protocol {
  const { registry } = options
  return {
    settle: async () => undefined,
    async commit(tag, edit, signal) {
      let carried: readonly Layer[] = []
      let failedRounds = 0
      let checked = false
      const rounds = registry.conditional ? MAX_CONDITIONAL_ROUNDS : MAX_ROUNDS
      for (let round = 0; round < rounds; round++) {
        if (round > 1) await pause(round, options, tag, signal)
        try {
          const state = await readTagState(registry, tag, signal, edit.replaces)
          const layers = wanted(state, carried, edit)
          if (!checked && isStale(state, edit)) throw stale(tag)
          checked = true
          refuseChanged(tag, state, edit)
          if (isDone(state, layers, edit)) return
          const unchanged = async () =>
            registry.conditional || (await readTagState(registry, tag, signal, edit.replaces)).digest === state.digest
          // What was in the tag when we wrote must not get lost through a third writer either.
          if (await writeTag(registry, tag, state, layers, signal, unchanged)) carried = layers
        } catch (error) {
          if (!checked || isChanged(error) || !worthAnotherLook(error)) throw error
          if (!isConflict(error) && ++failedRounds > MAX_FAILED_ROUNDS) throw error
        }
      }
      throw outrun(tag)
    },
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof ProvError && error.code === 'conflict'
}

/** After these nobody knows whether the write took place: the next look tells. */
export function worthAnotherLook(error: unknown): boolean {
  return error instanceof ProvError && ['conflict', 'server_error', 'unreachable'].includes(error.code)
}

export function outrun(tag: Tag): ProvError {
  const where = { operation: 'write tag', location: `${tag.repo}:${tag.name}` }
  return failure('conflict', 'other writers kept changing the tag', where, { hint: 'run the same command again' })
}

/** Waits a random time that grows with the round. */
export async function pause(round: number, options: ProtocolOptions, tag: Tag, signal: AbortSignal): Promise<void> {
  const ms = jittered(Math.min(400, 25 * 2 ** Math.min(round, 10)), options.random, 0)
  await sleep(ms, undefined, { signal }).catch(() => {
    throw failure('aborted', 'stopped between two writes', {
      operation: 'write tag',
      location: `${tag.repo}:${tag.name}`,
    })
  })
}
