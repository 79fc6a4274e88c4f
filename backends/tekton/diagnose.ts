/** What the tekton backend says of itself: how much room the runs at hand have, and where a probe may be written. */
import { readFile, realpath, writeFile } from 'node:fs/promises'
import type { Backend, Context } from '../../src/backend/backend.ts'
import {
  type DiagnoseOptions,
  type Diagnosis,
  type Diagnostics,
  degraded,
  examine,
  failed,
  stated,
} from '../../src/backend/diagnosis.ts'
import { ProvError } from '../../src/errors.ts'
import { artifactName, type RunArtifact } from '../../src/model/artifact.ts'
import { fileErrorCode } from '../../src/platform/fs/files.ts'
import { isThere, scratchBeside, withSettings } from '../shared/scratch.ts'
import { CLUSTER_SETTING } from './cluster/homes.ts'
import { annotationsIn } from './file/changes.ts'
import { FILE_SETTING } from './file/homes.ts'
import { annotationBytes, NAME, TOTAL_LIMIT } from './layout.ts'

/** What one attestation takes up, most often less. */
const COMFORTABLE = 32_768
const NO_RUN = 'copies live on runs: give a run file as INPUT, or taskrun/NAME'
const NO_FILE = 'the run came from standard input: name a file for it with --tekton-file'

/**
 * A file is never touched: the probe goes to a copy of it in the same folder. A live run is, since nothing else says whether it may be
 * patched; what it gets are annotations of an image that nobody has, taken away again.
 *
 * @example await diagnose(context, { signal, readOnly: false, artifacts: [run] }, open)
 */
export async function diagnose(
  context: Context,
  { artifacts, readOnly, signal }: DiagnoseOptions,
  open: (context: Context) => Backend,
): Promise<Diagnostics> {
  const runs = artifacts.flatMap((artifact) => (artifact.type === 'run' ? [artifact] : []))
  const [run] = runs
  const configured = context.setting(FILE_SETTING)
  const isLive =
    configured === undefined && (context.setting(CLUSTER_SETTING) === 'true' || run?.source?.cluster !== undefined)
  const checks = [...(isLive ? [await clusterReached(context, signal)] : []), ...roomOf(runs)]
  if (run === undefined) return { checks, upTo: { extent: 'nothing', reason: NO_RUN } }
  const file = configured ?? run.source?.file ?? '-'
  if (isLive || readOnly) return { checks, run }
  if (file === '-') return { checks, run, upTo: { extent: 'read', reason: NO_FILE } }
  return inCopy(context, run, file, checks, open)
}

async function inCopy(
  context: Context,
  run: RunArtifact,
  file: string,
  checks: readonly Diagnosis[],
  open: (context: Context) => Backend,
): Promise<Diagnostics> {
  const { path, sweep } = scratchBeside(await realpath(file).catch(() => file), context)
  const configured = context.setting(FILE_SETTING) !== undefined
  try {
    if (await isThere(file)) await writeFile(path, await readFile(file), { flag: 'wx' })
  } catch (cause) {
    const why = fileErrorCode(cause) ?? 'unknown'
    const error = new ProvError('target_unwritable', `the folder of ${file} cannot be written (${why})`, {
      backend: NAME,
      operation: 'probe',
      location: file,
      hint: `name another file with --tekton-file (${FILE_SETTING})`,
      cause,
    })
    await sweep().catch(() => undefined) // half a copy where the disk is full
    return { checks: [...checks, failed('write', error)], run, upTo: { extent: 'read', reason: error.message } }
  }
  const standIn = open(configured ? withSettings(context, { [FILE_SETTING]: path }) : context)
  const source = run.source === undefined || configured ? run.source : { ...run.source, file: path }
  const moved = source === undefined ? run : { ...run, source }
  return { checks, run: moved, standIn, sweep }
}

/** The limit is the cluster's: a file takes more, and cannot be applied then. */
function roomOf(runs: readonly RunArtifact[]): readonly Diagnosis[] {
  const rooms = runs.map((run) => ({
    run,
    left: TOTAL_LIMIT - annotationBytes(annotationsIn(run.object['metadata'])),
  }))
  const [least] = rooms.toSorted((a, b) => a.left - b.left)
  if (least === undefined) return []
  const most = runs.length === 1 ? '' : `least of ${runs.length} runs: `
  const detail = `${most}${Math.max(0, least.left)} of ${TOTAL_LIMIT} bytes of annotations left on ${artifactName(least.run)}`
  return [stated('room', least.left < COMFORTABLE ? degraded(`${detail}; an attestation may not fit`) : detail)]
}

async function clusterReached(context: Context, signal: AbortSignal): Promise<Diagnosis> {
  return examine(
    'reach',
    () => context.now(),
    async () => {
      const cluster = await (await import('./cluster/connection.ts')).connect(context)
      try {
        const { server } = await cluster.access()
        const where = { operation: 'get version', location: server }
        const { gitVersion } = await cluster.call({ method: 'GET', path: '/version', where, signal })
        return `${server} answers: Kubernetes ${typeof gitVersion === 'string' ? gitVersion : 'of an unknown version'}`
      } finally {
        cluster.close()
      }
    },
  )
}
