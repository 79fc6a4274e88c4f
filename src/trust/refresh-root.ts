/** The trusted root of the public-good Sigstore by TUF. Loaded only where it is fetched; a built prov has no members of a library that is loaded by name. */
import { TrustedRoot } from '@sigstore/protobuf-specs'
import { getTrustedRoot } from '@sigstore/tuf'
import { ProvError } from '../errors.ts'
import { isRecord } from '../platform/text/guards.ts'
import type { ReadRoot } from './root-material.ts'

/** Milliseconds for each file, and tries after the first: a network that does not answer is given up after some ten seconds. */
const LIMITS = { timeout: 5000, retry: 1 } as const

/**
 * Fetches what has changed, and keeps it in the folder. Throws `trust_unreadable`, with the reason.
 *
 * @example (await refreshedRoot('https://tuf-repo-cdn.sigstore.dev', folder)).json
 */
export async function refreshedRoot(mirror: string, folder: string): Promise<ReadRoot> {
  try {
    const root = await getTrustedRoot({ cachePath: folder, mirrorURL: mirror, ...LIMITS })
    return { source: `${mirror}, just refreshed`, json: TrustedRoot.toJSON(root) }
  } catch (error) {
    const reason = reasonOf(error)
    const isFolder = codesOf(error).some((code) => CANNOT_WRITE.includes(code))
    throw new ProvError(
      'trust_unreadable',
      `the trusted root of the public-good Sigstore could not be refreshed: ${reason}`,
      {
        cause: error,
        location: isFolder ? folder : mirror,
        hint: isFolder
          ? 'name a folder that can be written with XDG_CACHE_HOME, or give a file with --trusted-root'
          : 'give a file with --trusted-root, or --offline to use the root that was saved',
      },
    )
  }
}

const CANNOT_WRITE = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'ENOTDIR', 'ENOENT', 'EEXIST', 'EISDIR']

/** The error and what caused it, the last cause last. */
function chainOf(error: unknown): readonly Readonly<Record<string, unknown>>[] {
  const chain: Readonly<Record<string, unknown>>[] = []
  for (let one = error; isRecord(one) && chain.length < 5; one = one['cause']) chain.push(one)
  return chain
}

function codesOf(error: unknown): readonly string[] {
  return chainOf(error).map(({ code }) => String(code))
}

/** What the last cause says: the others say only that something failed. */
function reasonOf(error: unknown): string {
  const message = chainOf(error).at(-1)?.['message']
  return typeof message === 'string' && message !== '' ? message.slice(0, 200) : 'for an unknown reason'
}
