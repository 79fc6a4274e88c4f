/** Where each run has its copies: on the live object in its cluster, or in a file. */
import type { About, Context, Slot } from '../../src/backend/backend.ts'
import { liveName } from '../../src/kubernetes/runs.ts'
import type { RunArtifact } from '../../src/model/artifact.ts'
import { type AnnotationAddress, placeOf, slotOf } from './address.ts'
import { liveHomes, liveOf } from './cluster/homes.ts'
import type { LiveHomes, LiveRun } from './cluster/live-runs.ts'
import { type FileHomes, type FileOptions, fileHomes } from './file/homes.ts'
import type { Home } from './home.ts'
import type { Annotations } from './layout.ts'
import type { TektonSettings } from './settings.ts'

export interface Homes {
  readonly inFiles: FileHomes
  /** The cluster is reached with the first call that needs it. */
  live(): LiveHomes
  /** Pure. The place of such an entry; [] for what is about no run, or about one that can be told nowhere. */
  slots(about: About): readonly Slot[]
  at(place: AnnotationAddress): Home
  of(run: RunArtifact): Home
  /** The annotations with which the run came, where its copies shall lie elsewhere. */
  given(place: AnnotationAddress): Annotations | undefined
  /** Throws `entry_too_large` where the live object has no room for these as well. */
  checkSize(place: AnnotationAddress, added: Annotations): void
  close(): void
}

/** @example homesOf(context, readSettings(context), { files: nodeFiles, lockTimeoutMs: 30_000 }).at(place) */
export function homesOf(context: Context, { file, inCluster }: TektonSettings, options: FileOptions): Homes {
  const inFiles = fileHomes(context, file, options)
  let connected: LiveHomes | undefined
  const live = (): LiveHomes => {
    connected ??= liveHomes(context, async (c) => (await import('./cluster/connection.ts')).connect(c))
    return connected
  }
  const liveRun = (run: RunArtifact): LiveRun | undefined => (file === undefined ? liveOf(run, inCluster) : undefined)

  /** A run whose object is not at hand: by its uid in the configured file, by its name in the cluster. */
  const isReachable = ({ uid, name }: RunArtifact): boolean =>
    uid !== '' && (file !== undefined || (inCluster && name !== ''))

  function homeOf(place: AnnotationAddress): Home {
    const run = liveAt(place)
    return run === undefined ? inFiles.at(place) : live().at(run)
  }

  function slots(about: About): readonly Slot[] {
    const run = about.artifact.type === 'image' ? about.artifact.run : about.artifact
    if (run?.type !== 'run' || placeOf(about, '') === undefined) return []
    if (run.claim !== undefined && !isReachable(run)) return []
    const found = liveRun(run)
    const { namespace, name, server } = found ?? {}
    const place =
      found === undefined || namespace === undefined || name === undefined
        ? placeOf(about, inFiles.fileFor(run))
        : placeOf(about, liveName(found), { namespace, name, ...(server === undefined ? {} : { server }) })
    return place === undefined ? [] : [slotOf(place)]
  }

  return {
    inFiles,
    live,
    slots,
    at: homeOf,
    of(run) {
      const found = liveRun(run)
      return found === undefined ? inFiles.of(run) : live().at(found)
    },
    given: (place) => (liveAt(place) === undefined ? inFiles.given(place.uid) : undefined),
    checkSize(place, added) {
      const run = liveAt(place)
      if (run !== undefined) live().checkSize(run, added)
    },
    close: () => connected?.close(),
  }
}

/** The live object that a place is on; undefined for one in a file. */
function liveAt({ live, uid, run }: AnnotationAddress): LiveRun | undefined {
  if (live === undefined) return undefined
  return { ...live, uid, kind: run.startsWith('pipelinerun-') ? 'PipelineRun' : 'TaskRun' }
}
