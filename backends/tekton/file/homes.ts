/** Runs in files: edited where they stand, or in the file that `storage.tekton.file` names. */
import { dirname, resolve } from 'node:path'
import type { Context } from '../../../src/backend/backend.ts'
import { ProvError } from '../../../src/errors.ts'
import type { RunArtifact } from '../../../src/model/artifact.ts'
import { boundedMap } from '../../../src/platform/async/bounded-map.ts'
import { type Files, fileErrorCode } from '../../../src/platform/fs/files.ts'
import type { AnnotationAddress } from '../address.ts'
import type { Edit, Home } from '../home.ts'
import type { Annotations } from '../layout.ts'
import { annotationsIn } from './changes.ts'
import type { Target } from './edits.ts'
import { openRunFile, type RunFile } from './run-file.ts'

export const FILE_SETTING = 'storage.tekton.file'

export interface FileOptions {
  readonly files: Files
  readonly lockTimeoutMs: number
}

/** Files that are kept open in thought: another one is looked up again. */
const MAX_OPENED = 500

/** In place of a file: the run came from standard input, or from no file at all, and can be read but not written. */
const NO_FILE = '-'

export interface FileHomes {
  /** The file that holds the run, or shall. */
  fileFor(run: RunArtifact): string
  at(place: AnnotationAddress): Home
  of(run: RunArtifact): Home
  /** The annotations with which a run came whose copies shall be in the configured file; undefined for any other. */
  given(uid: string): Annotations | undefined
  /** Every run of a file, in its order. */
  all(file: string, signal: AbortSignal): ReturnType<RunFile['all']>
  /** Throws `usage` when the file does not exist, and `target_unwritable` when it could not be replaced. */
  ready(file: string): Promise<void>
}

/** @example fileHomes(context, 'runs.yaml', { files: nodeFiles, lockTimeoutMs: 30_000 }).at(place) */
export function fileHomes(context: Context, configured: string | undefined, options: FileOptions): FileHomes {
  const { files, lockTimeoutMs } = options
  const opened = boundedMap<string, RunFile>(MAX_OPENED)
  // Runs that may have to be added to the configured file, or have none: a slot is plain data and cannot carry them.
  const runs = new Map<string, RunArtifact>()

  function fileAt(path: string): RunFile {
    const key = resolve(path)
    const known = opened.get(key)
    if (known !== undefined) return known
    const { now, random, debug } = context
    const create = path === configured
    const file = openRunFile(path, { files, lockTimeoutMs, create, now, random, debug })
    opened.set(key, file)
    return file
  }

  function home(path: string, target: Target): Home {
    if (path !== NO_FILE) {
      const file = fileAt(path)
      return {
        read: (signal) => file.read(target, signal),
        edit: (decide, signal) => file.edit(target, decide, signal),
      }
    }
    const given = runs.get(target.uid)?.object['metadata']
    return {
      read: async () => (given === undefined ? undefined : annotationsIn(given)),
      edit: async <T>(decide: (now: Annotations) => Edit<T>) => {
        const { result, changes } = decide(annotationsIn(given))
        // What came with it needs no file to be written in.
        if (Object.keys(changes).length === 0) return result
        throw noFile()
      },
    }
  }

  const fileFor = (run: RunArtifact): string => {
    const file = configured ?? run.source?.file ?? NO_FILE
    // Of a claimed run there is no object that could be added.
    if (run.claim === undefined && (configured !== undefined || file === NO_FILE)) runs.set(run.uid, run)
    return file
  }

  return {
    fileFor,
    at({ file, uid, document, item }) {
      const run = runs.get(uid)
      return home(file, {
        uid,
        ...(document === undefined ? {} : { document }),
        ...(item === undefined ? {} : { item }),
        ...(run === undefined ? {} : { run }),
      })
    },
    of(run) {
      const file = fileFor(run)
      const own = run.source?.file === file ? run.source : {}
      return home(file, { ...own, uid: run.uid, run })
    },
    given(uid) {
      const run = configured === undefined ? undefined : runs.get(uid)
      return run === undefined || run.source?.file === configured ? undefined : annotationsIn(run.object['metadata'])
    },
    all: (file, signal) => fileAt(file).all(signal),
    async ready(file) {
      if (file === NO_FILE) throw noFile()
      try {
        await files.canWriteIn(dirname(await files.realpath(file).catch(() => resolve(file))))
      } catch (cause) {
        const why = fileErrorCode(cause) ?? 'unknown'
        throw new ProvError('target_unwritable', `the folder of ${file} cannot be written (${why})`, {
          hint: `name another file with --tekton-file (${FILE_SETTING})`,
          cause,
        })
      }
    },
  }
}

function noFile(): ProvError {
  return new ProvError('usage', 'the run did not come from a file that could hold its annotations', {
    hint: `name a file with --tekton-file (${FILE_SETTING})`,
  })
}
