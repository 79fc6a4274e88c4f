/** Splits work between workers that know nothing of each other. Pure. */
import { hash } from 'node:crypto'
import { ProvError } from '../errors.ts'

export interface Shard {
  /** From 0. */
  readonly index: number
  readonly count: number
}

const MAX_SHARDS = 100_000

/**
 * `I/N` for the I-th of N workers, counted from 0 or from 1 (`N/N` is `0/N`: either way each part is done once); `/N` takes I from
 * JOB_COMPLETION_INDEX, as a Kubernetes Indexed Job sets it. Throws `usage`.
 *
 * @example parseShard('1/4', {}) // { index: 1, count: 4 }
 */
export function parseShard(text: string, env: Readonly<Record<string, string | undefined>>): Shard {
  const [, own, of] = /^([0-9]{0,6})\/([1-9][0-9]{0,5})$/.exec(text) ?? []
  const given = own === '' ? env['JOB_COMPLETION_INDEX'] : own
  const count = Number(of)
  const index = Number(given)
  if (own === '' && given === undefined) {
    throw usage(`--shard ${text} takes its part from JOB_COMPLETION_INDEX, which is not set`)
  }
  if (of === undefined || count > MAX_SHARDS || !/^[0-9]{1,6}$/.test(given ?? '') || index > count) {
    throw usage(`${JSON.stringify(text.slice(0, 40))} is not a part of the work such as 1/4`)
  }
  return { index: index % count, count }
}

/**
 * True for the one shard that a slot belongs to, the same on every machine.
 *
 * @example isInShard('sqlite:prov.db#taskrun-b0a4…', { index: 0, count: 1 }) // true
 */
export function isInShard(key: string, { index, count }: Shard): boolean {
  return count === 1 || hash('sha256', key, 'buffer').readUInt32BE(0) % count === index
}

function usage(message: string): ProvError {
  return new ProvError('usage', message, {
    hint: 'use --shard I/N, e.g. 0/4, 1/4, 2/4 and 3/4, or /4 in an Indexed Job',
  })
}
