/** Scratch places for probes, in or beside a folder or file of the user's that must stay as it is. */
import { access, constants, lstat, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Context } from '../../src/backend/backend.ts'

export interface Scratch {
  readonly path: string
  /** Deletes it with all that is in it. */
  sweep(): Promise<void>
}

type Chance = Pick<Context, 'random'>

/**
 * A name for a folder: inside `folder` when that is there, else in the nearest folder above that is. Nothing is made yet.
 *
 * @example (await scratchIn('copies', context)).path // 'copies/.prov-doctor-3f9a1c22d04b'
 */
export async function scratchIn(folder: string, chance: Chance): Promise<Scratch> {
  let above = resolve(folder)
  while (!(await isThere(above)) && dirname(above) !== above) above = dirname(above)
  return scratchAt(join(above, nameOf(chance)))
}

/**
 * A name for a file in the folder of `file`, with the same ending. Nothing is made yet.
 *
 * @example scratchBeside('runs/run.yaml', context).path // 'runs/.prov-doctor-3f9a1c22d04b-run.yaml'
 */
export function scratchBeside(file: string, chance: Chance): Scratch {
  return scratchAt(join(dirname(resolve(file)), `${nameOf(chance)}-${basename(file)}`))
}

/** True when something stands there, a dangling link included. @example await isThere('prov.db') */
export async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: unknown) =>
      !(error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code))),
  )
}

/** True when this user may write there. @example await isWritable('copies/blobs/sha256') */
export async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  )
}

/** The context with some settings in place of the user's. @example withSettings(context, { 'storage.oci.layout': path }) */
export function withSettings(context: Context, settings: Readonly<Record<string, string | undefined>>): Context {
  return {
    setting: (key) => (Object.hasOwn(settings, key) ? settings[key] : context.setting(key)),
    env: context.env,
    now: () => context.now(),
    random: (size) => context.random(size),
    debug: (line) => context.debug(line),
  }
}

/** What SQLite and the writers of files put beside a file goes with it. */
function scratchAt(path: string): Scratch {
  const beside = ['', '-wal', '-shm', '-journal'].map((ending) => `${path}${ending}`)
  return {
    path,
    sweep: async () => {
      await Promise.all(beside.map(removed))
    },
  }
}

async function removed(path: string): Promise<void> {
  // Below a file there can be nothing; rm takes that for a failure.
  if (await isThere(path)) await rm(path, { recursive: true, force: true })
}

function nameOf({ random }: Chance): string {
  return `.prov-doctor-${Buffer.from(random(6)).toString('hex')}`
}
