/** `prov store` killed before every single change of a file, in the run's own file and in an image layout: one more completes it. */
import { chmodSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { describeWith, tool } from '../servers/endpoints.ts'
import { BIN, run } from '../support/cli.ts'
import { digestOf, freshName } from '../support/registry.ts'
import { runOfImage } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { type KeyFiles, newKey } from '../support/stage.ts'
import { layoutTags } from '../support/tags.ts'
import { killEverywhere, problemsAfterOneMore, type Scene, type Try } from './completed.ts'

interface Calls {
  readonly calls: string
  /** Only where they touch one of these; absent: anywhere. */
  readonly on?: (scene: LayoutScene) => readonly string[]
}

/**
 * Everything that changes what a folder holds, and the writing of the files that are then renamed. strace counts each call for
 * itself and for each thread: with one thread for files that is the program's own order. Variants of one call share a line, as
 * systems differ in which they have.
 */
const CHANGES: readonly Calls[] = [
  { calls: 'link,linkat' },
  { calls: 'rename,renameat,renameat2' },
  { calls: 'unlink,unlinkat' },
  { calls: 'mkdir,mkdirat' },
  { calls: 'fsync,fdatasync' },
  { calls: 'chmod,fchmod,fchmodat' },
  { calls: 'open,openat', on: temporaries },
  { calls: 'write,pwrite64', on: temporaries },
]

interface LayoutScene extends Scene {
  readonly layout: string
}

function temporaries({ run: { file }, layout }: LayoutScene): readonly string[] {
  return [join(dirname(file), `.${basename(file)}.prov-tmp`), join(layout, '.index.json.prov-tmp')]
}

let key: KeyFiles
beforeAll(() => {
  key = newKey()
})

function newScene(): LayoutScene {
  const [endpoint, name] = ['registry.example', freshName('kill')]
  const artifact = runOfImage({ endpoint, name, digest: digestOf(Buffer.from(name)) })
  chmodSync(artifact.file, 0o666) // whatever the umask, a new file has another mode at first
  const layout = join(scratch(), 'copies')
  const where = ['--storage', 'tekton,oci', '--set', `storage.oci.layout=${layout}`]
  return { run: artifact, key, tags: layoutTags(layout, `${endpoint}/${name}`), where, layout }
}

/** Node keeps compiled code in a cache folder of its own, which is none of prov's files. */
const ENV = { UV_THREADPOOL_SIZE: '1', NODE_DISABLE_COMPILE_CACHE: '1' }

async function killedAt({ calls, on }: Calls, n: number): Promise<Try> {
  const scene = newScene()
  const paths = (on?.(scene) ?? []).flatMap((path) => ['-P', path])
  const trace = [
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    ...paths,
    '-e',
    `trace=${calls}`,
    '-e',
    `inject=${calls}:signal=KILL:when=${n}`,
  ]
  const program = [process.execPath, BIN, 'store', ...scene.where, '--key', key.private, scene.run.file]
  const { code, stdout, stderr } = await run(tool('strace'), [...trace, ...program], { env: ENV })
  // strace ends by the signal that ended the program.
  if (code !== null && code !== 0) return { undisturbed: true, problems: [`exit ${code}: ${stdout}${stderr}`] }
  return { undisturbed: code === 0, problems: await problemsAfterOneMore(scene) }
}

describeWith(['strace'], 'a store killed at a change of a file', () => {
  it.each(CHANGES)('is completed by one more: $calls', { timeout: 240_000 }, async (calls) => {
    const { kills, problems } = await killEverywhere((n) => killedAt(calls, n), 2)
    expect(problems).toEqual([])
    expect(kills).toBeGreaterThan(0)
  })
})
