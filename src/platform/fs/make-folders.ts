/** Makes a folder and those above it, one step at a time. */
import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * Makes the folder and whatever is missing above it; gives the uppermost folder that was made, undefined when all were there. Rejects with
 * Node's own error. Node's own `recursive` is not used: where a file system answers ENOENT although the folder above is there (procfs,
 * automount maps), it tries for ever, on a thread that cannot be stopped.
 *
 * @example await makeFolders('copies/blobs/sha256') // '/srv/copies', when that was not there
 */
export async function makeFolders(path: string): Promise<string | undefined> {
  const whole = resolve(path) // a relative path would end at '.', which is its own parent
  const missing: string[] = []
  for (let at = whole; !(await isFolder(at)); at = dirname(at)) {
    missing.push(at)
    if (dirname(at) === at) break
  }
  let first: string | undefined
  for (const folder of missing.toReversed()) if (await makeOne(folder)) first ??= folder
  return first
}

/** False when another process has made it meanwhile. */
async function makeOne(folder: string): Promise<boolean> {
  try {
    await mkdir(folder)
    return true
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !(await isFolder(folder))) throw error
    return false
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
